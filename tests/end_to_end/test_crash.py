"""kill -9 of the real service, at each point of its work and at any moment: what it acknowledged is kept, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from support.commands import start, variables_of
from support.crashes import BOOKING, HARMLESS, POINTS, SLOW_SECONDS, Ordeal, Point, seeded
from support.lives import PLENTY, Serving
from support.onlooker import Onlooker

from probes.sandbox.server import SandboxServer

_KILLS = 200
_UNTIL_PUT_IN_ORDER = 20
_OF_DEFAULT = "SELECT outcome FROM runs WHERE target = 'default'"


async def _killed_at(points: Sequence[Point], journal_url: str, folder: Path, random: Random) -> Ordeal:
    """What is left of a service that was killed at each of these points, and put in order now and then."""
    async with SandboxServer(minute_quota=PLENTY, slow_seconds=SLOW_SECONDS) as sandbox:
        serving = Serving(folder, sandbox, journal_url, books=BOOKING, looks=HARMLESS)
        ordeal = Ordeal(serving, sandbox, journal_url, random)
        try:
            for number, point in enumerate(points, 1):
                await ordeal.live_and_die(point)
                if number % _UNTIL_PUT_IN_ORDER == 0:
                    await ordeal.live_on()
            if len(points) % _UNTIL_PUT_IN_ORDER:
                await ordeal.live_on()
        finally:
            await serving.kill()
        return ordeal


async def test_what_was_acknowledged_outlives_a_kill_at_each_point(journal_url: str, tmp_path: Path) -> None:
    ordeal = await _killed_at(POINTS, journal_url, tmp_path, seeded(5))

    assert ordeal.complaints() == []
    assert ordeal.unreached(POINTS) == []


@pytest.mark.crash
async def test_what_was_acknowledged_outlives_two_hundred_kills(journal_url: str, tmp_path: Path) -> None:
    random = seeded(200)
    points = list(POINTS) * (_KILLS // len(POINTS))
    random.shuffle(points)

    ordeal = await _killed_at(points, journal_url, tmp_path, random)

    assert ordeal.complaints() == []
    assert ordeal.unreached(POINTS) == []


async def test_a_run_beside_the_service_has_its_verdict_once_its_process_is_gone_and_not_before(
    journal_url: str, tmp_path: Path
) -> None:
    async with SandboxServer(minute_quota=PLENTY, faults=["hang@search"]) as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": journal_url}
        beside = await start("run", "decline_payment", environment=environment)
        serving = Serving(tmp_path, sandbox, journal_url, books=BOOKING, looks=HARMLESS)
        with Onlooker(journal_url) as look:
            try:
                while not any(request.status_code is None for request in sandbox.requests):
                    await asyncio.sleep(0.01)
                sandbox.set_faults([])
                await serving.start()
                assert await serving.until(lambda: look.count("runs WHERE outcome = 'passed'") > 0), serving.tail()
                while_it_lives = look.rows(_OF_DEFAULT)
                beside.kill()
                closed = await serving.until(lambda: look.rows(_OF_DEFAULT) == [("unknown",)])
            finally:
                await beside.wait()
                await serving.kill()

    assert while_it_lives == [(None,)]
    assert closed, serving.tail()
