"""A run ends in time: at its deadline, when it is cancelled, and when this process slept."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.playing import Heard, play, target_for

from probes.sandbox.server import SandboxServer
from probes.words import BookingState, FailureKind, FaultKind, Outcome


async def test_the_runs_deadline_ends_it_whatever_a_step_may_take() -> None:
    began = time.monotonic()
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox), deadline_seconds=0.3, step_deadline_seconds=30.0)
    took = time.monotonic() - began

    assert run.reason == FailureKind.TIMEOUT
    assert took < 0.3 + 0.5


async def test_a_server_that_answers_nothing_any_more_ends_within_a_second_of_the_deadline() -> None:
    """The confirmation, the snapshot that looks it up and the cancel hang, all three."""
    faults = ["hang@confirm", "hang@get_session", "hang@cancel"]
    began = time.monotonic()
    async with SandboxServer(faults=faults) as sandbox:
        run = await play("golden_path", target_for(sandbox), deadline_seconds=0.4, step_deadline_seconds=30.0)
    took = time.monotonic() - began

    assert run.reason == FailureKind.TIMEOUT
    assert run.bookings[0].state is BookingState.UNCLEAR
    assert took < 0.4 + 1.0


async def test_a_deadline_that_we_slept_through_is_our_fault() -> None:
    heard = Heard()
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        playing = asyncio.create_task(
            play("quick_search", target_for(sandbox), listener=heard, step_deadline_seconds=0.2)
        )
        while not any(request.path.endswith("/events") for request in sandbox.requests):
            await asyncio.sleep(0.01)
        time.sleep(0.9)  # noqa: ASYNC251 - the very fault
        run = await playing

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.STALL)
    assert [fault.kind for fault in heard.faults] == [FaultKind.STALL]


@pytest.mark.parametrize("step", ["search", "confirm"])
async def test_a_cancelled_run_is_unknown_told_and_cleaned_up(step: str) -> None:
    heard = Heard()
    async with SandboxServer(faults=[f"hang@{step}"]) as sandbox:
        playing = asyncio.create_task(play("golden_path", target_for(sandbox), listener=heard))
        while not any(step in (intent_key(request.body)) for request in sandbox.requests):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        began = time.monotonic()
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        took = time.monotonic() - began

    (run,) = heard.runs
    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.CANCELLED)
    assert next(result for result in run.steps if result.name == step).outcome is Outcome.UNKNOWN
    assert took < 1.0


def intent_key(body: bytes) -> str:
    return body.decode().partition('"idempotencyKey":"')[2]
