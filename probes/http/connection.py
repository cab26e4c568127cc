"""One connection, seen as the event loop sees it: every moment is stamped in the loop's own callbacks."""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections.abc import Callable
from typing import cast

from probes.errors import LocalResourceError
from probes.http.attempt import Lost, Phase, Stopwatch, local_resource_error, out_of_time
from probes.http.parser import AnswerReader, Bounds, Incoming
from probes.words import FailureKind

_PIECE_BYTES = 65_536  # a TLS layer takes any piece whole and tells of no buffer behind it: so, not too much at once
_NOTHING = memoryview(b"")


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. Whatever goes wrong, it is aborted and never used again."""

    def __init__(self, *, bounds: Bounds, clock: Callable[[], float]) -> None:
        self.made_at: float | None = None
        self.certificate_expires_at: float | None = None
        self._clock = clock
        self._reader = AnswerReader(bounds)
        self._transport: asyncio.Transport | None = None
        self._over: Lost | LocalResourceError | None = None  # why no exchange can begin any more
        self._lost: Lost | LocalResourceError | None = None  # why the present exchange came to nothing
        self._ended: asyncio.Future[None] | None = None
        self._watch = Stopwatch(clock)
        self._incoming = Incoming()
        self._unsent = _NOTHING
        self._paused = False
        self._sent = False
        self._idle_until = 0.0
        self._answers = 0

    async def exchange(self, request: bytes, *, deadline: float, watch: Stopwatch) -> Incoming:
        """Sends a request and gives the whole answer, by `deadline` (of `loop.time()`).

        Raises `Lost`, or `LocalResourceError` where this machine is at fault; the stopwatch then
        holds the phases up to that moment.
        """
        self._watch, self._incoming, self._lost = watch, self._reader.begin(), None
        if self._over is not None:
            raise self._over
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        timer = loop.call_at(deadline, self._run_out_of_time)
        try:
            self._send(request)
            await self._ended
            if self._lost is not None:
                raise self._lost
        except BaseException:
            self.abort()
            raise
        finally:
            timer.cancel()
            self._ended = None
        return self._incoming

    @property
    def heard(self) -> bool:
        """Whether a byte came back in the present or last exchange."""
        return self._incoming.heard

    @property
    def status_code(self) -> int | None:
        """Of the present or last answer, once its whole head is there."""
        return self._incoming.status_code if self._incoming.status_code >= 200 else None

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin: all was sent and read, no end was seen, and not idle for too long."""
        return self._over is None and self._sent and self._clock() < self._idle_until

    @property
    def proven(self) -> bool:
        """Whether the server has shown that it keeps connections: it answered here more than once."""
        return self._answers > 1

    @property
    def has_news(self) -> bool:
        """Whether the kernel has something to tell that the loop hasn't read yet: on an idle connection, its end."""
        found = self._transport and self._transport.get_extra_info("socket")
        if not found or found.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(found.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def abort(self) -> None:
        """Close at once; what was not sent is dropped. May be called again."""
        self._over = self._over or Lost(FailureKind.RESET, "the connection was given up")
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop: connected, over TLS only when the handshake is done."""
        self.made_at = self._clock()
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only
        certificate = transport.get_extra_info("peercert")
        if certificate:
            self.certificate_expires_at = ssl.cert_time_to_seconds(certificate["notAfter"])
        # The loop shall say when the last byte has left; over TLS its 0 would mean "always full".
        self._transport.set_write_buffer_limits(high=0 if transport.get_extra_info("ssl_object") is None else 1)

    def pause_writing(self) -> None:
        """Called by the loop: not all that was written could leave."""
        self._paused = True

    def resume_writing(self) -> None:
        """Called by the loop: what was written has left."""
        self._paused = False
        self._write_on()

    def data_received(self, data: bytes) -> None:
        """Called by the loop: bytes have arrived."""
        at = self._clock()
        if not self._under_way:
            stray = Lost(FailureKind.PROTOCOL, "bytes came that belong to no request")
            self._lost, self._over = self._lost or stray, self._over or stray
            self.abort()
            return
        try:
            self._reader.feed(data, at)
        except Lost as lost:
            self._end(at, lost)
        else:
            if self._incoming.complete:
                self._end(at)

    def eof_received(self) -> None:
        """Called by the loop: the server sends no more. The loop then closes our side too."""
        self._finish_reading(self._clock())

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop: nothing comes or goes any more; `exc` says why, if it was no orderly end."""
        at = self._clock()
        if exc is None:
            self._finish_reading(at)
        else:
            why = local_resource_error(exc) or _broken(exc)
            self._over = self._over or why
            self._end(at, why)
        self._transport = None

    @property
    def _under_way(self) -> bool:
        return self._ended is not None and not self._ended.done()

    def _send(self, request: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise self._over or Lost(FailureKind.RESET, "the connection ended before anything was sent")
        self._sent = False
        self._unsent = memoryview(request)
        self._watch.enter(Phase.SEND)
        self._write_on()

    def _write_on(self) -> None:
        transport = self._transport
        if transport is None or self._sent:
            return
        while self._unsent and not self._paused:
            piece, self._unsent = self._unsent[:_PIECE_BYTES], self._unsent[_PIECE_BYTES:]
            transport.write(piece)
        self._sent = not (self._unsent or transport.get_write_buffer_size() or transport.is_closing())
        if self._sent and self._incoming.began_at is None:
            self._watch.enter(Phase.WAIT)

    def _finish_reading(self, at: float) -> None:
        self._over = self._over or Lost(FailureKind.RESET, "the server ended the connection before anything was sent")
        if self._under_way:
            try:
                self._reader.end()
            except Lost as lost:
                self._end(at, lost)
            else:
                self._end(at)

    def _run_out_of_time(self) -> None:
        if self._under_way:
            self._close_phases(self._clock())
            self._end(self._clock(), out_of_time(self._watch.phase))

    def _end(self, at: float, why: Lost | LocalResourceError | None = None) -> None:
        """The exchange is decided: by its answer, or by what came instead of one. The first word counts."""
        if self._ended is None or self._ended.done():
            return
        self._close_phases(at)
        self._lost = why
        self._idle_until = at + self._incoming.idle_seconds
        self._answers += 1
        self._ended.set_result(None)

    def _close_phases(self, at: float) -> None:
        began_at, watch = self._incoming.began_at, self._watch
        if began_at is not None:
            if watch.phase is Phase.SEND:  # answered before all was sent: no time was spent waiting
                watch.enter(Phase.WAIT, began_at)
            watch.enter(Phase.RECEIVE, began_at)
        watch.leave(at)


def _broken(error: Exception) -> Lost:
    if isinstance(error, ssl.SSLError):
        return Lost(FailureKind.TLS, f"TLS broke off: {error.reason or 'unknown reason'}")
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number else type(error).__name__
    return Lost(FailureKind.RESET, f"the connection broke: {reason}")
