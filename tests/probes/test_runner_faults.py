"""Each fault of the sandbox at each step of the golden path: its kind, in time, and at most one booking."""

from __future__ import annotations

import time

import pytest
from support.playing import Heard, play, target_for

from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.words import FailureKind, FindingKind, Outcome

GOLDEN_STEPS = ("create_session", "search", "book", "name", "attach_card", "done", "confirm")
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
