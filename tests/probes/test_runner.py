"""A run ends with the right verdict, in time, and books at most once, whatever the API does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from support.playing import Heard, play, target_for

from probes.errors import LedgerUnavailableError
from probes.ledger import MemoryLedger
from probes.model import AllowBookings, Exchange, Intent, Portal, RunStart, Target
from probes.redaction import Secret
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.scenario import Act, CreateSession, Expect, ReadSession, Say, Scenario, Step
from probes.scenario_files import shipped
from probes.words import (
    BookingState,
    Environment,
    FailureKind,
    FaultKind,
    FindingKind,
    Leaves,
    Operation,
    Outcome,
    SkipReason,
)

GOLDEN_STEPS = ("create_session", "search", "book", "name", "attach_card", "done", "confirm")
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
        run = await play(name, target_for(sandbox))

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert run.findings == ()


async def test_the_golden_path_goes_through_the_guides_statuses_and_books_once() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert tuple(change.to_status for change in run.transitions) == ALL_STATUSES
    assert all(change.documented for change in run.transitions)
    assert len(sandbox.bookings) == 1


async def test_what_was_booked_is_cancelled_afterwards() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert [booking.cancelled for booking in sandbox.bookings] == [True]
    assert [booking.state for booking in run.bookings] == [BookingState.MADE, BookingState.CANCELLED]
    assert [step.name for step in run.cleanup] == ["cancel"]


async def test_a_declined_payment_books_nothing() -> None:
    async with SandboxServer() as sandbox:
        run = await play("decline_payment", target_for(sandbox))

    assert run.outcome is Outcome.PASSED
    assert sandbox.bookings == ()


_KINDS = {
    FaultName.AUTH_MISSING: FailureKind.AUTH_MISSING,
    FaultName.AUTH_REJECTED: FailureKind.AUTH_REJECTED,
    FaultName.KEY_ECHOED: FailureKind.AUTH_REJECTED,
    FaultName.RATE_LIMITED: FailureKind.RATE_LIMITED,
    FaultName.RATE_LIMITED_BARE: FailureKind.RATE_LIMITED,
    FaultName.REDIRECT: FailureKind.REDIRECT,
    FaultName.SERVER_ERROR: FailureKind.SERVER_ERROR,
    FaultName.SERVER_ERROR_BEFORE: FailureKind.SERVER_ERROR,
    FaultName.SERVER_ERROR_VALIDATION: FailureKind.SERVER_ERROR,
    FaultName.SERVER_ERROR_HTML: FailureKind.SERVER_ERROR,
    FaultName.HANG: FailureKind.TIMEOUT,
    FaultName.DRIP: FailureKind.TIMEOUT,
    FaultName.RESET: FailureKind.RESET,
    FaultName.TRUNCATED: FailureKind.TRUNCATED,
    FaultName.HUGE_BODY: FailureKind.BODY_TOO_LARGE,
    FaultName.DECOMPRESSION_BOMB: FailureKind.NOT_JSON,
    FaultName.NOT_JSON: FailureKind.NOT_JSON,
    FaultName.WRONG_CONTENT_TYPE: FailureKind.NOT_JSON,
    FaultName.WRONG_STATUS: FailureKind.CHAT_STATUS,
    FaultName.EARLY_BOOKED: FailureKind.UNEXPECTED_BOOKING,
    FaultName.MISSING_ARTIFACT: FailureKind.ARTIFACT,
    FaultName.OTHER_SESSION: FailureKind.IDENTITY,
}
_KINDS_AT = {
    ("create_session", FaultName.WRONG_STATUS): FailureKind.STATUS_CODE,
    ("attach_card", FaultName.AUTH_MISSING): FailureKind.PORTAL,
    ("attach_card", FaultName.AUTH_REJECTED): FailureKind.PORTAL,
    ("attach_card", FaultName.WRONG_STATUS): FailureKind.PORTAL,
    ("create_session", FaultName.OTHER_SESSION): FailureKind.NOT_FOUND,
}
_FAILS_LATER = {("create_session", FaultName.OTHER_SESSION): "search"}  # whose session it is shows when it is used
_TURNS = tuple(step for step in GOLDEN_STEPS if step not in {"create_session", "attach_card"})
_PASSES = {
    *((step, fault) for step in GOLDEN_STEPS for fault in FaultName if fault not in _KINDS),
    *(("create_session", fault) for fault in (FaultName.EARLY_BOOKED, FaultName.MISSING_ARTIFACT)),  # no turn
    ("book", FaultName.MISSING_ARTIFACT),  # none is documented there
    ("confirm", FaultName.EARLY_BOOKED),  # the truth
    # No document says what the portal answers, and it never gets our key nor names our session.
    ("attach_card", FaultName.KEY_ECHOED),
    ("attach_card", FaultName.DECOMPRESSION_BOMB),
    ("attach_card", FaultName.NOT_JSON),
    ("attach_card", FaultName.WRONG_CONTENT_TYPE),
    ("attach_card", FaultName.EARLY_BOOKED),
    ("attach_card", FaultName.MISSING_ARTIFACT),
    ("attach_card", FaultName.OTHER_SESSION),
}
_FINDINGS = {
    **{(step, FaultName.MISMATCHED_IDS): {FindingKind.CORRELATION_MISMATCH} for step in _TURNS},
    **{
        (step, FaultName.MISSING_HEADERS): {FindingKind.MISSING_HEADER, FindingKind.CORRELATION_MISSING}
        for step in ("create_session", *_TURNS)
    },
}
_DEADLINES = {"deadline_seconds": 0.4, "step_deadline_seconds": 0.25}
_MATRIX = [(step, fault) for step in GOLDEN_STEPS for fault in FaultName]


@pytest.mark.parametrize(("step", "fault"), [cell for cell in _MATRIX if cell not in _PASSES])
async def test_each_fault_at_each_step_has_its_kind_in_time_and_books_at_most_once(step: str, fault: FaultName) -> None:
    heard = Heard()
    began = time.monotonic()
    async with SandboxServer(faults=[f"{fault}@{step}"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), listener=heard, **_DEADLINES)
        ended = time.monotonic() - began
        booked = sandbox.bookings

    failed = run.failed_step
    assert run.outcome is Outcome.FAILED
    assert failed is not None
    assert failed.name == _FAILS_LATER.get((step, fault), step)
    assert failed.failure is not None
    assert failed.failure.kind is _KINDS_AT.get((step, fault), _KINDS[fault])
    assert ended < 0.4 + 1.0
    assert len(booked) <= 1
    assert all(booking.cancelled for booking in booked)
    assert heard.faults == []


@pytest.mark.parametrize(("step", "fault"), [cell for cell in _MATRIX if cell in _PASSES])
async def test_a_fault_that_breaks_no_promise_of_its_step_passes_and_leaves_its_findings(
    step: str, fault: FaultName
) -> None:
    async with SandboxServer(faults=[f"{fault}@{step}"], slow_seconds=0.05) as sandbox:
        run = await play("golden_path", target_for(sandbox))
        booked = sandbox.bookings

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert {finding.kind for finding in run.findings} == _FINDINGS.get((step, fault), set())
    assert [booking.cancelled for booking in booked] == [True]


@pytest.mark.parametrize("fault", [FaultName.SERVER_ERROR, FaultName.HANG, FaultName.RESET, FaultName.WRONG_STATUS])
async def test_a_confirmation_whose_answer_is_lost_is_never_sent_again_and_is_looked_up(fault: FaultName) -> None:
    async with SandboxServer(faults=[f"{fault}@confirm"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), step_deadline_seconds=0.2)
        confirmations = [request for request in sandbox.requests if b"yes, use this card" in request.body]
        booked = sandbox.bookings

    assert len(confirmations) == 1
    assert len(booked) == 1
    assert run.outcome is Outcome.FAILED
    assert run.bookings[0].state is BookingState.MADE
    assert run.steps[-1].exchanges[-1].operation is Operation.GET_SESSION


class _UntilFirstFailure(Heard):
    """Switches the sandbox's faults off as soon as one has shown."""

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__()
        self._sandbox = sandbox

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        super().exchange_finished(start, step, exchange)
        if exchange.status_code and exchange.status_code >= 400:
            self._sandbox.set_faults([])


