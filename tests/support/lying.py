"""A proxy in front of the sandbox that changes what it answers: a server that lies in any way a test likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import orjson


@dataclass(slots=True)
class Told:
    """An answer on its way to the client; a test's `lie` may change all of it."""

    method: str
    path: str
    request: bytes
    status_code: int
    headers: dict[str, str]
    body: bytes
    turn: int = 0

    @property
    def json(self) -> object:
        return orjson.loads(self.body)

    def say(self, value: object) -> None:
        self.body = orjson.dumps(value)


@dataclass(slots=True)
class Lying:
    """`async with Lying(sandbox.base_url, lie) as server: server.base_url`."""

    upstream: str
    lie: Callable[[Told], None]
    answers_a_connection: int | None = None
    """After so many answers a connection is closed, without a word in them."""
    received: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    base_url: str = ""
    _server: asyncio.Server | None = None
    _client: httpx.AsyncClient | None = None
    _turns: int = 0

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(base_url=self.upstream, trust_env=False)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._client is not None
        self._server.close()
        await self._client.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            left = self.answers_a_connection
            while left is None or left > 0:
                await self._answer_one(reader, writer)
                left = None if left is None else left - 1
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.received.append((method, path, headers, body))
        if path.endswith("/events"):
            self._turns += 1
        answer = await self._forward(method, path, headers, body)
        kept = {name: value for name, value in answer.headers.items() if name not in {"content-length", "connection"}}
        told = Told(method, path, body, answer.status_code, kept, answer.content, self._turns)
        self.lie(told)
        lines = [f"HTTP/1.1 {told.status_code} Told", *(f"{name}: {value}" for name, value in told.headers.items())]
        writer.write("\r\n".join([*lines, f"content-length: {len(told.body)}", "", ""]).encode("latin-1") + told.body)
        await writer.drain()

    async def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        assert self._client is not None
        passed_on = {name: value for name, value in headers.items() if name not in {"host", "content-length"}}
        return await self._client.request(method, path, headers=passed_on, content=body)


DROP = object()


def at(turn: int, change: Callable[[Any], None]) -> Callable[[Told], None]:
    """Changes the JSON of the answer to turn number `turn` (0: to POST /sessions)."""

    def lie(told: Told) -> None:
        concerned = told.path.endswith("/sessions") if turn == 0 else told.path.endswith("/events")
        if concerned and told.turn == turn:
            body = deepcopy(told.json)
            change(body)
            told.say(body)

    return lie


def put(path: str, value: object) -> Callable[[Any], None]:
    *parents, last = path.split(".")

    def change(body: Any) -> None:
        for name in parents:
            body = body[name]
        if value is DROP:
            del body[last]
        else:
            body[last] = value

    return change
