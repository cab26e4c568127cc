"""`--max-requests` is a hard cap: retries count, and what takes a booking back is kept for that."""

from __future__ import annotations

import pytest
from support.playing import Heard, target_for

from exporter.ready_cap import RequestCap
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.model import Run
from probes.quota import requests_of
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.words import BookingState, Outcome, SkipReason

ALL = shipped()


async def play_within(cap: RequestCap, sandbox: SandboxServer, name: str) -> Run:
    runner = Runner(ledger=MemoryLedger(), listener=Listeners(Heard(), cap), permit=cap.permit, uniform=lambda *_: 0.0)
    return await runner.play(ALL[name], target_for(sandbox))


@pytest.mark.parametrize(
    "name", ["golden_path", "idempotent_replay", "book_by_action", "quick_search", "error_catalog"]
)
async def test_a_plan_of_just_as_many_requests_as_allowed_is_played_whole(name: str) -> None:
    cap = RequestCap(ALL, requests_of(ALL[name]))
    async with SandboxServer() as sandbox:
        run = await play_within(cap, sandbox, name)

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert cap.sent == requests_of(ALL[name])
    assert cap.reached is None


async def test_a_retry_takes_what_the_end_would_have_needed() -> None:
    cap = RequestCap(ALL, requests_of(ALL["quick_search"]))
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        run = await play_within(cap, sandbox, "quick_search")
        sent = len(sandbox.requests)

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    assert cap.reached is not None
    assert sent == cap.sent == requests_of(ALL["quick_search"])


async def test_a_booking_is_taken_back_however_tight_the_cap_is() -> None:
    cap = RequestCap(ALL, requests_of(ALL["idempotent_replay"]) - 1)
    async with SandboxServer() as sandbox:
        run = await play_within(cap, sandbox, "idempotent_replay")

    assert run.outcome is Outcome.SKIPPED
    assert [booking.state for booking in run.bookings][-1] is BookingState.CANCELLED
    assert cap.sent == requests_of(ALL["idempotent_replay"]) - 1


async def test_without_a_cap_all_is_counted_and_nothing_refused() -> None:
    cap = RequestCap(ALL, None)
    async with SandboxServer() as sandbox:
        run = await play_within(cap, sandbox, "golden_path")

    assert run.outcome is Outcome.PASSED
    assert cap.sent == requests_of(ALL["golden_path"])
