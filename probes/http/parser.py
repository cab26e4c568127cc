"""Reads one HTTP/1.1 answer from bytes as they arrive, within bounds, and leaves the body as it came.

httptools parses; what it tolerates and a probe must not is refused here: an answer without an end,
a head or a body without measure, a switch of protocols, bytes behind the end. (A lone line break
behind the end is the one thing it swallows unseen.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httptools

from probes.http.attempt import Lost
from probes.words import FailureKind

_MOST_INTERIM_ANSWERS = 20
_VERSIONS = frozenset({"1.0", "1.1"})
_BODILESS = frozenset({204, 304})
_NOTED = frozenset({b"content-length", b"transfer-encoding", b"keep-alive"})
_IDLE_SECONDS = 1.0  # how long a connection is trusted to stay open if the server doesn't say
_SAFETY_SECONDS = 1.0  # given up sooner than the server says, so that its closing never meets our request


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most bytes of an answer that are taken in; content is counted as received, not decoded."""

    most_body_bytes: int = 1_048_576
    most_header_bytes: int = 65_536


@dataclass(slots=True)
class Incoming:
    """One answer as it arrives.

    `began_at` is when the first byte of the final answer came (a 1xx is not final), `heard` whether
    any byte came. `idle_seconds` is how long the connection may be kept afterwards; 0: not at all.
    """

    status_code: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    began_at: float | None = None
    heard: bool = False
    complete: bool = False
    idle_seconds: float = 0.0

    @property
    def content(self) -> bytes:
        """The body, never decoded, whatever `content-encoding` says."""
        return b"".join(self.chunks)


class AnswerReader:
    """Feeds the parser and judges what it finds. One for a connection; `begin` starts each answer."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> Incoming:
        """Forget the answer before; the one returned fills as bytes are fed."""
        self._incoming = Incoming()
        self._problem: Lost | None = None
        self._at = 0.0
        self._received_bytes = 0
        self._header_bytes = 0
        self._body_bytes = 0
        self._interim_answers = 0
        self._noted: dict[bytes, bytes] = {}
        self._in_body = False
        return self._incoming

    def feed(self, data: bytes, at: float) -> None:
        """Take in bytes that arrived at a moment. Raises `Lost` for what is no answer, or too much of one."""
        self._at = at
        self._incoming.heard = True
        self._received_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise self._problem or self._not_http(error) from None
        if self._incoming.complete:
            return
        bounds = self._bounds
        if not self._in_body and self._received_bytes > bounds.most_header_bytes:
            raise self._head_too_large()
        if self._received_bytes > bounds.most_header_bytes + bounds.most_body_bytes:
            raise self._body_too_large()  # chunk extensions and trailers are no way around the bound

    def end(self) -> None:
        """The connection ended. Completes a body that ends so; raises `Lost` if anything is missing."""
        incoming = self._incoming
        if incoming.complete:
            return
        if not incoming.heard:
            raise Lost(FailureKind.RESET, "the connection ended before the first byte of an answer")
        if not self._in_body or _has_its_own_end(self._noted):
            raise Lost(FailureKind.TRUNCATED, f"the connection ended {self._reached()}, before the end of the answer")
        incoming.complete = True

    def on_message_begin(self) -> None:
        """Called by the parser: the first byte of an answer, or of what follows one."""
        if self._incoming.complete:
            self._refuse(_behind_the_end())
        self._incoming.began_at = self._at

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers too: those only count."""
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._bounds.most_header_bytes:
            self._refuse(self._head_too_large())
        if self._in_body:
            return
        self._incoming.headers.append((name, value))
        lowered = name.lower()
        if lowered in _NOTED:
            self._noted[lowered] = value

    def on_headers_complete(self) -> None:
        """Called by the parser: whether this can be an answer at all, and of what size."""
        status_code = self._incoming.status_code = self._parser.get_status_code()
        if self._parser.get_http_version() not in _VERSIONS:
            self._refuse(Lost(FailureKind.PROTOCOL, "the answer is of another HTTP version than 1.0 and 1.1"))
        if status_code == 101:
            self._refuse(Lost(FailureKind.PROTOCOL, "the server switched to another protocol (101)"))
        if status_code < 100:
            self._refuse(Lost(FailureKind.PROTOCOL, f"the answer's status code is {status_code}"))
        if status_code < 200:
            return
        self._in_body = True
        announced = int(self._noted.get(b"content-length", b"0"))
        if announced > self._bounds.most_body_bytes and status_code not in _BODILESS:
            self._refuse(self._body_too_large())

    def on_body(self, chunk: bytes) -> None:
        """Called by the parser: a piece of the body."""
        self._body_bytes += len(chunk)
        if self._body_bytes > self._bounds.most_body_bytes:
            self._refuse(self._body_too_large())
        self._incoming.chunks.append(chunk)

    def on_message_complete(self) -> None:
        """Called by the parser: the end of an answer, or of a 1xx before it."""
        incoming = self._incoming
        if incoming.status_code >= 200:
            incoming.complete = True
            incoming.idle_seconds = _idle_seconds(self._noted) if self._parser.should_keep_alive() else 0.0
            return
        self._interim_answers += 1
        if self._interim_answers > _MOST_INTERIM_ANSWERS:
            self._refuse(Lost(FailureKind.PROTOCOL, f"more than {_MOST_INTERIM_ANSWERS} answers of class 1xx"))
        incoming.began_at = None
        incoming.headers.clear()
        self._noted.clear()

    def _refuse(self, problem: Lost) -> None:
        """Stop the parser; `feed` raises the problem that is remembered here."""
        self._problem = problem
        raise problem

    def _reached(self) -> str:
        return f"after {self._body_bytes:,} bytes of body" if self._in_body else "in the head of the answer"

    def _head_too_large(self) -> Lost:
        return Lost(
            FailureKind.PROTOCOL, f"the answer has more than {self._bounds.most_header_bytes:,} bytes of headers"
        )

    def _body_too_large(self) -> Lost:
        return Lost(
            FailureKind.BODY_TOO_LARGE, f"the answer has more than {self._bounds.most_body_bytes:,} bytes of body"
        )

    def _not_http(self, error: Exception) -> Lost:
        if self._incoming.complete:
            return _behind_the_end()
        return Lost(FailureKind.PROTOCOL, f"the answer breaks HTTP: {error}")


def _behind_the_end() -> Lost:
    return Lost(FailureKind.PROTOCOL, "bytes came behind the end of the answer")


def _has_its_own_end(noted: Mapping[bytes, bytes]) -> bool:
    """Whether the body ends by its length or its last chunk, and not with the connection."""
    return b"content-length" in noted or noted.get(b"transfer-encoding", b"").lower().endswith(b"chunked")


def _idle_seconds(noted: Mapping[bytes, bytes]) -> float:
    """The guess, or what `Keep-Alive: timeout=N` promises, with a margin."""
    for part in noted.get(b"keep-alive", b"").split(b","):
        name, _, value = part.strip().partition(b"=")
        if name.lower() == b"timeout" and value.isdigit():
            return max(0.0, min(int(value[:6]), 3600) - _SAFETY_SECONDS)
    return _IDLE_SECONDS
