"""A run ends with the right verdict, whatever the API does and whatever breaks on our side."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from support.ledgers import FailingLedger
from support.playing import Heard, play, scenario_of, target_for

from probes.model import Portal
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.scenario import CreateSession, Say, Step
from probes.scenario_files import shipped
from probes.words import FailureKind, FaultKind, Outcome, SkipReason

ALL_STATUSES = (
    "shortlist",
    "guest_name_required",
    "payment_setup_required",
    "payment_confirmation_required",
    "booked",
)


@pytest.mark.parametrize("name", shipped())
async def test_every_shipped_scenario_passes_on_the_sandbox(name: str) -> None:
    async with SandboxServer() as sandbox:
        run = await play(name, target_for(sandbox, other_api_key=Secret(sandbox.other_api_key or "")))

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert run.findings == ()


async def test_the_golden_path_goes_through_the_guides_statuses_and_books_once() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert tuple(change.to_status for change in run.transitions) == ALL_STATUSES
    assert all(change.documented for change in run.transitions)
    assert len(sandbox.bookings) == 1


async def test_a_declined_payment_books_nothing() -> None:
    async with SandboxServer() as sandbox:
        run = await play("decline_payment", target_for(sandbox))

    assert run.outcome is Outcome.PASSED
    assert sandbox.bookings == ()


async def test_steps_after_a_failed_one_are_told_as_skipped() -> None:
    async with SandboxServer(faults=["auth_rejected@book"]) as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert [step.outcome for step in run.steps] == ["passed", "passed", "failed", *["skipped"] * 4]
    assert [step.name for step in run.steps] == [step.name for step in shipped()["golden_path"].steps]


async def test_an_unreachable_server_fails_the_first_step() -> None:
    async with SandboxServer() as sandbox:
        target = target_for(sandbox)
    run = await play("quick_search", target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.CONNECT)


async def test_a_wrong_key_is_told_as_rejected_and_never_repeated() -> None:
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox, api_key=Secret("not-the-key-of-anybody")))

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.AUTH_REJECTED)
    assert len(sandbox.requests) == 1


async def test_a_value_that_no_answer_gave_is_a_failed_step_and_no_crash() -> None:
    heard = Heard()
    scenario = scenario_of(
        Step(name="create_session", action=CreateSession()),
        Step(name="book", action=Say(text="book {{ create_session.shortlist[7].optionId }}")),
    )
    async with SandboxServer() as sandbox:
        run = await play(scenario, target_for(sandbox), listener=heard)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ARTIFACT)
    assert heard.faults == []


async def test_a_step_over_its_budget_degrades_the_run() -> None:
    quick = shipped()["quick_search"]
    hurried = replace(quick.steps[1], expect=replace(quick.steps[1].expect, within_seconds=1e-6))
    async with SandboxServer() as sandbox:
        run = await play(replace(quick, steps=(quick.steps[0], hurried)), target_for(sandbox))

    assert (run.outcome, run.reason) == (Outcome.DEGRADED, FailureKind.LATENCY)


async def test_a_missing_portal_skips_what_attaches_a_card_before_anything_is_sent() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox, portal=None))

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.PORTAL)
    assert len(sandbox.requests) == 0


async def test_a_card_that_the_scenario_leaves_open_is_the_targets_test_card() -> None:
    async with SandboxServer() as sandbox:
        portal = Portal(attach_url=sandbox.attach_url, test_card="mastercard")
        run = await play("golden_path", target_for(sandbox, portal=portal))
        (attach,) = [request.body for request in sandbox.requests if b"portalToken" in request.body]

    assert run.outcome is Outcome.PASSED
    assert b'"cardLast4":"4444"' in attach


async def test_a_bug_of_ours_is_unknown_and_never_the_apis_fault() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play(
            "quick_search",
            target_for(sandbox),
            ledger=FailingLedger("intend", error=RuntimeError("a bug of ours")),
            listener=heard,
        )

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.BUG)
    assert [step.outcome for step in run.steps] == ["passed", "unknown", "skipped"]
    assert [fault.kind for fault in heard.faults] == [FaultKind.BUG]


async def test_a_run_that_breaks_before_its_first_step_has_a_verdict() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        breaks = FailingLedger("begin_run", error=RuntimeError("a bug of ours"))
        run = await play("quick_search", target_for(sandbox), ledger=breaks, listener=heard)
        is_cancelled = FailingLedger("begin_run", error=asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await play("quick_search", target_for(sandbox), ledger=is_cancelled, listener=heard)

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.BUG)
    assert [told.reason for told in heard.runs] == [FaultKind.BUG, FaultKind.CANCELLED]


async def test_a_listener_that_raises_is_a_monitor_fault_and_ends_no_run() -> None:
    class Broken(Heard):
        def step_finished(self, start: object, step: object) -> None:
            raise RuntimeError("a bug of a listener")

    heard = Broken()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), listener=heard)

    assert run.outcome is Outcome.PASSED
    assert {fault.kind for fault in heard.faults} == {FaultKind.LISTENER}


def test_durations_are_measured_finer_than_a_millisecond_on_uvloop_too() -> None:
    async def one_run() -> list[float]:
        async with SandboxServer() as sandbox:
            run = await play("quick_search", target_for(sandbox))
        return [run.duration_seconds, *(step.duration_seconds for step in run.steps)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        durations = runner.run(one_run())

    assert all(abs(seconds * 1000 - round(seconds * 1000)) > 1e-5 for seconds in durations)


async def test_a_run_leaves_no_connection_open() -> None:
    async with SandboxServer() as sandbox:
        await play("quick_search", target_for(sandbox))
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(10):
            await play("golden_path", target_for(sandbox))
        await asyncio.sleep(0.05)
        after = len(list(Path("/proc/self/fd").iterdir()))

    assert after <= before + 1
