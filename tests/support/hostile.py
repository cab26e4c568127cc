"""A server that keeps to the protocol only as far as its script says, and records all that it receives.

    async with Hostile(drip_body) as server:
        ...  # talk to server.url; server.received holds the bytes of each connection

A script is a coroutine function of a reader and a writer, played once a connection; the n-th
connection plays the n-th script, the last one goes on for ever. What a script leaves open stays
open until the server is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Self, SupportsIndex

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BODY = b'{"data": {"ok": true}}'
_DRIP_SECONDS = 0.02
_CONTENT_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class _RecordingReader(asyncio.StreamReader):
    def __init__(self) -> None:
        super().__init__()
        self.seen = bytearray()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.seen += bytes(data)
        super().feed_data(data)


class Hostile:
    """A loopback server; `received` is one byte string for each connection, in their order."""

    def __init__(
        self,
        *scripts: Script,
        ssl_context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        receive_buffer_bytes: int | None = None,
    ) -> None:
        self._scripts = scripts
        self._receive_buffer_bytes = receive_buffer_bytes
        self._ssl_context = ssl_context
        self._host = host
        self._readers: list[_RecordingReader] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._plays: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{'http' if self._ssl_context is None else 'https'}://{self._host}:{self.port}"

    @property
    def left(self) -> list[bool]:
        """Whether the client has ended each connection, in order or not."""
        return [reader.at_eof() or reader.exception() is not None for reader in self._readers]

    @property
    def received(self) -> list[bytes]:
        """What each connection has sent so far."""
        return [bytes(reader.seen) for reader in self._readers]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        listener = socket.create_server((self._host, 0))
        if self._receive_buffer_bytes is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
        self._server = await loop.create_server(self._protocol, sock=listener, ssl=self._ssl_context)
        self.port = listener.getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for play in self._plays:
            play.cancel()
        await asyncio.gather(*self._plays, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.001)  # for the aborted connections to be closed

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = _RecordingReader()
        script = self._scripts[min(len(self._readers), len(self._scripts) - 1)]
        self._readers.append(reader)

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            play = asyncio.ensure_future(self._play(script, reader, writer))
            self._plays.add(play)
            play.add_done_callback(self._plays.discard)

        return asyncio.StreamReaderProtocol(reader, connected)

    async def _play(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the client has left
            await script(reader, writer)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole request: head and content."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _CONTENT_LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def answer_bytes(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    """A proper answer; `headers` are whole lines."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answers(*wires: bytes) -> Script:
    """Answers the n-th request of a connection with the n-th of these bytes, the last for ever."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while True:
            await read_request(reader)
            writer.write(wires[min(count, len(wires) - 1)])
            count += 1

    return script


def answers_and_ends(wire: bytes) -> Script:
    """Sends these bytes for the first request, then ends the connection in order."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(wire)
        writer.close()

    return script


def answers_and_resets(wire: bytes, *, requests: int = 1) -> Script:
    """Sends these bytes for all but the last request, answers that with a reset (RST)."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(requests - 1):
            await read_request(reader)
            writer.write(wire)
        await read_request(reader)
        reset(writer)

    return script


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off with an RST, not in order."""
    sock = writer.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def redirects(location: str, status: str = "307 Temporary Redirect") -> Script:
    """Sends every request elsewhere."""
    return answers(answer_bytes(b"", f"location: {location}", status=status))


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Reads the request and says nothing."""
    await reader.read(-1)


async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts and doesn't read: a large request never leaves."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


async def drip_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head that comes byte by byte and never ends."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
    await _drip(writer, b"a")


async def drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that comes byte by byte and never ends."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    await _drip(writer, b" ")


async def drip_1xx(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One interim answer after the other, too slowly to be counted as a flood."""
    await read_request(reader)
    await _drip(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n")


async def flood_1xx(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Interim answers, as fast as they are taken."""
    await read_request(reader)
    await _pour(writer, b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 10)


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body without a length that never ends, as fast as it is taken."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await _pour(writer, b"x" * 65_536)


async def endless_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The same in chunks."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await _pour(writer, b"8000\r\n" + b"x" * 0x8000 + b"\r\n")


async def endless_chunk_extensions(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hardly any body, wrapped in endless chunk extensions."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await _pour(writer, b"1;" + b"e" * 8000 + b"\r\nx\r\n")


async def endless_trailers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that is over, and trailers that are not."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
    await _pour(writer, b"x-trailer: " + b"t" * 4000 + b"\r\n")


async def huge_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A single header of 13 MB, and then a proper end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nx-huge: ")
    for _ in range(200):
        writer.write(b"h" * 65_536)
        await writer.drain()
    writer.write(b"\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends its side as soon as the request is there, and goes on reading."""
    await read_request(reader)
    writer.write_eof()
    await reader.read(-1)


async def reset_mid_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An RST when half of the body is there."""
    await read_request(reader)
    writer.write(answer_bytes()[:-5])
    await asyncio.sleep(_DRIP_SECONDS)
    reset(writer)


async def early_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers when it has seen the head, and reads no further."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(answer_bytes(status="413 Content Too Large"))
    await asyncio.Event().wait()


async def dawdler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request a moment late, and answers a moment after that."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(0.1)
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    await read_request(reader)
    await asyncio.sleep(0.1)
    writer.write(answer_bytes())


async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greets before it was asked anything."""
    writer.write(b"220 mail.example ready\r\n")
    await reader.read(-1)


async def late_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proper answer, and a moment later bytes that nobody asked for; then proper answers again."""
    await read_request(reader)
    writer.write(answer_bytes())
    await asyncio.sleep(_DRIP_SECONDS)
    writer.write(answer_bytes(b'"late"'))
    await answers(answer_bytes())(reader, writer)


WELL_BEHAVED = answers(answer_bytes())
ENDS_AFTERWARDS = answers_and_ends(answer_bytes())
ANNOUNCES_MORE = answers_and_ends(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
ANNOUNCES_LESS = answers(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello")
ANNOUNCES_TERABYTES = answers(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999999\r\n\r\nhello")
TRUNCATED_CHUNKED = answers_and_ends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
TRUNCATED_HEAD = answers_and_ends(b"HTTP/1.1 200 OK\r\ncontent-le")
ENDS_UNHEARD = answers_and_ends(b"")
RESETS_UNHEARD = answers_and_resets(b"")
CLOSE_DELIMITED = answers_and_ends(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + BODY)
SWITCH_PROTOCOLS = answers(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
TRAILING_BYTES = answers(answer_bytes() + answer_bytes(b'"smuggled"'))
GARBAGE = answers(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
GZIPPED = answers(answer_bytes(gzip.compress(b"0" * 50_000_000), "content-encoding: gzip"))


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await asyncio.sleep(_DRIP_SECONDS)


async def _pour(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port where connecting neither succeeds nor fails: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
