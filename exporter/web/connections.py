"""Connections of the web face, bounded in number, time and size: slow or greedy clients keep nobody out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 64
_MOST_FOR_A_MOMENT = 8 * MOST_CONNECTIONS
_SETTLING_SECONDS = 0.25  # a whole request that came with its connection is read by then, and no longer idle
ANSWER_SECONDS = 10.0  # for a request and its answer: Prometheus gives up after as long
MOST_BODY_BYTES = 1024 * 1024  # where a body is taken at all
_MOST_BYTES = 65_536  # of any other request
_MOST_BYTES_WITH_BODY = 2 * MOST_BODY_BYTES  # so that who sends a little too much is told so


class Connection(HttpToolsProtocol):
    """uvicorn's, with a deadline. Where there are too many, those that were made first and are idle make room.

    `body_paths` are those that take a POST (see `taking`).
    """

    body_paths: frozenset[str] = frozenset()
    _made_at = 0.0
    _received = 0
    _allowed = _MOST_BYTES
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room if need be, though not before a request had time to come; the clock of the first one runs."""
        self._made_at = self.loop.time()
        super().connection_made(transport)
        self._arm()
        self._make_room(_MOST_FOR_A_MOMENT)
        self.loop.call_later(_SETTLING_SECONDS, self._make_room, MOST_CONNECTIONS)

    def data_received(self, data: bytes) -> None:
        """A request that grows beyond its bound ends its connection."""
        self._received += len(data)
        super().data_received(data)
        if self._received > self._allowed:  # only now: what is allowed stands in the head of the request
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """A request that brings a body may be longer."""
        super().on_headers_complete()
        if self.scope["method"] == "POST" and self.scope["path"] in self.body_paths:
            self._allowed = _MOST_BYTES_WITH_BODY

    def on_response_complete(self) -> None:
        """The next request has the same time and size."""
        self._received, self._allowed = 0, _MOST_BYTES
        self._arm()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to end."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _arm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def _make_room(self, most: int) -> None:
        ours = [other for other in self.connections if isinstance(other, Connection)]
        living = [other for other in ours if not other.transport.is_closing()]
        idle = [other for other in living if other._idle]  # noqa: SLF001 - of the same class
        idle.sort(key=lambda other: other._made_at)  # noqa: SLF001
        for other in idle[: max(len(living) - most, 0)]:
            other.transport.abort()


def taking(paths: Iterable[str]) -> type[Connection]:
    """Connections on which these paths take a body."""

    class Taking(Connection):
        """Knows them."""

        body_paths = frozenset(paths)

    return Taking
