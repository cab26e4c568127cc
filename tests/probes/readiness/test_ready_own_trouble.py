"""The monitor's own trouble is nobody's fault but ours: it can't be told then, and no check fails by it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.facts import a_run, a_target
from support.hostile import closed_port
from support.ledgers import FailingLedger
from support.playing import Heard as Listening
from support.playing import play
from support.readying import judged, played, ready_target

from probes.model import MonitorFault
from probes.readiness.checks import Heard
from probes.readiness.words import CheckState, Verdict
from probes.sandbox.server import SandboxServer
from probes.words import FaultKind, Outcome, SkipReason


@pytest.mark.parametrize("call", ["begin_run", "intend"])
async def test_a_ledger_that_can_not_commit_is_ours(call: str) -> None:
    async with SandboxServer() as sandbox:
        readied = await played(ready_target(sandbox), ledger=FailingLedger(call))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])
    assert readied.state("scenario:golden_path") is CheckState.CANNOT_TELL
    assert "the disk is full" in readied.sentence


async def test_being_offline_is_ours() -> None:
    target = a_target(base_url=f"http://127.0.0.1:{closed_port()}")
    readied = await played(target, references=(f"127.0.0.1:{closed_port()}",), scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])
    assert (
        readied.check("scenario:quick_search").what_to_do == "This machine is offline: mend that, then play it again."
    )


async def test_an_api_that_nobody_reaches_is_not_ours_where_no_reference_is_given() -> None:
    readied = await played(a_target(base_url=f"http://127.0.0.1:{closed_port()}"), scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.NOT_READY, ["scenario:quick_search"])
    assert "connect" in readied.sentence


async def test_a_check_that_was_interrupted_can_not_tell() -> None:
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        target, listening = ready_target(sandbox), Listening()
        playing = asyncio.create_task(play("quick_search", target, listener=listening))
        while not listening.exchanges:
            await asyncio.sleep(0.01)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    heard = Heard(runs=tuple(listening.runs), broken_off="it was interrupted")
    readied = judged(target, heard, scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])
    assert readied.sentence.startswith("can't tell, because it was interrupted")


@pytest.mark.parametrize("reason", [SkipReason.QUOTA, SkipReason.JOURNAL, SkipReason.PORTAL, SkipReason.SAFETY])
def test_a_run_that_was_skipped_tells_nothing(reason: SkipReason) -> None:
    skipped = a_run(Outcome.SKIPPED, steps=(), reason=reason, detail="not now")
    readied = judged(a_target(), Heard(runs=(skipped,)), scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])
    assert readied.check("scenario:quick_search").seen == f"skipped ({reason}): not now"
    assert readied.check("scenario:quick_search").what_to_do


def test_what_stands_in_an_unknown_run_fails_no_check() -> None:
    failed = a_run(Outcome.FAILED)
    unknown = replace(failed, outcome=Outcome.UNKNOWN, reason=FaultKind.BUG, detail="ours")
    readied = judged(a_target(), Heard(runs=(unknown,)), scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])


def test_runs_that_were_never_played_leave_it_open() -> None:
    readied = judged(a_target(), Heard(broken_off="--max-requests was reached"), scenarios=("quick_search",))

    assert (readied.verdict, readied.failed) == (Verdict.CANNOT_TELL, [])
    assert "0 of 1 runs were played: --max-requests was reached" in readied.check("scenario:quick_search").seen


def test_what_broke_it_off_is_told_once_however_much_was_left() -> None:
    left = ("quick_search", "auth_styles")
    readied = judged(a_target(), Heard(broken_off="--max-requests was reached"), scenarios=left)

    assert readied.sentence.count("--max-requests was reached") == 1
    assert "so 2 scenarios were not played to the end" in readied.sentence
    assert "the monitor's fault" not in readied.check("scenario:auth_styles").what_to_do


@pytest.mark.parametrize("kind", [FaultKind.JOURNAL, FaultKind.LISTENER, FaultKind.STALL, FaultKind.CLOCK])
def test_good_runs_beside_trouble_of_ours_are_no_yes(kind: FaultKind) -> None:
    heard = Heard(runs=(a_run(),), faults=(MonitorFault(kind=kind, detail="so it was"),))
    readied = judged(a_target(), heard, scenarios=("quick_search",))

    assert readied.verdict is Verdict.CANNOT_TELL
    assert f"the monitor had trouble of its own ({kind}): so it was" in readied.sentence


@pytest.mark.parametrize("kind", [FaultKind.SENTRY, FaultKind.DELIVERY])
def test_a_notice_that_nobody_got_stands_in_nobodys_way(kind: FaultKind) -> None:
    heard = Heard(runs=(a_run(),), faults=(MonitorFault(kind=kind, detail="so it was"),))

    assert judged(a_target(), heard, scenarios=("quick_search",)).verdict is Verdict.READY


def test_a_failure_that_was_seen_stays_one_beside_trouble_of_ours() -> None:
    heard = Heard(runs=(a_run(Outcome.FAILED),), broken_off="it was interrupted")
    readied = judged(a_target(), heard, scenarios=("quick_search",))

    assert readied.verdict is Verdict.NOT_READY
    assert "(it was interrupted)" in readied.sentence


def test_a_stall_of_this_process_makes_no_answer_late() -> None:
    slow = a_run(duration_seconds=99.0)
    stalled = Heard(runs=(slow,), faults=(MonitorFault(kind=FaultKind.STALL, detail="busy"),))

    assert judged(a_target(), Heard(runs=(slow,)), scenarios=("quick_search",)).state("latency") is CheckState.FAILED
    assert judged(a_target(), stalled, scenarios=("quick_search",)).state("latency") is CheckState.CANNOT_TELL
