"""A partner of the sandbox in tests: speaks the guide's requests over plain httpx, and nothing of our client's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Self

import httpx
import orjson

from probes.sandbox.server import SandboxServer

BASE = "/api/partner/v1/core-chat"
NOON = 1_795_521_600.0  # 2026-11-24T12:00:00Z
SEARCH = "find me a las vegas hotel from 5/15 to 5/16 that is cheap and refundable"
VISA = {"paymentMethodId": "pm_card_visa", "cardBrand": "visa", "cardLast4": "4242", "expMonth": 12, "expYear": 2030}


class Partner:
    """One partner's backend. Answers come back raw: what they should say is for the test to judge."""

    def __init__(self, sandbox: SandboxServer, http: httpx.AsyncClient, key: str | None = None) -> None:
        self.sandbox = sandbox
        self.http = http
        self.headers = {"x-partner-api-key": key or sandbox.api_key}

    def other(self) -> Partner:
        """The second partner, over the same connections."""
        return Partner(self.sandbox, self.http, self.sandbox.other_api_key)

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.http.post(f"{BASE}{path}", json=body, headers=self.headers)

    async def open(self, actor: str = "guest-1", offset: int = -420) -> str:
        answer = await self.post("/sessions", {"actor": {"actorId": actor, "timezoneOffsetMinutes": offset}})
        return str(answer.json()["data"]["sessionId"])

    async def say(self, session: str, text: str, key: str | None = None, **more: object) -> httpx.Response:
        keyed = {"idempotencyKey": key} if key else {}
        return await self.post("/events", {"sessionId": session, "text": text, **keyed, **more})

    async def act(self, session: str, kind: str, key: str | None = None, **payload: object) -> httpx.Response:
        keyed = {"idempotencyKey": key} if key else {}
        return await self.post("/events", {"sessionId": session, "kind": kind, "payload": payload, **keyed})

    async def read(self, session: str) -> httpx.Response:
        return await self.http.get(f"{BASE}/sessions/{session}", headers=self.headers)

    async def attach(self, setup_url: str, **changes: object) -> httpx.Response:
        body = {"portalToken": setup_url.rpartition("/")[2], **VISA, "setAsDefault": True, **changes}
        return await self.http.post(self.sandbox.attach_url, json=body)

    async def to_name(self, actor: str = "guest-1") -> str:
        """A session that wants the guest's name."""
        session = await self.open(actor)
        await self.say(session, SEARCH)
        await self.say(session, "can you help me book option 1")
        return session

    async def to_setup(self, actor: str = "guest-1") -> tuple[str, str]:
        """A session that wants a card, and its setup URL."""
        session = await self.to_name(actor)
        answer = await self.say(session, "guest name is John Doe")
        return session, artifacts(answer)["payment"]["setupUrl"]

    async def to_consent(self, actor: str = "guest-1") -> str:
        """A session that asks for consent."""
        session, setup_url = await self.to_setup(actor)
        await self.attach(setup_url)
        await self.say(session, "Done")
        return session


def status(answer: httpx.Response) -> str:
    return str(answer.json()["data"]["result"]["status"])


def artifacts(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["data"]["result"]["artifacts"]
    return found


@asynccontextmanager
async def partner_of(**options: Any) -> AsyncIterator[Partner]:
    """A sandbox on loopback at noon on 24 November 2026, and its first partner."""
    known = {"now": lambda: NOON, "random": Random(1), **options}  # noqa: S311 - the same ids in every test run
    async with (
        SandboxServer(**known) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False, timeout=5) as http,
    ):
        yield Partner(sandbox, http)


class RawConnection:
    """One connection, byte by byte: for what a polite client never sends, and for speed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, sandbox: SandboxServer) -> Self:
        host, _, port = sandbox.base_url.removeprefix("http://").rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.writer.transport.abort()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, body: bool = True) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        content = await self.reader.readexactly(int(headers["content-length"])) if body else b""
        return int(head[0].split()[1]), headers, content

    async def call(self, path: str, body: object, key: str) -> Any:
        content = orjson.dumps(body)
        self.send(request_bytes("POST", path, content, key))
        return orjson.loads((await self.answer())[2])["data"]


def request_bytes(method: str, path: str, content: bytes = b"", key: str = "", *headers: str) -> bytes:
    """A request as it stands on the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: sandbox", f"Content-Length: {len(content)}", *headers]
    if key:
        lines.append(f"X-Partner-Api-Key: {key}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
