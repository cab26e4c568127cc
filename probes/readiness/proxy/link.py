"""A client's connection and the one upstream that belongs to it: whatever befalls one of them befalls the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol, cast

import h11

from probes.origin import Origin
from probes.readiness.proxy import refusals
from probes.readiness.proxy.exchange import AnswerState, Exchange, MalformedError, Upstream, lowered
from probes.readiness.proxy.reading import MAX_HEAD_BYTES, RequestReader
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.recording import Arrival
from probes.readiness.proxy.upstream import UpstreamSide
from probes.readiness.words import Lost

IDLE_SECONDS = 75.0
_LINGER_SECONDS = 1.0
_RESET = struct.pack("ii", 1, 0)


class House(Protocol):
    """What a link needs of the proxy that it belongs to."""

    recorder: Recorder

    def admit(self, link: Link) -> bool:
        """Whether there is room for one more connection."""

    def leave(self, link: Link) -> None:
        """It is gone."""

    def upstream_now(self) -> Upstream:
        """Where a new connection leads."""

    async def dial(self, upstream: Upstream, side: UpstreamSide) -> None:
        """Connect; raises OSError or TimeoutError."""


class Link(asyncio.Protocol):
    """Passes on what comes from either side, at once and no faster than the other side takes it."""

    def __init__(self, house: House, *, over_tls: bool) -> None:
        self._house = house
        self._recorder = house.recorder
        self._over_tls = over_tls
        self._from_loopback = False
        self._client: asyncio.Transport | None = None
        self._upstream: UpstreamSide | None = None
        self._where: Upstream | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._requests = RequestReader()
        self._exchange: Exchange | None = None
        self._began: float | None = None
        self._heard = 0.0
        self._deaf = False
        self._upstream_full = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._client = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._from_loopback = _is_loopback(self._client.get_extra_info("peername"))
        if not self._house.admit(self):
            self._deaf = True
            self._client.abort()
            return
        self._heard = self._recorder.clock()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._deaf:
            return
        self._heard = self._recorder.clock()
        if self._began is None:
            self._began = self._heard
        self._requests.feed(data)
        self._read_requests()

    def eof_received(self) -> None:
        """The client has ended its side: it waits for no answer."""
        self._client_gone()

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone."""
        self._client_gone()
        self._client = None
        if self._timer is not None:
            self._timer.cancel()
        self._house.leave(self)

    def pause_writing(self) -> None:
        """The client doesn't take its answer."""
        if self._upstream is not None:
            self._upstream.hold()

    def resume_writing(self) -> None:
        """It takes it again."""
        if self._upstream is not None:
            self._upstream.go_on()

    def abort(self) -> None:
        """End both connections at once: what is under way is lost by nobody."""
        self._deaf = True
        self._exchange = None
        if self._dialling is not None:
            self._dialling.cancel()
        for side in (self._client, self._upstream):
            if side is not None:
                side.abort()

    def upstream_data(self, data: bytes) -> None:
        """Bytes of the upstream."""
        self._heard = self._recorder.clock()
        exchange = self._exchange
        if exchange is None or exchange.answer is AnswerState.WHOLE:  # nobody asked for them
            self._part()
            return
        exchange.reader.feed(data)
        self._read_answer(exchange)

    def upstream_eof(self) -> None:
        """The upstream has ended its side: the end of an answer, or its loss."""
        if self._exchange is not None and self._exchange.answer is not AnswerState.WHOLE:
            self._exchange.reader.feed(b"")
            self._read_answer(self._exchange)
        self._part()

    def upstream_lost(self, error: Exception | None) -> None:
        """The upstream is gone; by a reset, if there is an error."""
        self._upstream = None
        exchange = self._exchange
        answered = exchange is None or exchange.answer is AnswerState.WHOLE
        self._lose(Lost.BY_SERVER)
        if error is not None and not answered:
            self._reset_client()
        self._part()

    def upstream_full(self, *, full: bool) -> None:
        """The upstream takes no more of the request for now; or it does again."""
        self._upstream_full = full
        self._regulate()

    def _read_requests(self) -> None:
        try:
            for piece in self._requests.pieces():
                if isinstance(piece, h11.Request):
                    self._begin(piece)
                elif self._exchange is not None and isinstance(piece, h11.Data):
                    self._to_upstream(self._exchange.request_piece(bytes(piece.data)))
                elif self._exchange is not None and isinstance(piece, h11.EndOfMessage):
                    self._to_upstream(self._exchange.request_end(piece))
        except h11.RemoteProtocolError as problem:
            self._refuse(problem.error_status_hint, refusals.MALFORMED, f"This is no HTTP request: {problem}.")
        except MalformedError as problem:
            self._refuse(400, refusals.MALFORMED, f"This request can't be passed on: {problem}.")
        else:
            self._end_if_over()
            self._regulate()

    def _begin(self, request: h11.Request) -> None:
        where = self._where = self._where or self._house.upstream_now()
        exchange = Exchange(request, where)
        arrival = Arrival(
            method=exchange.method.decode("ascii"),
            target=exchange.target.decode("ascii"),
            headers=lowered(exchange.headers),
            began_seconds=self._heard if self._began is None else self._began,
            over_tls=self._over_tls,
            from_loopback=self._from_loopback,
        )
        exchange.recording = self._recorder.begin(arrival)
        self._exchange = exchange
        if self._upstream is None:
            self._upstream = UpstreamSide(self)
            self._dialling = asyncio.create_task(self._dial(where, self._upstream))
        self._to_upstream(exchange.request_head())

    async def _dial(self, where: Upstream, side: UpstreamSide) -> None:
        try:
            await self._house.dial(where, side)
        except (OSError, TimeoutError) as problem:
            self._dialling = None
            self._unreachable(problem)
            return
        self._dialling = None
        self._regulate()

    def _unreachable(self, problem: Exception) -> None:
        self._upstream = None
        exchange, self._exchange = self._exchange, None
        if exchange is not None and exchange.recording is not None:
            exchange.recording.leave_out()
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else type(problem).__name__
        self._refuse(502, refusals.UNREACHABLE, f"The API that requests are passed on to can't be reached: {reason}.")

    def _read_answer(self, exchange: Exchange) -> None:
        try:
            for piece in exchange.reader.pieces():
                self._pass_answer(exchange, piece)
        except h11.RemoteProtocolError:
            self._lose(Lost.BY_SERVER)
            self._part()
            return
        if exchange.reader.behind and exchange.answer is AnswerState.WHOLE:
            self._part()
        self._end_if_over()

    def _pass_answer(self, exchange: Exchange, piece: object) -> None:
        recording = exchange.recording
        match piece:
            case h11.InformationalResponse():
                self._to_client(exchange.interim(piece))
            case h11.Response():
                self._to_client(exchange.answer_head(piece))
            case h11.Data():
                self._to_client(exchange.answer_piece(bytes(piece.data)))
                if recording is not None:
                    recording.answer_piece(bytes(piece.data))
            case h11.EndOfMessage():
                self._to_client(exchange.answer_end(piece))
                if recording is not None:
                    recording.answer_whole()

    def _end_if_over(self) -> None:
        exchange = self._exchange
        if exchange is None or not exchange.over:
            return
        self._exchange = None
        self._began = None
        if exchange.last:
            self._part()
        if exchange.recording is not None:
            exchange.recording.end()
        if not exchange.last and not self._deaf:
            self._next()

    def _next(self) -> None:
        if self._requests.waiting:
            self._began = self._recorder.clock()
        self._requests.go_on()
        self._read_requests()

    def _client_gone(self) -> None:
        self._deaf = True
        self._lose(Lost.BY_CLIENT)
        if self._upstream is not None:
            self._upstream.close()

    def _lose(self, lost: Lost) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None and exchange.recording is not None:
            exchange.recording.lose(lost)

    def _part(self) -> None:
        """End both connections in order: what was said already is still handed over."""
        self._deaf = True
        if self._client is not None:
            self._client.close()
        if self._upstream is not None:
            self._upstream.close()

    def _reset_client(self) -> None:
        self._deaf = True
        if self._client is None:
            return
        sock = self._client.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._client.abort()

    def _refuse(self, status_code: int, code: str, error: str) -> None:
        """An answer of our own, read before the connection ends: a client may still be sending."""
        answering = self._exchange is not None and self._exchange.answer is not AnswerState.AWAITED
        self._client_gone()
        if self._client is None or self._client.is_closing():
            return
        if answering:  # in the midst of it nothing else can be said
            self._part()
            return
        self._regulate()
        self._client.write(refusals.refusal(status_code, code, error))
        if self._client.can_write_eof():
            self._client.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._part)

    def _to_upstream(self, data: bytes) -> None:
        if self._upstream is not None and data:
            self._upstream.write(data)

    def _to_client(self, data: bytes) -> None:
        if self._client is not None and data:
            self._client.write(data)

    def _regulate(self) -> None:
        """Read of the client what can be passed on, and no more."""
        if self._client is None or self._client.is_closing():
            return
        ahead = self._requests.waiting > MAX_HEAD_BYTES
        if not self._deaf and (self._dialling is not None or self._upstream_full or ahead):
            self._client.pause_reading()
        else:
            self._client.resume_reading()

    @property
    def _waits_for_client(self) -> bool:
        return self._exchange is None or not (self._exchange.request_whole or self._upstream_full)

    def _watch(self) -> None:
        left = self._heard + IDLE_SECONDS - self._recorder.clock() if self._waits_for_client else IDLE_SECONDS
        if left <= 0:
            self._lose(Lost.BY_CLIENT)
            self._part()
            return
        self._timer = asyncio.get_running_loop().call_later(left, self._watch)


def _is_loopback(peer: tuple[object, ...] | None) -> bool:
    try:
        return peer is not None and Origin("http", str(peer[0]), 80).is_loopback
    except (IndexError, ValueError):
        return False
