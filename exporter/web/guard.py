"""What every request passes before any route: the name it asks for, its credentials, its method.

Deny by default: whatever has no `Bearer` of its own here is read-only and behind the door, so that no route can be
forgotten. Answers carry headers that keep a browser from doing anything with them but showing them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.credentials import Bearer, Door
from exporter.web.pages.page import NOTHING_ALLOWED

_METHODS = frozenset({"GET", "HEAD"})
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": NOTHING_ALLOWED,
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
NO_BEARERS: Mapping[str, Bearer] = MappingProxyType({})


class Guard:
    """An ASGI app around another. Without `hosts` any Host header will do, without a `door` anybody comes in.

    `bearers` are the paths that take a POST, each with the credential that it asks for in place of the door's.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str] | None,
        door: Door | None,
        bearers: Mapping[str, Bearer] = NO_BEARERS,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._door = door
        self._bearers = bearers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request itself, or hands it on; nothing but HTTP comes through."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer: ASGIApp = await self._refusal(scope) or self._app
        await answer(scope, receive, send_guarded)

    async def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if self._hosts is not None and _host_name(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("This host name is not served here.\n", 421)
        bearer = self._bearers.get(scope["path"]) if scope["method"] == "POST" else None
        if bearer is not None:
            return _without_token(bearer, headers.get("authorization"))
        if self._door is not None and not await self._door.opens(headers.get("authorization")):
            challenge = {"www-authenticate": 'Basic realm="brekwatch", charset="UTF-8"'}
            return PlainTextResponse("Credentials, please.\n", 401, challenge)
        if scope["method"] not in _METHODS:
            return PlainTextResponse("Nothing can be changed here.\n", 405, {"allow": "GET, HEAD"})
        return None


def _without_token(bearer: Bearer, authorization: str | None) -> PlainTextResponse | None:
    if not bearer.configured:
        return PlainTextResponse(f"Nobody may tell anything here: {bearer.way_in}.\n", 403, {"connection": "close"})
    if not bearer.opens(authorization):
        challenge = {"www-authenticate": 'Bearer realm="brekwatch"', "connection": "close"}
        return PlainTextResponse("A token, please.\n", 401, challenge)
    return None


def _host_name(host: str) -> str:
    """The Host header without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
