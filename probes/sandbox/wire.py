"""HTTP/1.1 on one connection, the reading half: bytes to requests, and each request to its reply."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

from probes.origin import Origin
from probes.sandbox.app import SandboxApp
from probes.sandbox.outbox import Outbox, Outgoing
from probes.sandbox.replies import Reply, status_code_of
from probes.sandbox.requests import Request
from probes.words import ErrorCode

MAX_BODY_BYTES = 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_KEPT_BODY_BYTES = 64 * 1024
_IDLE_SECONDS = 75.0

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """What arrived, for tests: the status is None where no answer was given, the body's first 64 KiB are kept."""

    method: str
    path: str
    raw_headers: RawHeaders
    body: bytes
    status_code: int | None

    @property
    def headers(self) -> dict[str, str]:
        """Names as they were received, with their values."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers}


class Connection(asyncio.Protocol):
    """Parses, answers in order, and stays open as long as the client likes, or 75 seconds without a byte."""

    def __init__(
        self,
        app: SandboxApp,
        *,
        opened: set[Connection],
        received: deque[ReceivedRequest],
        loop_time: Callable[[], float],
    ) -> None:
        self._app = app
        self._opened = opened
        self._received = received
        self._loop_time = loop_time
        self._transport: asyncio.Transport | None = None
        self._outbox = Outbox()
        self._parser = httptools.HttpRequestParser(self)
        self._refused = False
        self._from_loopback = False
        self._heard_at = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._outbox.open(self._transport)
        self._opened.add(self)
        self._from_loopback = _is_loopback(self._transport.get_extra_info("peername"))
        self._heard_at = self._loop_time()
        self._watch_idleness()

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone."""
        self._opened.discard(self)
        self._transport = None
        self._outbox.close()
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def pause_writing(self) -> None:
        """A client that doesn't read its answers may not ask for more."""
        self._outbox.pause()

    def resume_writing(self) -> None:
        """It reads again."""
        self._outbox.resume()

    @property
    def _mute(self) -> bool:
        """Hung, reset, refused or ending: whatever comes now is not read."""
        return self._refused or self._outbox.ended

    def data_received(self, data: bytes) -> None:
        """Feed the parser; each whole request is answered at once."""
        if self._mute:
            return
        self._heard_at = self._loop_time()
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # answered like any request; what follows is another protocol's
            self._refused = True
            return
        except httptools.HttpParserError:
            self._refuse(400, ErrorCode.INVALID_REQUEST, "This is no HTTP request that can be read.")
            return
        if self._head_bytes > _MAX_HEAD_BYTES and not self._in_body:
            self._refuse(431, "headers_too_large", f"The headers are larger than {_MAX_HEAD_BYTES} bytes.")

    def on_url(self, part: bytes) -> None:
        """A piece of the request's target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a trailer after the body is none."""
        if not self._in_body:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The body follows, if there is one that is small enough."""
        self._in_body = True
        headers = {name.lower(): value for name, value in self._headers}
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > MAX_BODY_BYTES:
            self._refuse_body()
        elif headers.get(b"expect", b"").lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(part)
        if self._body_bytes > MAX_BODY_BYTES:
            self._refuse_body()
        elif not self._mute:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """A whole request: let it take effect, and reply."""
        if self._mute:
            return
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            target=self._target.decode("latin-1"),
            headers={name.lower(): value for name, value in self._headers},
            body=b"".join(self._body),
            from_loopback=self._from_loopback,
        )
        reply, request_id = self._app.answer(request)
        self._note(request, reply)
        keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        self._outbox.put(Outgoing(reply, request_id, keep=keep, with_body=request.method != "HEAD"))
        self._begin()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _note(self, request: Request, reply: Reply) -> None:
        self._received.append(
            ReceivedRequest(
                method=request.method,
                path=request.target,
                raw_headers=tuple(self._headers),
                body=request.body[:_KEPT_BODY_BYTES],
                status_code=status_code_of(reply),
            )
        )

    def _refuse_body(self) -> None:
        self._refuse(413, "payload_too_large", f"The request body is larger than {MAX_BODY_BYTES} bytes.")

    def _refuse(self, status_code: int, code: str, error: str) -> None:
        if self._mute:
            return
        answer, request_id = self._app.refuse(status_code, code, error)
        self._refused = True
        self._outbox.put(Outgoing(answer, request_id, keep=False))

    def _watch_idleness(self) -> None:
        if self._outbox.hung:  # waits as long as its client does
            return
        left = _IDLE_SECONDS if self._outbox.busy else self._heard_at + _IDLE_SECONDS - self._loop_time()
        if left <= 0:
            self.abort()
            return
        self._idle_timer = asyncio.get_running_loop().call_later(left, self._watch_idleness)


def _is_loopback(peer: tuple[object, ...] | None) -> bool:
    try:
        return peer is not None and Origin("http", str(peer[0]), 80).is_loopback
    except (IndexError, ValueError):
        return False
