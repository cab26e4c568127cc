"""Fetching what a target publishes beside its API: without the partner key, and so without cost to its quota.

Source: the guide's "Machine-readable resources"; whoever hosts the API uses the same paths on a domain of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx

from probes import answers
from probes.model import Exchange, Failure, Phases, Target
from probes.transport import Transport, TransportFailure
from probes.words import Operation

PATHS: Mapping[Operation, str] = {
    Operation.GET_OPENAPI: "/openapi/partner-core-chat-v1.yaml",
    Operation.GET_LLMS: "/llms.txt",
}
_HEADERS = (("accept", "*/*"), ("accept-encoding", "identity"), ("user-agent", "brekwatch"), ("connection", "close"))


async def fetch(
    target: Target,
    operation: Operation,
    *,
    seconds: float,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Exchange:
    """One GET of a published file, over by `seconds` from now, on a connection of its own; no redirect is followed.

    What the server does ends as an exchange; `expected` says that the file came. Raises LocalResourceError.
    """
    url = httpx.URL(target.base_url.rstrip("/") + PATHS[operation])
    deadline = asyncio.get_running_loop().time() + seconds
    headers = [("host", url.netloc.decode("ascii")), *_HEADERS]
    request = httpx.Request(
        "GET", url, headers=headers, stream=httpx.ByteStream(b""), extensions={"deadline": deadline}
    )
    started_at = now()
    transport = Transport()
    try:
        response = await transport.handle_async_request(request)
    except TransportFailure as lost:
        return _exchange(
            operation,
            url,
            started_at,
            phases=lost.phases,
            duration_seconds=lost.duration_seconds,
            failure=Failure(kind=lost.kind, expected="an answer", observed=lost.detail),
        )
    finally:
        await transport.aclose()
    return _exchange(
        operation,
        url,
        started_at,
        phases=response.extensions["phases"],
        duration_seconds=response.extensions["duration_seconds"],
        response=response,
    )


def _exchange(
    operation: Operation,
    url: httpx.URL,
    started_at: datetime,
    *,
    phases: Phases,
    duration_seconds: float,
    failure: Failure | None = None,
    response: httpx.Response | None = None,
) -> Exchange:
    answer = None
    if response is not None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        answer = answers.read(response.status_code, headers, response.content, now=started_at)
    return Exchange(
        operation=operation,
        attempt=1,
        method="GET",
        path=url.path,
        started_at=started_at,
        duration_seconds=duration_seconds,
        phases=phases,
        expected=answer is not None and answer.status_code == 200,
        answer=answer,
        failure=failure,
        own_key=False,
    )