@pytest.mark.parametrize("step", ["create_session", "search", "book", "name", "done"])
async def test_a_passing_5xx_before_confirmation_is_retried_with_the_same_bytes_and_degrades(step: str) -> None:
    async with SandboxServer(faults=[f"server_error@{step}"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), listener=_UntilFirstFailure(sandbox))
        retried = next(result for result in run.steps if result.name == step)

    assert run.outcome is Outcome.DEGRADED
    assert run.reason == FailureKind.SERVER_ERROR
    assert [exchange.status_code for exchange in retried.exchanges] == [500, 200]
    assert len({exchange.request_body for exchange in retried.exchanges}) == 1
    assert len(sandbox.bookings) == 1


async def test_a_retry_stops_after_two_more_attempts() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox))

    assert [exchange.attempt for exchange in run.steps[1].exchanges] == [1, 2, 3]


async def test_a_retry_after_beyond_the_deadline_ends_the_step_at_once() -> None:
    began = time.monotonic()
    async with SandboxServer(faults=["rate_limited@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox), step_deadline_seconds=0.9)

    assert run.reason == FailureKind.RATE_LIMITED
    assert len(run.steps[1].exchanges) == 1
    assert time.monotonic() - began < 0.5


async def test_steps_after_a_failed_one_are_told_as_skipped() -> None:
    async with SandboxServer(faults=["auth_rejected@book"]) as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert [step.outcome for step in run.steps] == ["passed", "passed", "failed", *["skipped"] * 4]
    assert [step.name for step in run.steps] == list(GOLDEN_STEPS)


async def test_an_unreachable_server_fails_the_first_step() -> None:
    async with SandboxServer() as sandbox:
        target = target_for(sandbox)
    run = await play("quick_search", target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.CONNECT)


class _WatchingLedger(MemoryLedger):
    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__()
        self._sandbox = sandbox
        self.known_before_sent: list[bool] = []

    async def intend(self, intent: Intent) -> None:
        await super().intend(intent)
        sent = any(intent.body == request.body for request in self._sandbox.requests)
        self.known_before_sent.append(not sent)


async def test_the_key_of_each_turn_is_known_to_the_ledger_before_it_is_sent() -> None:
    async with SandboxServer() as sandbox:
        ledger = _WatchingLedger(sandbox)
        run = await play("golden_path", target_for(sandbox), ledger=ledger)
        turns = [request for request in sandbox.requests if request.path.endswith("/events")]

    assert ledger.known_before_sent == [True] * 6
    assert [intent.body for intent in ledger.intents] == [turn.body for turn in turns]
    session_id = run.steps[0].exchanges[0].answer and run.steps[0].exchanges[0].answer.session_id
    assert ledger.intents[0].idempotency_key == f"acme:{session_id}:search:001"
    assert len({intent.idempotency_key for intent in ledger.intents}) == 6


class _ClosedLedger(MemoryLedger):
    """Can't keep anything from a given call on."""

    def __init__(self, *calls: str) -> None:
        super().__init__()
        self._calls = calls

    async def begin_run(self, start: RunStart) -> None:
        if "begin_run" in self._calls:
            raise LedgerUnavailableError("the disk is full")

    async def intend(self, intent: Intent) -> None:
        if "intend" in self._calls:
            raise LedgerUnavailableError("the disk is full")

    async def book(self, booking: object) -> None:
        if "book" in self._calls:
            raise LedgerUnavailableError("the disk is full")


async def test_without_a_ledger_what_leaves_a_booking_is_skipped_and_the_rest_goes_on() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        booking = await play("golden_path", target_for(sandbox), ledger=_ClosedLedger("begin_run"), listener=heard)
        requests_so_far = len(sandbox.requests)
        search = await play("quick_search", target_for(sandbox), ledger=_ClosedLedger("begin_run", "intend"))

    assert (booking.outcome, booking.reason) == (Outcome.SKIPPED, SkipReason.JOURNAL)
    assert requests_so_far == 0
    assert search.outcome is Outcome.PASSED
    assert {fault.kind for fault in heard.faults} == {FaultKind.JOURNAL}


async def test_a_ledger_that_is_lost_on_the_way_is_our_fault_and_the_turn_is_not_sent() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=_ClosedLedger("intend"))
        sent = [request.path for request in sandbox.requests]

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.JOURNAL)
    assert not any(path.endswith("/events") for path in sent)


