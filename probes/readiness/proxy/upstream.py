"""The upstream half of a link: what is written before it is connected waits, and what it says is handed on."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast


class Listener(Protocol):
    """Who is told what the upstream says."""

    def upstream_data(self, data: bytes) -> None:
        """Bytes came."""

    def upstream_eof(self) -> None:
        """No more will come."""

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection is gone."""

    def upstream_full(self, *, full: bool) -> None:
        """It takes no more for now; or it does again."""


class UpstreamSide(asyncio.Protocol):
    """One connection to the API."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: hand over what has waited, even if the client has left since."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(bytes(self._waiting))
        self._waiting.clear()
        if self._closing:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        self._listener.upstream_data(data)

    def eof_received(self) -> None:
        """The end of what it says."""
        self._listener.upstream_eof()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self._listener.upstream_lost(error)

    def pause_writing(self) -> None:
        """It doesn't read."""
        self._listener.upstream_full(full=True)

    def resume_writing(self) -> None:
        """It reads again."""
        self._listener.upstream_full(full=False)

    def write(self, data: bytes) -> None:
        """Send, or keep until there is a connection."""
        if self._transport is None:
            self._waiting += data
        elif not self._transport.is_closing():
            self._transport.write(data)

    def hold(self) -> None:
        """Read no more for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """End it once everything is sent."""
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()
