"""Five hundred slow sockets and bodies of a hundred megabytes against a service: probes stay on time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
import pytest
from support.attacks import MEGABYTE, send_body, slow_sockets
from support.lives import PLENTY, Serving
from support.prometheus import samples
from support.webhooks import TOKEN

from probes.sandbox.server import SandboxServer

SOCKETS = 500
BIG = 100 * MEGABYTE
MOST_MEMORY = 48 * MEGABYTE
WATCHED_SECONDS = 4.0
SLACK_SECONDS = 0.25  # what else a busy machine does in the meantime
_LATENESS = "brek_monitor_slot_lateness_seconds"
_BODIES = {
    "a body where none is taken": "POST / HTTP/1.1",
    "a body without a token": "POST /alerts HTTP/1.1",
    "a body with the token": f"POST /alerts HTTP/1.1\r\nauthorization: Bearer {TOKEN}",
    "a body to what is read": "GET /metrics HTTP/1.1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What happened to slots in a stretch of time."""

    slots: float
    late: float
    mean_lateness_seconds: float


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Serving]:
    """Four searches a second, in a process of its own; Alertmanager may tell it of alerts."""
    async with SandboxServer(minute_quota=PLENTY) as sandbox:
        serving = Serving(
            tmp_path, sandbox, f"sqlite:///{tmp_path}/journal.db", books=(), looks=("quick_search",), every="1s"
        )
        config = tmp_path / "brekwatch.yaml"
        config.write_text(config.read_text().replace("service:", f"service:\n  webhook_token: {TOKEN}", 1))
        await serving.start()
        try:
            await serving.until_started()
            yield serving
        finally:
            await serving.kill()


def port_of(serving: Serving) -> int:
    return urlsplit(serving.events("service_started")[-1]["url"]).port or 0


async def asked(port: int, path: str) -> bytes:
    """The answer. Who is thrown out among a crowd asks again, as Prometheus does."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                    return (await client.get(path)).raise_for_status().content


async def totals(serving: Serving) -> tuple[float, float, float]:
    """Slots so far, those that were more than a second late, and the lateness of all."""
    told = samples(await asked(port_of(serving), "/metrics"))
    of = {sample.name: sample.value for sample in told if sample.name in {f"{_LATENESS}_count", f"{_LATENESS}_sum"}}
    in_time = sum(each.value for each in told if (each.name, each.labels.get("le")) == (f"{_LATENESS}_bucket", "1.0"))
    count = of[f"{_LATENESS}_count"]
    return count, count - in_time, of[f"{_LATENESS}_sum"]


async def watched(serving: Serving, seconds: float) -> Seen:
    before = await totals(serving)
    await serving.rest(seconds)
    slots, late, lateness = (after - early for early, after in zip(before, await totals(serving), strict=True))
    return Seen(slots=slots, late=late, mean_lateness_seconds=lateness / slots)


async def answer_seconds(port: int) -> float:
    began = time.monotonic()
    await asked(port, "/healthz")
    return time.monotonic() - began


def memory_bytes(serving: Serving) -> int:
    status = Path(f"/proc/{serving.pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


async def test_probes_stay_on_time_and_health_is_told_among_slow_sockets(serving: Serving) -> None:
    port = port_of(serving)
    await serving.rest(2)
    calm, memory = await watched(serving, WATCHED_SECONDS), memory_bytes(serving)
    async with slow_sockets(port, SOCKETS) as slowness:
        attacked = await watched(serving, WATCHED_SECONDS)
        waits = [await answer_seconds(port) for _ in range(5)]
        grown = memory_bytes(serving) - memory
    afterwards = await answer_seconds(port)

    assert attacked.slots >= calm.slots / 2
    assert attacked.late <= calm.late + attacked.slots / 4
    assert attacked.mean_lateness_seconds < calm.mean_lateness_seconds + SLACK_SECONDS
    assert median(waits) < 1
    assert slowness.made > SOCKETS
    assert grown < MOST_MEMORY
    assert afterwards < 1


async def test_probes_stay_on_time_and_little_is_taken_in_of_big_bodies(serving: Serving) -> None:
    port = port_of(serving)
    await serving.rest(2)
    calm, memory = await watched(serving, WATCHED_SECONDS), memory_bytes(serving)
    watching = asyncio.create_task(watched(serving, WATCHED_SECONDS))
    taken = dict.fromkeys(_BODIES, 0)
    while not watching.done():
        for name, head in _BODIES.items():
            taken[name] = max(taken[name], await send_body(port, head, BIG))
    attacked, grown = await watching, memory_bytes(serving) - memory

    assert {name: sent for name, sent in taken.items() if sent > BIG / 10} == {}
    assert attacked.late <= calm.late + attacked.slots / 4
    assert attacked.mean_lateness_seconds < calm.mean_lateness_seconds + SLACK_SECONDS
    assert grown < MOST_MEMORY
    assert await answer_seconds(port) < 1
