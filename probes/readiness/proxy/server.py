"""The proxy on a port: `async with RecordingProxy(upstream, recorder) as proxy: ... proxy.base_url`."""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Self
from urllib.parse import urlsplit

from probes.errors import UsageError
from probes.origin import Origin
from probes.readiness.proxy.exchange import Upstream
from probes.readiness.proxy.link import Link
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.upstream import UpstreamSide

MOST_CONNECTIONS = 1_000
_BACKLOG = 1024
_CONNECT_SECONDS = 30.0


class RecordingProxy:
    """Passes everything on to `upstream`, byte for byte, and tells the recorder.

    The path of `upstream` stands before each request's. It may be set anew at any time: connections that begin from
    then on lead there. `ssl` is how its own clients are served, `upstream_ssl` how an https upstream is checked (the
    system's authorities, if left out). `refused` counts connections beyond a thousand at once.

    Raises UsageError for an upstream that is no plain http(s) URL and, at the start, for a port that is busy.
    """

    def __init__(
        self,
        upstream: str,
        recorder: Recorder,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl: ssl.SSLContext | None = None,
        upstream_ssl: ssl.SSLContext | None = None,
    ) -> None:
        self.recorder = recorder
        self.upstream = upstream
        self.refused = 0
        self._host = host
        self._port = port
        self._ssl = ssl
        self._upstream_ssl = upstream_ssl
        self._links: set[Link] = set()
        self._quiet = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.base_url = ""

    @property
    def upstream(self) -> str:
        """Where new connections lead."""
        return self._upstream_url

    @upstream.setter
    def upstream(self, url: str) -> None:
        self._upstream = upstream_of(url)
        self._upstream_url = url

    async def start(self) -> None:
        """Listen. Raises UsageError with a sentence for people if the port is busy or refused."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Link(self, over_tls=self._ssl is not None),
                self._host,
                self._port,
                backlog=_BACKLOG,
                ssl=self._ssl,
            )
        except (OSError, OverflowError) as problem:
            raise UsageError(_why_not(self._host, self._port, problem)) from None
        self._port = self._server.sockets[0].getsockname()[1]
        shown_host = f"[{self._host}]" if ":" in self._host else self._host
        self.base_url = f"{'http' if self._ssl is None else 'https'}://{shown_host}:{self._port}"

    async def aclose(self) -> None:
        """Stop listening and end every connection; what is under way stays so in the recorder."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for link in tuple(self._links):
            link.abort()
        await server.wait_closed()

    async def drained(self, *, within_seconds: float) -> bool:
        """Wait until no client is connected any more; False if one still is when the time is over."""
        try:
            async with asyncio.timeout(within_seconds):
                while self._links:
                    self._quiet.clear()
                    await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    def admit(self, link: Link) -> bool:
        """Whether there is room for one more connection."""
        if self._server is None or len(self._links) >= MOST_CONNECTIONS:
            self.refused += 1
            return False
        self._links.add(link)
        return True

    def leave(self, link: Link) -> None:
        """A connection is gone."""
        self._links.discard(link)
        self._quiet.set()

    def upstream_now(self) -> Upstream:
        """Where a new connection leads."""
        return self._upstream

    async def dial(self, upstream: Upstream, side: UpstreamSide) -> None:
        """Connect; raises OSError (a failed handshake too) or TimeoutError."""
        tls = (self._upstream_ssl or _trusting_the_system()) if upstream.tls else None
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().create_connection(
                lambda: side,
                upstream.host,
                upstream.port,
                ssl=tls,
                server_hostname=upstream.host if upstream.tls else None,
            )


def upstream_of(url: str) -> Upstream:
    """Where a URL leads. Raises UsageError, whose text doesn't hold the URL."""
    try:
        origin = Origin.of(url)
    except ValueError as problem:
        raise UsageError(f"the address to pass requests on to is no plain URL: {problem}") from None
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise UsageError("the address to pass requests on to must not have a query or a fragment")
    return Upstream(
        host=origin.host,
        port=origin.port,
        authority=str(origin).partition("://")[2].encode(),
        prefix=parts.path.rstrip("/").encode(),
        tls=origin.scheme == "https",
    )


def _trusting_the_system() -> ssl.SSLContext:
    from probes.transport import shared_ssl_context

    return shared_ssl_context()


def _why_not(host: str, port: int, problem: OSError | OverflowError) -> str:
    if isinstance(problem, OverflowError):
        return f"the proxy can't listen on port {port}: a port is a number from 0 to 65535"
    number = problem.errno or 0  # negative for a name that can't be resolved: those have texts of their own
    reason = (os.strerror(number) if number > 0 else problem.strerror or str(problem)).lower()
    return f"the proxy can't listen on {host}, port {port}: {reason}; choose another port, or 0 for a free one"
