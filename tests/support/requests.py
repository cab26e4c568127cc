"""Short ways to send one request over a transport, with a deadline of a fraction of a second."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from probes.transport import Transport, TransportFailure

SOON = 0.25  # seconds, for requests that are meant to run out of time
LATER = 5.0  # seconds, for those that aren't


async def send(
    transport: Transport, url: str, *, content: bytes | None = None, seconds: float = LATER, once: bool = False
) -> httpx.Response:
    """GET, or POST where there is content."""
    deadline = asyncio.get_running_loop().time() + seconds
    method = "GET" if content is None else "POST"
    return await transport.handle_async_request(
        httpx.Request(method, url, content=content, extensions={"deadline": deadline, "once": once})
    )


async def lose(
    transport: Transport, url: str, *, content: bytes | None = None, seconds: float = LATER
) -> TransportFailure:
    """The same for a request that must get no answer."""
    with pytest.raises(TransportFailure) as caught:
        await send(transport, url, content=content, seconds=seconds)
    return caught.value
