"""One request to a receiver, over the probes' own transport: bounded, never redirected, past every proxy variable.

What comes back is read no further than 64 KiB and thrown away; only its status counts. Nothing here names an address:
that may be a secret.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from probes.errors import LocalResourceError
from probes.redaction import Secret
from probes.transport import Transport, TransportFailure

DEADLINE_SECONDS = 10.0
_MOST_ANSWER_BYTES = 65_536
_RETRIED = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, and where; POST where there is content."""

    url: Secret
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How it went: a status, or why there is none. `retry_after_seconds` is what the receiver asked for, clamped."""

    status_code: int | None = None
    problem: str | None = None
    retry_after_seconds: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def refused(self) -> bool:
        """Whether the same again would hardly be taken: a wrong address or secret, or a message it doesn't like."""
        return self.status_code is not None and 300 <= self.status_code < 500 and self.status_code not in _RETRIED

    def __str__(self) -> str:
        if self.problem is not None:
            return self.problem
        more = ": it redirects, which is never followed" if 300 <= (self.status_code or 0) < 400 else ""
        return f"it answered {self.status_code}{more}"


Send = Callable[[Request], Awaitable[Answer]]


async def send(request: Request, *, seconds: float = DEADLINE_SECONDS) -> Answer:
    """One try, over within that time; never raises for what the other side or the network does."""
    transport = Transport(most_body_bytes=_MOST_ANSWER_BYTES)
    deadline = asyncio.get_running_loop().time() + seconds
    method = "GET" if request.content is None else "POST"
    headers = {"user-agent": "brekwatch", "accept-encoding": "identity", **request.headers}
    wire = httpx.Request(
        method, request.url.reveal(), headers=headers, content=request.content, extensions={"deadline": deadline}
    )
    try:
        response = await transport.handle_async_request(wire)
    except TransportFailure as failure:
        if failure.status_code is not None:
            return Answer(status_code=failure.status_code)
        return Answer(problem=f"no answer ({failure.kind})")
    except LocalResourceError as problem:
        return Answer(problem=str(problem))
    finally:
        await transport.aclose()
    return Answer(status_code=response.status_code, retry_after_seconds=_retry_after(response.headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now, of a number or of a date; None for what is neither."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else _until(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else None


def _until(text: str) -> float:
    at = parsedate_to_datetime(text)
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