async def test_a_booking_that_the_ledger_can_not_keep_is_still_judged_and_cancelled() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=_ClosedLedger("book"), listener=heard)

    assert run.outcome is Outcome.PASSED
    assert [booking.cancelled for booking in sandbox.bookings] == [True]
    assert {fault.kind for fault in heard.faults} == {FaultKind.JOURNAL}


class _BrokenLedger(MemoryLedger):
    async def intend(self, intent: Intent) -> None:
        raise RuntimeError("a bug of ours")


async def test_a_bug_of_ours_is_unknown_and_never_the_apis_fault() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), ledger=_BrokenLedger(), listener=heard)

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.BUG)
    assert [step.outcome for step in run.steps] == ["passed", "unknown", "skipped"]
    assert [fault.kind for fault in heard.faults] == [FaultKind.BUG]


async def test_a_listener_that_raises_is_a_monitor_fault_and_ends_no_run() -> None:
    class Broken(Heard):
        def step_finished(self, start: object, step: object) -> None:
            raise RuntimeError("a bug of a listener")

    heard = Broken()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), listener=heard)

    assert run.outcome is Outcome.PASSED
    assert {fault.kind for fault in heard.faults} == {FaultKind.LISTENER}


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


def _scenario(*steps: Step, leaves: Leaves = Leaves.SESSION) -> Scenario:
    return Scenario(name="own", title="of a test", leaves=leaves, steps=steps)


