"""Debian's Alertmanager, started on loopback without a cluster: what it is told, what it tells, what it knows."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from support.prometheus_server import free_port, ready

TELLS_NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def tells_webhook(webhook: str, token: str) -> str:
    """A configuration by which a webhook is told all once a second, so that what comes again is seen soon."""
    receiver = {
        "url": webhook,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    timing = {"group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
    route = {"receiver": "brekwatch", **timing}
    # JSON is YAML, too
    return json.dumps({"route": route, "receivers": [{"name": "brekwatch", "webhook_configs": [receiver]}]})


class Alertmanager:
    """A server that runs; `kill` ends it as a crash does."""

    def __init__(self, port: int, process: asyncio.subprocess.Process, http: httpx.AsyncClient) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self._process = process
        self._http = http

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

    async def alerts(self) -> list[dict[str, Any]]:
        """Those that it holds for active now."""
        found: list[dict[str, Any]] = (await self._http.get("/api/v2/alerts")).raise_for_status().json()
        return found

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def alertmanager(folder: Path, config: str = TELLS_NOBODY) -> AsyncIterator[Alertmanager]:
    """One that keeps its state in this folder, and does as this configuration says; ready inside."""
    folder.mkdir(exist_ok=True)
    file, port = folder / "alertmanager.test.yml", free_port()
    file.write_text(config)
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as http:
        server = Alertmanager(port, process, http)
        try:
            await ready(http, process)
            yield server
        finally:
            await server.kill()
