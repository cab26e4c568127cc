"""Debian's Alertmanager, started on loopback: it takes alerts by amtool, and tells them to a webhook."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx


def _config(webhook: str, token: str) -> str:
    """JSON is YAML, too. It tells all that it knows once a second, so that what comes again is seen soon."""
    receiver = {
        "url": webhook,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    timing = {"group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
    route = {"receiver": "brekwatch", **timing}
    return json.dumps({"route": route, "receivers": [{"name": "brekwatch", "webhook_configs": [receiver]}]})


class Alertmanager:
    """One that runs."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.url = str(http.base_url)

    async def amtool(self, *words: str) -> tuple[int, str]:
        """The exit code of amtool against it, and all that it said."""
        process = await asyncio.create_subprocess_exec(
            "amtool",
            f"--alertmanager.url={self.url}",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def told(self, outcome: str) -> int:
        """How many messages to the webhook went so: `notifications` in all, `notifications_failed`, …"""
        metrics = (await self._http.get("/metrics")).text
        found = re.search(rf'^alertmanager_{outcome}_total{{integration="webhook"[^}}]*}} (\S+)', metrics, re.MULTILINE)
        return 0 if found is None else int(float(found[1]))

    async def until_told(self, outcome: str, count: int, seconds: float = 20.0) -> None:
        """Wait until so many went so."""
        async with asyncio.timeout(seconds):
            while await self.told(outcome) < count:
                await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def alertmanager(folder: Path, webhook: str, token: str) -> AsyncIterator[Alertmanager]:
    """Tells this webhook of everything, with this token; ready inside."""
    config, port = folder / "alertmanager.yml", _free_port()
    config.write_text(_config(webhook, token))
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await _ready(http, process)
            yield Alertmanager(http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ready(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(15):
        while process.returncode is None:
            try:
                if (await http.get("/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(f"alertmanager ended with {process.returncode}")