async def test_a_value_that_no_answer_gave_is_a_failed_step_and_no_crash() -> None:
    heard = Heard()
    scenario = _scenario(
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


def _costly(request: object) -> bool:
    body = getattr(request, "body", b"")
    return any(word in body for word in (b"action_", b"command_", b"yes", b"psu_", b"pm_card"))


@pytest.mark.parametrize("name", shipped())
async def test_in_production_nothing_that_may_cost_money_is_sent(name: str) -> None:
    async with SandboxServer() as sandbox:
        run = await play(name, target_for(sandbox, environment=Environment.PRODUCTION))

    assert not any(_costly(request) for request in sandbox.requests)
    assert sandbox.bookings == ()
    if name in {"golden_path_to_payment", "quick_search"}:
        assert run.outcome is Outcome.PASSED
    else:
        assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)


async def test_once_confirmation_was_asked_production_hears_only_no() -> None:
    """A server that asks for consent early: even reading the session is refused then, and "no" is let through."""
    from support.lying import Lying, Told

    def ask_early(told: Told) -> None:
        if told.path.endswith("/events") and told.turn == 1:
            body = told.json
            body["data"]["result"]["status"] = "payment_confirmation_required"  # type: ignore[index]
            told.say(body)

    def scenario(*after: Step) -> Scenario:
        search = Step(name="search", action=Say(text="find me a las vegas hotel from 5/15 to 5/16"))
        return _scenario(Step(name="create_session", action=CreateSession()), search, *after)

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, ask_early) as server:
        target = target_for(sandbox, base_url=server.base_url, environment=Environment.PRODUCTION, portal=None)
        for text in ("yes, use this card", "No", "no ", "Done"):
            server._turns = 0
            refused = await play(scenario(Step(name="answer", action=Say(text=text))), target)
            assert (refused.outcome, refused.reason) == (Outcome.SKIPPED, SkipReason.SAFETY), text
        server._turns = 0
        reading = await play(scenario(Step(name="read", action=ReadSession())), target)
        server._turns = 0
        said_no = await play(scenario(Step(name="no", action=Say(text="no"))), target)
        told = [body for _, _, _, body in server.received if b'"text"' in body and b"find me" not in body]

    assert reading.outcome is Outcome.SKIPPED
    assert said_no.outcome is Outcome.PASSED
    assert len(told) == 1
    assert b'"text":"no"' in told[0]


async def test_an_acknowledgement_without_a_lasting_ledger_books_nothing_in_production() -> None:
    async with SandboxServer() as sandbox:
        from datetime import UTC, datetime, timedelta

        allowed = AllowBookings(host="127.0.0.1", per_day=5, until=datetime.now(UTC) + timedelta(days=1))
        target: Target = target_for(sandbox, environment=Environment.PRODUCTION, allow_bookings=allowed)
        run = await play("golden_path", target)

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    assert len(sandbox.requests) == 0


async def test_a_wrong_key_is_told_as_rejected_and_never_repeated() -> None:
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox, api_key=Secret("not-the-key-of-anybody")))

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.AUTH_REJECTED)
    assert len(sandbox.requests) == 1


