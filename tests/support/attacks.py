"""Clients of the web face that mean no good: many slow ones, and one that never stops sending."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

MEGABYTE = 1024 * 1024
_BLOCK = b"x" * 65_536


@dataclass
class Slowness:
    """How many connections of an attack are open now, and how often one was made."""

    open: int = 0
    made: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


@asynccontextmanager
async def slow_sockets(port: int, count: int) -> AsyncIterator[Slowness]:
    """So many drip a byte of a header now and then; one that is thrown out comes back within two seconds."""
    slowness, spread = Slowness(), Random(1)  # noqa: S311 - the same attack in every run
    pauses = [2 * spread.random() for _ in range(count)]
    slowness.tasks = [asyncio.create_task(_drip(port, pause, slowness)) for pause in pauses]
    try:
        while slowness.made < count:
            await asyncio.sleep(0.05)
        yield slowness
    finally:
        for task in slowness.tasks:
            task.cancel()
        await asyncio.gather(*slowness.tasks, return_exceptions=True)


async def _drip(port: int, pause: float, slowness: Slowness) -> None:
    while True:
        await asyncio.sleep(pause)
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            slowness.open += 1
            slowness.made += 1
            try:
                writer.write(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
                while not writer.transport.is_closing():
                    writer.write(b"a")
                    await asyncio.sleep(0.25)
            finally:
                slowness.open -= 1
                writer.transport.abort()


async def send_body(port: int, head: str, size: int) -> int:
    """Sends a request with so long a body, or as much of it as is taken: how many bytes were."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    try:
        writer.write(f"{head}\r\nhost: localhost\r\ncontent-length: {size}\r\n\r\n".encode())
        while sent < size and not writer.transport.is_closing():
            writer.write(_BLOCK)
            await writer.drain()
            sent += len(_BLOCK)
    except OSError:
        pass
    finally:
        writer.transport.abort()
    return sent
