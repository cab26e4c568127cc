"""A recording proxy in front of a server that is told what to do, and raw clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from support.hostile import Hostile, Script

from probes.readiness.evidence import Seen
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy

BASE = "/api/partner/v1/core-chat"
KEY = "brek_key_5c1d9e7702aa41f3"
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A hostile server, the proxy in front of it, and what that recorded."""

    server: Hostile
    proxy: RecordingProxy
    recorder: Recorder

    @property
    def seen(self) -> tuple[Seen, ...]:
        return self.recorder.exchanges

    async def connect(self, context: ssl.SSLContext | None = None) -> Raw:
        host, _, port = self.proxy.base_url.rpartition("//")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        return Raw(reader, writer)

    async def say(self, *requests: bytes) -> bytes:
        """Send on a connection of its own, and read until the other side ends it."""
        raw = await self.connect()
        async with raw:
            raw.writer.write(b"".join(requests))
            return await raw.rest()


class Raw:
    """A client's connection, byte by byte; aborted when it is left."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0.001)

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read(-1)

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readexactly(count)

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readuntil(end)


@contextlib.asynccontextmanager
async def bench(
    *scripts: Script, prefix: str = "", server_ssl: ssl.SSLContext | None = None, **options: ssl.SSLContext
) -> AsyncIterator[Bench]:
    """The n-th connection of the server plays the n-th script."""
    recorder = Recorder()
    async with (
        Hostile(*scripts, ssl_context=server_ssl) as server,
        RecordingProxy(server.url + prefix, recorder, **options) as proxy,
    ):
        yield Bench(server=server, proxy=proxy, recorder=recorder)


def request(method: str = "POST", path: str = f"{BASE}/events", body: bytes = b"{}", *lines: str) -> bytes:
    """A request as it stands on the wire, with a key, on a connection that ends after it."""
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: client.example",
        f"X-Partner-Api-Key: {KEY}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body


async def settled(condition: object) -> bool:
    """Whether a condition (a callable) holds soon."""
    assert callable(condition)
    for _ in range(500):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return False