async def test_a_kept_connection_that_dies_unheard_is_dialled_anew_with_a_finding() -> None:
    """Reset at every search: the first died on a kept connection, so it is sent once more, then it is a failure."""
    async with SandboxServer(faults=["reset@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox))
        searches = [request.body for request in sandbox.requests if request.path.endswith("/events")]

    assert run.reason == FailureKind.RESET
    assert len(searches) == 2
    assert searches[0] == searches[1]
    assert FindingKind.KEPT_CONNECTION_DIED in {finding.kind for finding in run.findings}


def test_durations_are_measured_finer_than_a_millisecond_on_uvloop_too() -> None:
    async def one_run() -> list[float]:
        async with SandboxServer() as sandbox:
            run = await play("quick_search", target_for(sandbox))
        return [run.duration_seconds, *(step.duration_seconds for step in run.steps)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        durations = runner.run(one_run())

    assert all(abs(seconds * 1000 - round(seconds * 1000)) > 1e-5 for seconds in durations)


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


async def test_a_retry_waits_for_its_back_off() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=Heard(), uniform=lambda *_: 0.12)
        run = await runner.play(shipped()["quick_search"], target_for(sandbox))

    assert run.steps[1].duration_seconds > 0.24


async def test_a_run_leaves_no_connection_open() -> None:
    async with SandboxServer() as sandbox:
        await play("quick_search", target_for(sandbox))
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(10):
            await play("golden_path", target_for(sandbox))
        await asyncio.sleep(0.05)
        after = len(list(Path("/proc/self/fd").iterdir()))

    assert after <= before + 1


class _SlowLedger(MemoryLedger):
    async def intend(self, intent: Intent) -> None:
        await asyncio.sleep(10)


async def test_a_ledger_that_does_not_answer_is_our_fault_and_bounded() -> None:
    began = time.monotonic()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), ledger=_SlowLedger(), step_deadline_seconds=0.2)

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.JOURNAL)
    assert time.monotonic() - began < 1.0


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


class _BrokenAtBegin(MemoryLedger):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    async def begin_run(self, start: RunStart) -> None:
        await asyncio.sleep(0)
        raise self._error


async def test_a_run_that_breaks_before_its_first_step_has_a_verdict() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play(
            "quick_search", target_for(sandbox), ledger=_BrokenAtBegin(RuntimeError("a bug of ours")), listener=heard
        )
        with pytest.raises(asyncio.CancelledError):
            await play(
                "quick_search", target_for(sandbox), ledger=_BrokenAtBegin(asyncio.CancelledError()), listener=heard
            )

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.BUG)
    assert [told.reason for told in heard.runs] == [FaultKind.BUG, FaultKind.CANCELLED]


async def test_a_ledger_that_fails_after_the_booking_does_not_keep_it_from_being_cancelled() -> None:
    class FailsLate(MemoryLedger):
        async def intend(self, intent: Intent) -> None:
            await super().intend(intent)
            if len(self.intents) > 5:
                raise LedgerUnavailableError("the disk is full")

    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=FailsLate())

    assert run.outcome is Outcome.PASSED
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


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


async def test_a_card_that_the_scenario_leaves_open_is_the_targets_test_card() -> None:
    async with SandboxServer() as sandbox:
        portal = Portal(attach_url=sandbox.attach_url, test_card="mastercard")
        run = await play("golden_path", target_for(sandbox, portal=portal))
        (attach,) = [request.body for request in sandbox.requests if b"portalToken" in request.body]

    assert run.outcome is Outcome.PASSED
    assert b'"cardLast4":"4444"' in attach


async def test_a_bug_of_ours_in_the_cleanup_is_told_and_leaves_the_verdict_alone() -> None:
    class BreaksLate(MemoryLedger):
        async def intend(self, intent: Intent) -> None:
            await super().intend(intent)
            if len(self.intents) > 5:
                raise RuntimeError("a bug of ours")

    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=BreaksLate(), listener=heard)

    assert run.outcome is Outcome.PASSED
    assert [fault.kind for fault in heard.faults] == [FaultKind.BUG]
    assert run.bookings[-1].state is BookingState.LEFT


async def test_a_ledger_that_hangs_at_the_start_is_waited_for_a_while_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hangs(MemoryLedger):
        async def begin_run(self, start: RunStart) -> None:
            await asyncio.sleep(30)

    monkeypatch.setattr("probes.runner._LEDGER_SECONDS", 0.1)
    async with SandboxServer() as sandbox, asyncio.timeout(3):
        booking = await play("golden_path", target_for(sandbox), ledger=Hangs())
        search = await play("quick_search", target_for(sandbox), ledger=Hangs())

    assert (booking.outcome, booking.reason) == (Outcome.SKIPPED, SkipReason.JOURNAL)
    assert search.outcome is Outcome.PASSED
