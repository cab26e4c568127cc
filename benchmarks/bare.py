"""The baseline: the golden path's seven requests, and the cancel, over bare asyncio streams, judged by nothing."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

_BASE = "/api/partner/v1/core-chat"
_TEXTS = ("can you help me book option 1", "guest name is John Doe")
_SEARCH = "find me a las vegas hotel from 5/15 to 5/16 that is cheap and refundable"


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, key: str) -> None:
        self._reader, self._writer, self._host, self._key = reader, writer, host, key
        self.took: list[float] = []

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self._host}\r\nx-partner-api-key: {self._key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        began = time.perf_counter()
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        told = await self._reader.readexactly(length)
        self.took.append((time.perf_counter() - began) * 1000)
        found: dict[str, Any] = json.loads(told)
        return found

    def close(self) -> None:
        self._writer.close()


async def golden_path(
    base_url: str, api_key: str, attach_url: str, actor: str, *, took: list[float] | None = None
) -> str:
    """Plays it once and gives the chat status of the confirmation. `took` gets milliseconds of each exchange."""
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    stream = _Stream(reader, writer, parts.netloc, api_key)
    created = await stream.post(f"{_BASE}/sessions", {"actor": {"actorId": actor, "timezoneOffsetMinutes": -420}})
    session_id = created["data"]["sessionId"]

    async def say(text: str) -> dict[str, Any]:
        answer = await stream.post(f"{_BASE}/events", {"sessionId": session_id, "text": text})
        result: dict[str, Any] = answer["data"]["result"]
        return result

    result = await say(_SEARCH)
    for text in _TEXTS:
        result = await say(text)
    token = result["artifacts"]["payment"]["setupUrl"].rpartition("/")[2]
    card = {
        "paymentMethodId": "pm_card_visa",
        "cardBrand": "visa",
        "cardLast4": "4242",
        "expMonth": 12,
        "expYear": 2030,
    }
    await stream.post(urlsplit(attach_url).path, {"portalToken": token, **card, "setAsDefault": True})
    await say("Done")
    result = await say("yes, use this card")
    cancel = {
        "sessionId": session_id,
        "kind": "action_cancel_booking",
        "idempotencyKey": f"bare:{session_id}:cancel:001",
    }
    await stream.post(f"{_BASE}/events", cancel)
    stream.close()
    if took is not None:
        took += stream.took
    return str(result["status"])
