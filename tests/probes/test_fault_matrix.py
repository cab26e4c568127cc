"""Each fault of the sandbox played to each scenario: the outcome is the expected one, in time, and a page tells it."""

from __future__ import annotations

import asyncio

import pytest
from support.fault_matrix import EVERYWHERE, PAGE, Cell, Key, page, play_all

from probes.sandbox.words import FaultName
from probes.scenario_files import shipped
from probes.words import BookingState, FailureKind, FindingKind, Outcome

MAY_FAIL_AS: dict[FaultName, set[FailureKind]] = {
    FaultName.AUTH_MISSING: {FailureKind.AUTH_MISSING, FailureKind.PORTAL, FailureKind.STATUS_CODE},
    FaultName.AUTH_REJECTED: {FailureKind.AUTH_REJECTED, FailureKind.PORTAL, FailureKind.STATUS_CODE},
    FaultName.KEY_ECHOED: {FailureKind.AUTH_REJECTED, FailureKind.STATUS_CODE},
    FaultName.RATE_LIMITED: {FailureKind.RATE_LIMITED},
    FaultName.RATE_LIMITED_BARE: {FailureKind.RATE_LIMITED},
    FaultName.REDIRECT: {FailureKind.REDIRECT},
    FaultName.SERVER_ERROR: {FailureKind.SERVER_ERROR},
    FaultName.SERVER_ERROR_BEFORE: {FailureKind.SERVER_ERROR},
    FaultName.SERVER_ERROR_VALIDATION: {FailureKind.SERVER_ERROR},
    FaultName.SERVER_ERROR_HTML: {FailureKind.SERVER_ERROR},
    FaultName.SLOW: set(),
    FaultName.HANG: {FailureKind.TIMEOUT},
    FaultName.DRIP: {FailureKind.TIMEOUT},
    FaultName.RESET: {FailureKind.RESET},
    FaultName.TRUNCATED: {FailureKind.TRUNCATED},
    FaultName.HUGE_BODY: {FailureKind.BODY_TOO_LARGE},
    FaultName.DECOMPRESSION_BOMB: {FailureKind.NOT_JSON, FailureKind.ENVELOPE},
    FaultName.NOT_JSON: {FailureKind.NOT_JSON, FailureKind.ENVELOPE},
    FaultName.WRONG_CONTENT_TYPE: {FailureKind.NOT_JSON},
    FaultName.WRONG_STATUS: {FailureKind.CHAT_STATUS, FailureKind.STATUS_CODE, FailureKind.PORTAL},
    FaultName.EARLY_BOOKED: {FailureKind.UNEXPECTED_BOOKING},
    FaultName.MISSING_ARTIFACT: {FailureKind.ARTIFACT},
    FaultName.OTHER_SESSION: {FailureKind.IDENTITY, FailureKind.NOT_FOUND},
    FaultName.MISSING_HEADERS: {FailureKind.ENVELOPE},
    FaultName.MISMATCHED_IDS: set(),
    FaultName.MARKUP: set(),
}
ALWAYS_CAUGHT = {  # wherever a request of the API meets it
    fault
    for fault, kinds in MAY_FAIL_AS.items()
    if kinds and fault not in {FaultName.EARLY_BOOKED, FaultName.MISSING_ARTIFACT, FaultName.MISSING_HEADERS}
}


@pytest.fixture(scope="module")
def cells() -> dict[Key, Cell]:
    return asyncio.run(play_all())


def test_the_page_of_faults_tells_what_happens(cells: dict[Key, Cell]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(cells), "`make faults-page` writes it anew: read what changed"


def test_each_fault_fails_as_what_it_is_or_not_at_all(cells: dict[Key, Cell]) -> None:
    wrong = {
        key: (cell.run.outcome, cell.run.reason)
        for key, cell in cells.items()
        if (cell.run.outcome, cell.run.reason) != (Outcome.PASSED, None)
        and not (cell.run.outcome is Outcome.FAILED and cell.run.reason in MAY_FAIL_AS[key[0]])
    }

    assert wrong == {}


def test_what_breaks_every_request_is_caught_by_every_scenario_that_speaks_to_the_api(cells: dict[Key, Cell]) -> None:
    missed = [
        (fault, name)
        for (fault, name, step), cell in cells.items()
        if step == EVERYWHERE and name != "contract_files" and fault in ALWAYS_CAUGHT
        if cell.run.outcome is not Outcome.FAILED
    ]

    assert missed == []


def test_a_fault_that_breaks_no_promise_leaves_its_finding(cells: dict[Key, Cell]) -> None:
    for name in set(shipped()) - {"contract_files"}:
        headers = cells[FaultName.MISSING_HEADERS, name, EVERYWHERE].run.findings

        assert {finding.kind for finding in headers} == {FindingKind.MISSING_HEADER, FindingKind.CORRELATION_MISSING}


def test_missing_headers_fail_where_a_scenario_asks_for_one_of_a_refusal(cells: dict[Key, Cell]) -> None:
    asking = {name: step.name for name, each in shipped().items() for step in each.steps[::-1] if step.expect.headers}
    failed = {
        name: step.name
        for name in shipped()
        if (step := cells[FaultName.MISSING_HEADERS, name, EVERYWHERE].run.failed_step)
    }

    assert failed == asking
    assert failed["error_catalog"] == "no_key"


def test_every_run_ends_within_a_second_of_its_deadline_and_never_by_a_fault_of_ours(cells: dict[Key, Cell]) -> None:
    assert {key: cell.late_seconds for key, cell in cells.items() if cell.late_seconds > 1.0} == {}
    assert {key for key, cell in cells.items() if cell.faults_of_ours} == set()


def test_the_ledger_of_each_run_agrees_with_the_sandbox_about_bookings(cells: dict[Key, Cell]) -> None:
    for key, cell in cells.items():
        states = [booking.state for booking in cell.run.bookings]

        assert cell.booked <= 1, key
        assert states.count(BookingState.MADE) == cell.booked, key
        assert states.count(BookingState.CANCELLED) == cell.cancelled == cell.booked, key
