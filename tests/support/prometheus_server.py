"""Debian's Prometheus, started on loopback, and what it answers to instant queries."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

_CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: brekwatch
    static_configs: [{{targets: ["{target}"]}}]
"""

_ALERTING = """
rule_files: ["{rules}/*.rules.yml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
"""


class Prometheus:
    """A server that scrapes once a second."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def query(self, query: str) -> dict[tuple[str, ...], float]:
        """The series that an instant query gives now: values by their label values, sorted by label name.

        The labels that Prometheus adds itself are left out.
        """
        answer = await self._http.get("/api/v1/query", params={"query": query})
        found = {}
        for series in answer.raise_for_status().json()["data"]["result"]:
            labels = {
                name: text for name, text in series["metric"].items() if name not in ("__name__", "instance", "job")
            }
            found[tuple(text for _, text in sorted(labels.items()))] = float(series["value"][1])
        return found

    async def moments(self, query: str, start: float, end: float, step: float) -> dict[tuple[str, ...], list[float]]:
        """When each series of a query has a value, of all steps between two moments, by its label values."""
        asked = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
        answer = await self._http.post("/api/v1/query_range", data=asked, timeout=60)
        return {
            tuple(text for _, text in sorted(series["metric"].items())): [float(at) for at, _ in series["values"]]
            for series in answer.raise_for_status().json()["data"]["result"]
        }

    async def series(self, query: str, start: float, end: float, step: float) -> list[dict[str, str]]:
        """The labels of each series that has a value between two moments; one that is never a number has none.

        The same moment twice is an instant query.
        """
        asked = {"query": query, "start": str(start), "end": str(end), "step": str(step), "time": str(end)}
        path = "/api/v1/query" if start == end else "/api/v1/query_range"
        answer = await self._http.post(path, data=asked, timeout=60)
        if answer.status_code != 200:
            raise AssertionError(f"{answer.json().get('error')}: {query}")
        found = answer.json()["data"]["result"]
        return [
            series["metric"]
            for series in found
            if any(value != "NaN" for _, value in series.get("values") or [series["value"]])
        ]

    async def label_values(self, label: str, series: str, start: float, end: float) -> tuple[str, ...]:
        """The values that a label has on these series, in that time."""
        asked = {"match[]": series, "start": str(start), "end": str(end)} if series else {}
        answer = await self._http.get(f"/api/v1/label/{label}/values", params=asked)
        return tuple(answer.raise_for_status().json()["data"])

    async def exemplars(self, query: str) -> list[dict[str, str]]:
        """The labels of the exemplars that were scraped for a query's series in the last ten minutes."""
        now = time.time()
        range_ = {"query": query, "start": str(now - 600), "end": str(now + 1)}
        answer = await self._http.get("/api/v1/query_exemplars", params=range_)
        told = answer.raise_for_status().json()["data"]
        return [exemplar["labels"] for series in told for exemplar in series["exemplars"]]

    async def until(self, query: str, seconds: float = 15.0) -> dict[tuple[str, ...], float]:
        """The first answer that has a series. The first scrape comes five seconds after the start."""
        async with asyncio.timeout(seconds):
            while not (found := await self.query(query)):
                await asyncio.sleep(0.1)
        return found


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def prometheus(
    folder: Path, target: str, *, rules: Path | None = None, alertmanager: str = ""
) -> AsyncIterator[Prometheus]:
    """Scrapes `host:port` into this folder; ready inside. With rules, it tells an Alertmanager at `host:port`."""
    config, port = folder / "prometheus.yml", free_port()
    alerting = "" if rules is None else _ALERTING.format(rules=rules, alertmanager=alertmanager)
    config.write_text(_CONFIG.format(target=target) + alerting)
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=60d",
        "--enable-feature=exemplar-storage",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await ready(http, process)
            yield Prometheus(http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    """Waits until a server of the Prometheus family says that it is."""
    async with asyncio.timeout(15):
        while process.returncode is None:
            try:
                if (await http.get("/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(f"the server ended with {process.returncode}")
