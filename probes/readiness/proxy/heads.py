"""What of a message's head is passed on: all but what belongs to one connection (RFC 9110, 7.6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

RawHeaders = list[tuple[bytes, bytes]]
"""Names as they were spelled, in their order, repeats too."""

_OF_ONE_CONNECTION = frozenset({b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"})
_NEVER_LEFT_OUT = frozenset({b"host", b"content-length"})  # whatever a Connection header names
_BODILESS = frozenset({204, 304})


class Framing(Enum):
    """How the end of a body is told."""

    NO_BODY = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


def named(headers: RawHeaders, name: bytes) -> list[bytes]:
    """The parts of all headers of a name, in lower case."""
    values = [value for known, value in headers if known.lower() == name]
    return [part.strip().lower() for value in values for part in value.split(b",")]


def closes(headers: RawHeaders, version: bytes) -> bool:
    """Whether the connection ends after this message."""
    wishes = named(headers, b"connection")
    return b"close" in wishes or (version < b"1.1" and b"keep-alive" not in wishes)


def framing_of_answer(method: bytes, status_code: int, headers: RawHeaders) -> Framing:
    """How the end of this answer's body is told."""
    if method == b"HEAD" or status_code in _BODILESS:
        return Framing.NO_BODY
    if named(headers, b"transfer-encoding"):
        return Framing.CHUNKED
    return Framing.LENGTH if named(headers, b"content-length") else Framing.UNTIL_CLOSE


def framing_of_request(headers: RawHeaders) -> Framing:
    """How the end of this request's body is told."""
    if named(headers, b"transfer-encoding"):
        return Framing.CHUNKED
    return Framing.LENGTH if named(headers, b"content-length") else Framing.NO_BODY


def passed_on(headers: RawHeaders, *, host: bytes | None = None, chunked: bool = False) -> RawHeaders:
    """The headers for the other side, in order and spelling.

    `host` takes the place of the client's; `chunked` keeps that very word of `transfer-encoding`, in its place, and
    leaves out a length beside it.
    """
    dropped = _OF_ONE_CONNECTION | (frozenset(named(headers, b"connection")) - _NEVER_LEFT_OUT)
    kept: RawHeaders = []
    told_chunked = False
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"transfer-encoding" and chunked and not told_chunked:
            told_chunked = True
            kept.append((name, b"chunked"))
        elif lowered == b"host" and host is not None:
            kept.append((name, host))
        elif (
            lowered not in dropped
            and not lowered.startswith(b"proxy-")
            and not (chunked and lowered == b"content-length")
        ):
            kept.append((name, value))
    if host is not None and not named(kept, b"host"):
        kept.insert(0, (b"Host", host))
    return kept


def head_bytes(first_line: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A head as it stands on the wire."""
    lines = [first_line, *(name + b": " + value for name, value in headers), b"", b""]
    return b"\r\n".join(lines)


def body_piece(data: bytes, framing: Framing) -> bytes:
    """A piece of a body as it stands on the wire."""
    return b"%x\r\n%b\r\n" % (len(data), data) if framing is Framing.CHUNKED else data


def body_end(trailers: Iterable[tuple[bytes, bytes]], framing: Framing) -> bytes:
    """What tells the end of a body; nothing but for chunks."""
    return head_bytes(b"0", trailers) if framing is Framing.CHUNKED else b""
