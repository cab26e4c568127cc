"""A real `brekwatch serve` in a process of its own, and what it logs."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.commands import start
from support.reloads import Site


class Served:
    """A `brekwatch serve` and the events that it logs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self.url = ""

    async def until(self, event: str, **fields: object) -> dict[str, Any]:
        """The next event of that name and with these fields."""
        assert self.process.stderr is not None
        async with asyncio.timeout(15):
            while line := await self.process.stderr.readline():
                self.told.append(json.loads(line))
                if self.told[-1]["event"] == event and fields.items() <= self.told[-1].items():
                    return self.told[-1]
        raise AssertionError(f"it ended before {event}: {self.told[-3:]}")

    async def reload(self) -> dict[str, Any]:
        """Hangs up, and waits for the reload."""
        self.process.send_signal(signal.SIGHUP)
        return await self.until("config_reloaded")

    async def end(self) -> int | None:
        """Asks it to end, and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(self.process.communicate(), 15)
        self.told += [json.loads(line) for line in err.splitlines()]
        return self.process.returncode


@asynccontextmanager
async def served(site: Site, *options: str) -> AsyncIterator[Served]:
    served = Served(await start("serve", "-c", str(site.file), *options))
    try:
        served.url = (await served.until("service_started"))["url"]
        yield served
    finally:
        if served.process.returncode is None:
            served.process.kill()
            await served.process.communicate()
