"""HTTP/1.1 on one connection, the writing half: replies to bytes, in order, and the ways of giving no good one."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus

from probes.sandbox.answers import Answer
from probes.sandbox.replies import Late, Reply, Silence, Stream

_FAREWELL_SECONDS = 1.0
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_LINGER_NONE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply on its way out. `keep` says whether the connection stays open behind it."""

    reply: Reply
    request_id: str
    keep: bool
    with_body: bool = True


class Outbox:
    """Sends one connection's replies. One that takes its time holds back those behind it, and the reading of more."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Outgoing] = deque()
        self._work: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.ended = False  # nothing more is said behind what is under way
        self.hung = False

    @property
    def busy(self) -> bool:
        """Whether a reply takes its time just now."""
        return self._work is not None

    def open(self, transport: asyncio.Transport) -> None:
        """The client is there."""
        self._transport = transport

    def close(self) -> None:
        """The client is gone, and with it whatever was under way."""
        self._transport = None
        self._waiting.clear()
        if self._work is not None:
            self._work.cancel()

    def pause(self) -> None:
        """The client doesn't read as fast as it is told."""
        self._writable.clear()
        self._let_ask()

    def resume(self) -> None:
        """It reads again."""
        self._writable.set()
        self._let_ask()

    def put(self, outgoing: Outgoing) -> None:
        """Send this reply, behind those that are still under way."""
        self._waiting.append(outgoing)
        self._send()
        if self.busy:
            self._let_ask()

    def _send(self) -> None:
        while self._waiting and not self.busy and not self.ended:
            outgoing = self._waiting.popleft()
            match outgoing.reply:
                case Answer() as answer:
                    self._finish(answer, outgoing)
                case Late() | Stream():
                    self._work = asyncio.get_running_loop().create_task(self._take_time(outgoing))
                case Silence.HANG:
                    self.ended = self.hung = True
                case Silence.RESET:
                    self._reset()

    async def _take_time(self, outgoing: Outgoing) -> None:
        match outgoing.reply:
            case Late(answer=answer, seconds=seconds):
                await asyncio.sleep(seconds)
                self._finish(answer, outgoing)
            case Stream() as stream:
                await self._pour(stream, outgoing)
                self._say_farewell()
        self._work = None
        self._let_ask()
        self._send()

    async def _pour(self, stream: Stream, outgoing: Outgoing) -> None:
        announced = stream.announced_bytes
        length = b"transfer-encoding: chunked" if announced is None else b"content-length: %d" % announced
        self._write(_head(stream.head, outgoing.request_id, length, keep=False))
        for piece in stream.pieces if outgoing.with_body else ():
            await self._writable.wait()
            self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if announced is None else piece)
            await asyncio.sleep(stream.pause_seconds)

    def _finish(self, answer: Answer, outgoing: Outgoing) -> None:
        length = b"content-length: %d" % len(answer.body)
        head = _head(answer, outgoing.request_id, length, keep=outgoing.keep)
        self._write(head + (answer.body if outgoing.with_body else b""))
        if not outgoing.keep:
            self._say_farewell()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _let_ask(self) -> None:
        """Read on only if the client reads its answers, and none is held back: what waits here is bounded so."""
        if self._transport is None or self._transport.is_closing():
            return
        held_back = self._work is not None and bool(self._waiting)
        if self._writable.is_set() and not held_back:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _reset(self) -> None:
        """RST instead of FIN: with no time to linger, closing drops the connection."""
        self.ended = True
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self._transport.abort()

    def _say_farewell(self) -> None:
        """Closes a little later: closing on unread bytes would reset, and take the answer with it."""
        if self.ended:
            return
        self.ended = True
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self._transport.abort)


def _head(answer: Answer, request_id: str, length: bytes, *, keep: bool) -> bytes:
    lines = [
        b"HTTP/1.1 %d %s" % (answer.status_code, _REASONS.get(answer.status_code, b"Unknown")),
        b"content-type: " + answer.content_type,
        length,
    ]
    if answer.names_request:
        lines.insert(2, b"x-request-id: " + request_id.encode())
    lines += [name + b": " + value for name, value in answer.headers]
    if not keep:
        lines.append(b"connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"
