"""Reads requests and answers from bytes as they arrive (h11), within bounds, and hands on each piece at once."""

from __future__ import annotations

from collections.abc import Iterator

import h11

from probes.readiness.proxy.heads import RawHeaders, named

MAX_HEAD_BYTES = 64 * 1024

Piece = h11.Request | h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage


def raw(message: h11.Request | h11.InformationalResponse | h11.Response | h11.EndOfMessage) -> RawHeaders:
    """Its headers as they were spelled, the empty space around a value aside."""
    return [(bytes(name), bytes(value)) for name, value in message.headers.raw_items()]


class RequestReader:
    """The requests of a client's connection, one after the other."""

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)

    def feed(self, data: bytes) -> None:
        """Bytes that came."""
        self._parser.receive_data(data)

    def pieces(self) -> Iterator[Piece]:
        """What has come of the request, up to its end. Raises h11.RemoteProtocolError for what is none."""
        return _pieces(self._parser)

    @property
    def waiting(self) -> int:
        """How many bytes have come behind the end of the request: of the next one, sent ahead."""
        return len(self._parser.trailing_data[0])

    def go_on(self) -> None:
        """Forget the request that has ended, and begin with the next one."""
        ahead = self._parser.trailing_data[0]
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        if ahead:
            self._parser.receive_data(ahead)


class AnswerReader:
    """One answer; what its end looks like depends on the request's method."""

    def __init__(self, method: bytes) -> None:
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._parser.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"unsent")]))
        self._parser.send(h11.EndOfMessage())

    def feed(self, data: bytes) -> None:
        """Bytes that came; none: the connection has ended."""
        self._parser.receive_data(data)

    def pieces(self) -> Iterator[Piece]:
        """What has come of the answer. Raises h11.RemoteProtocolError for what is none, or is cut off."""
        return _pieces(self._parser)

    @property
    def behind(self) -> bool:
        """Whether bytes came behind its end."""
        return bool(self._parser.trailing_data[0])


def ambiguous(headers: RawHeaders) -> bool:
    """Whether two readers may find the end of a request at different places: a length beside chunks."""
    return bool(named(headers, b"transfer-encoding")) and bool(named(headers, b"content-length"))


def _pieces(parser: h11.Connection) -> Iterator[Piece]:
    while True:
        event = parser.next_event()
        if not isinstance(event, Piece):
            return
        yield event
        if isinstance(event, h11.EndOfMessage):
            return
