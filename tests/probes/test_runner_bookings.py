"""What a run booked is taken back, whatever else went wrong."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from support.ledgers import FailingLedger
from support.playing import Heard, play, target_for

from probes.model import RunStart, StepResult
from probes.sandbox.server import SandboxServer
from probes.scenario import Act, Expect, Step
from probes.scenario_files import shipped
from probes.words import BookingState, FaultKind, Outcome


async def test_what_was_booked_is_cancelled_afterwards() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert [booking.cancelled for booking in sandbox.bookings] == [True]
    assert [booking.state for booking in run.bookings] == [BookingState.MADE, BookingState.CANCELLED]
    assert [step.name for step in run.cleanup] == ["cancel"]


async def test_every_booking_of_a_run_is_taken_back() -> None:
    golden = shipped()["golden_path"]
    asked = Expect(chat_statuses=("payment_confirmation_required",))
    again = tuple(
        replace(step, name=f"{step.name}_2", expect=asked if step.name == "name" else step.expect)
        for step in golden.steps
        if step.name not in {"attach_card", "done"}
    )
    async with SandboxServer() as sandbox:
        run = await play(replace(golden, steps=(*golden.steps, *again)), target_for(sandbox))

    assert run.outcome is Outcome.PASSED, run.detail
    assert [booking.cancelled for booking in sandbox.bookings] == [True, True]


async def test_a_refused_cancel_is_no_unexpected_status_code() -> None:
    """No document says what a cancel answers, so it may not weigh on what alerts count."""
    heard = Heard()
    wrong = Step(name="cancel", action=Act(kind="action_cancel_booking", payload={"bookingId": "nobodys"}))
    async with SandboxServer() as sandbox:
        await play(replace(shipped()["golden_path"], cleanup=(wrong,)), target_for(sandbox), listener=heard)

    assert heard.exchanges[-1].status_code == 400
    assert heard.exchanges[-1].expected


async def test_a_booking_that_the_ledger_can_not_keep_is_still_judged_and_cancelled() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=FailingLedger("book"), listener=heard)

    assert run.outcome is Outcome.PASSED
    assert [booking.cancelled for booking in sandbox.bookings] == [True]
    assert {fault.kind for fault in heard.faults} == {FaultKind.JOURNAL}


async def test_a_ledger_that_fails_after_the_booking_does_not_keep_it_from_being_cancelled() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=FailingLedger("intend", keeps_intents=5))

    assert run.outcome is Outcome.PASSED
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


async def test_a_bug_of_ours_in_the_cleanup_is_told_and_leaves_the_verdict_alone() -> None:
    heard = Heard()
    ledger = FailingLedger("intend", error=RuntimeError("a bug of ours"), keeps_intents=5)
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=ledger, listener=heard)

    assert run.outcome is Outcome.PASSED
    assert [fault.kind for fault in heard.faults] == [FaultKind.BUG]
    assert run.bookings[-1].state is BookingState.LEFT


async def test_a_cancelled_confirmation_is_looked_up_and_taken_back() -> None:
    heard = Heard()
    async with SandboxServer(faults=["hang@confirm"]) as sandbox:
        playing = asyncio.create_task(play("golden_path", target_for(sandbox), listener=heard))
        while not sandbox.bookings:
            await asyncio.sleep(0.01)
        playing.cancel()
        await asyncio.wait([playing])
        booked = sandbox.bookings

    assert [booking.cancelled for booking in booked] == [True]
    assert heard.runs[0].outcome is Outcome.UNKNOWN


class _StandsStill(Heard):
    """Blocks the loop until the deadline of the confirming turn has long passed: a busy machine, or a stop signal."""

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        if step.name == "done":
            asyncio.get_running_loop().call_later(0.25, time.sleep, 0.9)


async def test_what_was_booked_while_this_process_stood_still_is_looked_up_and_taken_back() -> None:
    async with SandboxServer(faults=["hang@confirm"]) as sandbox:
        run = await play(
            "golden_path", target_for(sandbox), listener=_StandsStill(), step_deadline_seconds=0.5, deadline_seconds=20
        )

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.STALL)
    assert [booking.cancelled for booking in sandbox.bookings] == [True]
    assert [booking.state for booking in run.bookings] == [BookingState.MADE, BookingState.CANCELLED]
