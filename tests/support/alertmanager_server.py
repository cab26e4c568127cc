"""Debian's Alertmanager, started on loopback without a cluster, and what it knows of alerts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

_CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """A server that runs; `kill` ends it as a crash does."""

    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._process = process

    async def alerts(self) -> list[dict[str, Any]]:
        """Those that it holds for active now."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            found: list[dict[str, Any]] = (await http.get("/api/v2/alerts", timeout=10)).raise_for_status().json()
        return found

    async def is_ready(self) -> bool:
        """Whether it answers; raises AssertionError where it ended."""
        if self._process.returncode is not None:
            raise AssertionError(f"alertmanager ended with {self._process.returncode}")
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            try:
                return (await http.get("/-/ready")).status_code == 200
            except httpx.TransportError:
                return False

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def alertmanager(folder: Path) -> AsyncIterator[Alertmanager]:
    """One that keeps its state in this folder; ready inside."""
    folder.mkdir(exist_ok=True)
    config = folder / "alertmanager.yml"
    config.write_text(_CONFIG)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    server = Alertmanager(port, process)
    try:
        async with asyncio.timeout(30):
            while not await server.is_ready():
                await asyncio.sleep(0.05)
        yield server
    finally:
        await server.kill()
