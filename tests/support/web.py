"""A web face on loopback with a client that speaks to it, and a bare socket for what no client would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from exporter.web import WebServer
from exporter.web.credentials import Bearer
from exporter.web.guard import NO_BEARERS


class FakeHealth:
    def __init__(self) -> None:
        self.started = True
        self.trouble: str | None = None

    def problem(self) -> str | None:
        return self.trouble


@asynccontextmanager
async def served(
    app: Starlette,
    *,
    host: str = "127.0.0.1",
    web_config: Path | None = None,
    verify: object = True,
    bearers: Mapping[str, Bearer] = NO_BEARERS,
) -> AsyncIterator[tuple[WebServer, httpx.AsyncClient]]:
    server = WebServer(host, 0, app, web_config, bearers=bearers)
    await server.start()
    scheme = server.url.partition(":")[0]
    base_url = f"{scheme}://127.0.0.1:{server.port}"
    try:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, verify=verify) as client:  # type: ignore[arg-type]
            yield server, client
    finally:
        await server.aclose()


def paths(app: Starlette) -> list[str]:
    return [route.path for route in app.routes if isinstance(route, Route)]


_EXAMPLES = {
    "/runbooks/{name}": "/runbooks/BrekServerErrors",
    "/find/{id:path}": "/find/abcd",
    "/runs/{id:path}": "/runs/abcdef",
    "/targets/{name:path}": "/targets/acme",
    "/scenarios/{name:path}": "/scenarios/quick_search",
}


def addresses(app: Starlette) -> list[str]:
    """One of each route that is read, as somebody would ask for it."""
    readable = (route for route in app.routes if isinstance(route, Route) and "GET" in (route.methods or ()))
    return [_EXAMPLES.get(route.path, route.path) for route in readable]


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A bare connection: sends bytes, and gives what comes back until the other side ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def exchange(sent: bytes) -> bytes:
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(-1), 5)
        except ConnectionError:
            return b""

    try:
        yield exchange
    finally:
        writer.close()
