"""One request with its answer, as they pass through: how each side's end is told, and whether the connections last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

import h11

from probes.readiness.evidence import Headers
from probes.readiness.proxy.heads import (
    Framing,
    RawHeaders,
    body_end,
    body_piece,
    closes,
    framing_of_answer,
    framing_of_request,
    head_bytes,
    named,
    passed_on,
)
from probes.readiness.proxy.reading import AnswerReader, ambiguous, raw
from probes.readiness.proxy.recording import Recording

_AUTHORITY = re.compile(rb"\A[^/?]*")


class MalformedError(ValueError):
    """The client's request can't be passed on: the text says why."""


class AnswerState(Enum):
    """How far the answer has come."""

    AWAITED = auto()
    UNDER_WAY = auto()
    WHOLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where requests go: what stands in `Host`, and what stands before each path."""

    host: str
    port: int
    authority: bytes
    prefix: bytes
    tls: bool


class Exchange:
    """Makes of each piece that came in the bytes for the other side."""

    def __init__(self, request: h11.Request, upstream: Upstream) -> None:
        self.headers = raw(request)
        if request.http_version > b"1.1":
            raise MalformedError("it is of an HTTP that is not spoken here: HTTP/1.1 is")
        if ambiguous(self.headers):
            raise MalformedError("its length is told twice: by content-length and by transfer-encoding")
        self.method = request.method
        self.target = _target(request)
        self._upstream = upstream
        self._framing = framing_of_request(self.headers)
        self._version = request.http_version
        self._answer_framing = Framing.NO_BODY
        self._last = request.http_version < b"1.1" or closes(self.headers, request.http_version)
        self.reader = AnswerReader(request.method)
        self.recording: Recording | None = None
        self.request_whole = False
        self.answer = AnswerState.AWAITED

    @property
    def last(self) -> bool:
        """Whether the client's connection ends with it."""
        return self._last

    @property
    def over(self) -> bool:
        """Whether both sides have said all."""
        return self.request_whole and self.answer is AnswerState.WHOLE

    def request_head(self) -> bytes:
        """The head for the upstream."""
        target = self.target if self.target == b"*" else self._upstream.prefix + self.target
        chunked = self._framing is Framing.CHUNKED
        headers = passed_on(self.headers, host=self._upstream.authority, chunked=chunked)
        return head_bytes(self.method + b" " + target + b" HTTP/1.1", headers)

    def request_piece(self, data: bytes) -> bytes:
        """A piece of the body for the upstream."""
        if self.recording is not None:
            self.recording.request_piece(data)
        return body_piece(data, self._framing)

    def request_end(self, end: h11.EndOfMessage) -> bytes:
        """What tells the upstream that this is all."""
        self.request_whole = True
        if self.recording is not None:
            self.recording.request_whole()
        return body_end(raw(end), self._framing)

    def interim(self, answer: h11.InformationalResponse) -> bytes:
        """A 1xx for the client; one that speaks HTTP/1.0 knows none."""
        if self._version < b"1.1":
            return b""
        return head_bytes(_status_line(answer), passed_on(raw(answer)))

    def answer_head(self, answer: h11.Response) -> bytes:
        """The head for the client."""
        headers = raw(answer)
        framing = framing_of_answer(self.method, answer.status_code, headers)
        chunked = bool(named(headers, b"transfer-encoding")) and self._version >= b"1.1"
        if framing is Framing.CHUNKED and not chunked:
            framing = Framing.UNTIL_CLOSE
        self._answer_framing = framing
        self._last = self._last or framing is Framing.UNTIL_CLOSE or closes(headers, answer.http_version)
        self.answer = AnswerState.UNDER_WAY
        if self.recording is not None:
            self.recording.answer_head(answer.status_code, lowered(headers))
        kept = passed_on(headers, chunked=chunked)
        if named(headers, b"transfer-encoding"):
            kept = [(name, value) for name, value in kept if name.lower() != b"content-length"]
        return head_bytes(_status_line(answer), [*kept, *self._farewell()])

    def answer_piece(self, data: bytes) -> bytes:
        """A piece of the body for the client."""
        return body_piece(data, self._answer_framing)

    def answer_end(self, end: h11.EndOfMessage) -> bytes:
        """What tells the client that this is all."""
        self.answer = AnswerState.WHOLE
        return body_end(raw(end), self._answer_framing)

    def _farewell(self) -> RawHeaders:
        return [(b"connection", b"close")] if self._last and self._version >= b"1.1" else []


def lowered(headers: RawHeaders) -> Headers:
    """The headers as they are noted: names in lower case, as texts."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)


def _status_line(answer: h11.Response | h11.InformationalResponse) -> bytes:
    return b"HTTP/1.1 %d %b" % (answer.status_code, answer.reason)


def _target(request: h11.Request) -> bytes:
    """The path and the query, of an absolute form too."""
    target = request.target
    scheme, separator, rest = target.partition(b"://")
    if separator and scheme.lower() in {b"http", b"https"}:
        below = _AUTHORITY.sub(b"", rest)
        target = below if below.startswith(b"/") else b"/" + below
    if request.method == b"CONNECT" or not (target.startswith(b"/") or target == b"*"):
        raise MalformedError("its target is no path")
    return target
