"""As much HTTP as the monitor's requests need, for small servers of the tests: a request in, an answer out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True, kw_only=True)
class Received:
    """A request: `turn` counts POST /events from 1, `attempt` how often these very bytes came."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    turn: int = 0
    attempt: int = 1

    @property
    def said(self) -> tuple[str, str, bytes]:
        """What a request sent again has in common with the first one."""
        return self.method, self.path, self.content

    @property
    def body(self) -> Any:
        return orjson.loads(self.content) if self.content else {}


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer; a body of bytes is sent as it is, another as JSON. `raw` is the whole answer, and then the end."""

    status_code: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def status(self) -> str:
        """`data.result.status` of a turn's success."""
        body: Any = self.body
        return str(body["data"]["result"]["status"])


class Wire(asyncio.Protocol):
    """One connection of such a server; `connections` are those that are open."""

    def __init__(self, answer: Callable[[Received], Reply], connections: set[asyncio.Transport]) -> None:
        self._answer = answer
        self._connections = connections
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        method, path, _ = first.split(" ")
        reply = self._answer(Received(method=method, path=path, headers=headers, content=rest[:length]))
        if reply.raw is not None:
            self._transport.write(reply.raw)
            self._transport.close()
            return
        content = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
        told = {"content-type": "application/json", **reply.headers, "content-length": str(len(content))}
        lines = [f"HTTP/1.1 {reply.status_code} Told", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1") + content)
