"""Between a client and a server: passes everything on, until it takes an answer away on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class CuttingProxy:
    """Cuts the line just before, or just after, the server has answered what is looked for; once."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._marker: bytes | None = None
        self._wanted = b""
        self._deliver = False
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self.cuts = 0

    def cut_at(self, wanted: bytes, *, after: bytes, delivered: bool) -> None:
        """Cut a line that said one thing, and then says the other: once the server did it, or before it heard of it."""
        self._wanted, self._marker, self._deliver = wanted, after, delivered

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[CuttingProxy]:
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for line in self._lines:
                line.cancel()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        back = asyncio.create_task(self._pass(upstream_reader, writer))
        marked = False
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                marked = marked or (self._marker is not None and self._marker in data)
                if marked and self._wanted in data:
                    back.cancel()
                    await self._cut(data, upstream_reader, upstream_writer)
                    break
                upstream_writer.write(data)
        back.cancel()
        for each in (writer, upstream_writer):
            each.transport.abort()
        self._lines.discard(task)

    async def _cut(self, data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._marker = None
        self.cuts += 1
        if self._deliver:
            await asyncio.sleep(0)  # the task that read before has let go
            writer.write(data)
            await reader.read(65536)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.transport.abort()
