"""Serves an app inside the running event loop: uvicorn without its signal handlers, behind the guard."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from exporter.web import listening
from exporter.web.connections import taking
from exporter.web.credentials import Bearer, Door
from exporter.web.guard import NO_BEARERS, Guard
from exporter.web.web_config import WebConfig
from probes.errors import UsageError

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_GRACE_SECONDS = 2
_log = logging.getLogger("brekwatch.web")


class WebServer:
    """One listening address. Beyond loopback it wants users in its web config (design decision 11).

    `listen_port` 0 takes any free one; `port` says which, after `start`. `bearers` are the paths that take a POST, and
    what each wants to be shown.
    """

    def __init__(
        self,
        listen_host: str,
        listen_port: int,
        app: ASGIApp,
        web_config: Path | None = None,
        *,
        bearers: Mapping[str, Bearer] = NO_BEARERS,
    ) -> None:
        self._host = listen_host
        self._wanted_port = listen_port
        self.app = app
        self._config_file = web_config
        self._bearers = bearers
        self._config = WebConfig()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = listen_port

    @property
    def url(self) -> str:
        """Where it is served, for people."""
        scheme = "https" if self._config.certificate else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.port}"

    async def start(self) -> None:
        """Listens, and returns once requests are answered.

        Raises UsageError if the address can't be used, or may not be without credentials, and ConfigError for a web
        config that can't be read.
        """
        where = await asyncio.to_thread(listening.check, self._host, self._wanted_port, self._config_file)
        self._config = where.config
        if not where.loopback and not where.config.certificate:
            _log.warning("credentials_unencrypted: without tls_server_config passwords can be read on their way")
        config = self._uvicorn_config(where.address, loopback=where.loopback)
        listener = self._bind(where.family, where.address)
        self.port = listener.getsockname()[1]
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="web server")
        ready = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait([self._serving, ready], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._serving

    async def aclose(self) -> None:
        """Takes no more requests, and lets those under way end, for two seconds."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await asyncio.gather(self._serving, return_exceptions=True)
        self._server = self._serving = None

    def _bind(self, family: socket.AddressFamily, address: str) -> socket.socket:
        # Told to be TCP, or asyncio leaves Nagle's algorithm on, and every kept connection waits 40 ms for its answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, self._wanted_port))
            listener.listen(128)
            listener.setblocking(False)
        except OSError as problem:
            listener.close()
            where = f"port {self._wanted_port} on {self._host}"
            if problem.errno == errno.EADDRINUSE:
                raise UsageError(f"{where} is in use: stop what listens there, or choose another port") from None
            raise UsageError(f"{where} can't be used: {problem.strerror}") from None
        return listener

    def _uvicorn_config(self, address: str, *, loopback: bool) -> uvicorn.Config:
        hosts = _LOOPBACK_NAMES | {f"[{address}]" if ":" in address else address} if loopback else None
        door = Door(self._config.users) if self._config.users else None
        config = uvicorn.Config(
            Guard(self.app, hosts=hosts, door=door, bearers=self._bearers),
            http=taking(self._bearers),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_certfile=self._config.certificate,
            ssl_keyfile=self._config.key,
            ssl_ca_certs=self._config.client_authority,
            ssl_cert_reqs=ssl.CERT_NONE if self._config.client_authority is None else ssl.CERT_REQUIRED,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError) as problem:
            files = [self._config.certificate, self._config.key, self._config.client_authority]
            named = " and ".join(filter(None, files))
            raise UsageError(f"{named} can't be used for TLS: {problem.strerror or 'one is no PEM file'}") from None
        if config.ssl is not None:
            config.ssl.minimum_version = self._config.oldest_tls
            config.ssl.maximum_version = self._config.newest_tls
        return config


class _Server(uvicorn.Server):
    """uvicorn's, without its signal handlers (the service has its own) and with word of when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Says that it listens."""
        await super().startup(sockets=sockets)
        self.listening.set()
