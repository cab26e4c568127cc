"""Fetching what a target publishes beside its API: without the partner key, and so without cost to its quota."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from probes import answers
from probes.model import Answer, Exchange, Failure, Phases, Target
from probes.requests import ApiRequest, Conversation, Requests
from probes.transport import Transport, TransportFailure
from probes.words import Published


async def fetch(
    target: Target,
    document: Published,
    *,
    seconds: float,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Exchange:
    """One GET of a published file, over by `seconds` from now, on a connection of its own; no redirect is followed.

    What the server does ends as an exchange; `expected` says that the file came. Raises LocalResourceError.
    """
    nobody = Conversation(actor_id="", timezone_offset_minutes=0)
    request = Requests(target, nobody).fetch(document)
    deadline = asyncio.get_running_loop().time() + seconds
    started_at = now()
    transport = Transport()
    try:
        response = await transport.handle_async_request(_wire_request(request, deadline))
    except TransportFailure as lost:
        failure = Failure(kind=lost.kind, expected="an answer", observed=lost.detail)
        return _exchange(request, started_at, lost.phases, lost.duration_seconds, failure=failure)
    finally:
        await transport.aclose()
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    answer = answers.read(response.status_code, headers, response.content, now=started_at)
    extensions = response.extensions
    return _exchange(request, started_at, extensions["phases"], extensions["duration_seconds"], answer=answer)


def _wire_request(request: ApiRequest, deadline: float) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        stream=httpx.ByteStream(request.body),
        extensions={"deadline": deadline},
    )


def _exchange(
    request: ApiRequest,
    started_at: datetime,
    phases: Phases,
    duration_seconds: float,
    *,
    answer: Answer | None = None,
    failure: Failure | None = None,
) -> Exchange:
    return Exchange(
        operation=request.operation,
        attempt=1,
        method=request.method,
        path=request.url.path,
        started_at=started_at,
        duration_seconds=duration_seconds,
        phases=phases,
        expected=answer is not None and answer.status_code == 200,
        answer=answer,
        failure=failure,
        own_key=request.own_key,
    )
