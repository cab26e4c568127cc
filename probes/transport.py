"""The probes' own HTTP transport: one kept connection for each origin of a run, phases timed, everything bounded.

No pool, no proxy, no redirect, no decoding. How the API ends an attempt is a `TransportFailure`, told
by its kind; what this machine lacks is a `LocalResourceError`.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import Callable

import httpx

from probes.http.attempt import Lost, Stopwatch, out_of_time
from probes.http.connection import Connection
from probes.http.dialling import Dialler
from probes.http.parser import Bounds, Incoming
from probes.http.resolver import Resolve, shared_resolver
from probes.model import Phases
from probes.origin import Origin
from probes.words import FailureKind


class TransportFailure(Exception):  # noqa: N818 - a fact about the API, not an error of ours
    """An attempt that ended without an answer.

    `detail` is a sentence for people, without secrets. `duration_seconds` is first byte sent to
    giving up, 0.0 if nothing was sent. `kept` says that it went over a kept connection,
    `first_byte_seen` that some byte had come back, and `status_code` what the head of the answer said, where it came.
    """

    def __init__(
        self,
        *,
        kind: FailureKind,
        detail: str,
        phases: Phases,
        duration_seconds: float,
        kept: bool,
        first_byte_seen: bool,
        status_code: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.phases = phases
        self.duration_seconds = duration_seconds
        self.kept = kept
        self.first_byte_seen = first_byte_seen
        self.status_code = status_code


class Transport(httpx.AsyncBaseTransport):
    """Sends one run's requests. Bounds are in bytes as received; `clock` gives seconds and never goes back."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        most_body_bytes: int = 1_048_576,
        most_header_bytes: int = 65_536,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._clock = clock
        self._dialler = Dialler(
            resolve=resolve or shared_resolver(),
            ssl_context=shared_ssl_context if ssl_context is None else lambda: ssl_context,
            bounds=Bounds(most_body_bytes=most_body_bytes, most_header_bytes=most_header_bytes),
            clock=clock,
        )
        self._kept: dict[Origin, Connection] = {}
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One attempt, over by `request.extensions["deadline"]`, a moment of `loop.time()`.

        The extension `once` says that it is never sent again: a server may close a kept connection in silence after any
        answer, so only one on which it has answered more than once is used then.

        The response is complete; its extensions hold `duration_seconds` (first byte sent to last byte received),
        `phases` and, over TLS, `certificate_expires_at` (seconds since the epoch). Raises `TransportFailure`,
        `LocalResourceError`, and ValueError for a request that can't be sent as it is.
        """
        data = _wire_bytes(request)
        deadline: float = request.extensions["deadline"]
        watch = Stopwatch(self._clock)
        origin = Origin(request.url.scheme, request.url.raw_host.decode("ascii"), _port(request.url))
        in_time = asyncio.get_running_loop().time() < deadline
        connection = self._take(origin, once=request.extensions.get("once", False)) if in_time else None
        kept = connection is not None
        try:
            if not in_time:
                raise out_of_time(None)
            if connection is None:
                connection = await self._dialler.dial(origin, deadline=deadline, watch=watch)
            incoming = await connection.exchange(data, deadline=deadline, watch=watch)
        except Lost as lost:
            raise TransportFailure(
                kind=lost.kind,
                detail=lost.detail,
                phases=watch.phases,
                duration_seconds=watch.duration_seconds,
                kept=kept,
                first_byte_seen=connection is not None and connection.heard,
                status_code=None if connection is None else connection.status_code,
            ) from None
        self._keep(origin, connection)
        return _response(incoming, watch, connection.certificate_expires_at)

    async def aclose(self) -> None:
        """Close what is kept. Whatever is still under way closes when it ends."""
        self._closed = True
        while self._kept:
            self._kept.popitem()[1].abort()

    def _take(self, origin: Origin, *, once: bool) -> Connection | None:
        connection = self._kept.pop(origin, None)
        if connection is None:
            return None
        if connection.usable and (connection.proven or not once) and not connection.has_news:
            return connection
        connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        if self._closed or origin in self._kept or not connection.usable:
            connection.abort()
        else:
            self._kept[origin] = connection


@functools.cache
def shared_ssl_context() -> ssl.SSLContext:
    """The process's one TLS context: verification on, the system's trust, TLS 1.2 at least.

    Making it takes tens of milliseconds, in which the loop stands still: a service makes it before it starts.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _port(url: httpx.URL) -> int:
    default = {"http": 80, "https": 443}.get(url.scheme)
    if default is None:
        raise ValueError("a probe's URL starts with https:// or http://")
    return url.port or default


def _wire_bytes(request: httpx.Request) -> bytes:
    """Head and content, one write. The headers go out as they are, so a line break in one is refused."""
    if request.method == "HEAD" or not isinstance(request.stream, httpx.ByteStream):
        raise ValueError("HEAD is not supported, nor content whose length isn't known before")
    request_line = b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)
    lines = [request_line, *(b"%b: %b" % pair for pair in request.headers.raw), b"", b""]
    head = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count(b"\r") != breaks or head.count(b"\n") != breaks or b"\0" in head:
        raise ValueError("a header of the request holds a line break or a null byte")
    return head + b"".join(request.stream)


class _Received(httpx.Response):
    """An answer with its content as it was received, which httpx itself would read and decode."""

    @property
    def content(self) -> bytes:
        received: bytes = self.extensions["content"]
        return received


def _response(incoming: Incoming, watch: Stopwatch, certificate_expires_at: float | None) -> httpx.Response:
    return _Received(
        incoming.status_code,
        headers=incoming.headers,
        stream=httpx.ByteStream(incoming.content),
        extensions={
            "content": incoming.content,
            "certificate_expires_at": certificate_expires_at,
            "duration_seconds": watch.duration_seconds,
            "phases": watch.phases,
        },
    )
