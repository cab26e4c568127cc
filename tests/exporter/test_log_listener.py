from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.facts import (
    EVENT_ID,
    NOON,
    REQUEST_ID,
    RUN_ID,
    SESSION_ID,
    TRACE_ID,
    a_failed_step,
    a_failure,
    a_probe,
    a_run,
    a_start,
    a_step,
    an_answer,
    an_exchange,
)
from support.incidents import an_incident, ended
from support.logging_state import logging_restored

from exporter import logs
from exporter.logs import LogListener
from probes.model import Booking, Exchange, Finding, JournalState, MonitorFault, Run
from probes.redaction import Scrubber
from probes.words import BookingState, FailureKind, FaultKind, FindingKind, Operation, Outcome, SkipReason, SlotState


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with logging_restored():
        yield io.StringIO()


def listening(stream: io.StringIO, level: str = "info") -> LogListener:
    logs.configure(format="json", level=level, scrubber=Scrubber(), stream=stream)
    return LogListener()


IDS = {"request_id": REQUEST_ID, "trace_id": TRACE_ID, "session_id": SESSION_ID, "event_id": EVENT_ID}


def ids_in(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in IDS}


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (Outcome.PASSED, "info"),
        (Outcome.DEGRADED, "warning"),
        (Outcome.FAILED, "warning"),
        (Outcome.SKIPPED, "info"),
        (Outcome.UNKNOWN, "error"),
    ],
    ids=str,
)
def test_each_run_is_one_line_as_loud_as_its_outcome(stream: io.StringIO, outcome: Outcome, level: str) -> None:
    listening(stream).run_finished(a_run(outcome))

    (event,) = events(stream)
    assert (event["event"], event["level"], event["outcome"], event["run_id"]) == (
        "run_finished",
        level,
        outcome,
        RUN_ID,
    )


def test_a_failed_step_names_the_ids_that_support_asks_for(stream: io.StringIO) -> None:
    listener = listening(stream)
    listener.step_finished(a_start(), a_step())
    listener.step_finished(a_start(), a_failed_step())

    (event,) = events(stream)
    assert event["event"] == "step_failed"
    assert (event["kind"], event["expected"], event["observed"]) == ("server_error", "200", "503")
    assert (event["request_id"], event["trace_id"]) == (REQUEST_ID, TRACE_ID)


def test_a_failed_step_names_its_own_request_and_not_the_snapshot_that_was_read_after_it(stream: io.StringIO) -> None:
    own = an_exchange(answer=an_answer(500, header_request_id="of-the-write", trace_id=None))
    snapshot = an_exchange(operation=Operation.GET_SESSION, answer=an_answer(header_request_id="of-the-snapshot"))
    listening(stream).step_finished(a_start(), a_failed_step(exchanges=(own, own, snapshot)))

    (event,) = events(stream)
    assert (event["request_id"], event["trace_id"], event["attempts"]) == ("of-the-write", None, 2)


def test_exchanges_that_went_well_are_told_to_whoever_debugs(stream: io.StringIO) -> None:
    listening(stream).exchange_finished(a_start(), "search", an_exchange())
    assert events(stream) == []

    listening(stream, "debug").exchange_finished(a_start(), "search", an_exchange(idempotency_key="acme:s:search:001"))

    (event,) = events(stream)
    assert (event["event"], event["level"], event["operation"]) == ("exchange_finished", "debug", "send_event")
    assert (event["status_code"], event["idempotency_key"]) == (200, "acme:s:search:001")
    assert ids_in(event) == IDS


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(
            an_exchange(answer=an_answer(503, error="try later", session_id=None), expected=False), id="unexpected"
        ),
        pytest.param(an_exchange(failure=a_failure(FailureKind.RESET), expected=False), id="lost"),
    ],
)
def test_exchanges_that_went_wrong_are_warnings_with_their_ids(stream: io.StringIO, exchange: Exchange) -> None:
    listening(stream).exchange_finished(a_start(), "search", replace(exchange, asked_session_id="sess_asked"))

    (event,) = events(stream)
    assert (event["event"], event["level"], event["session_id"]) == ("exchange_finished", "warning", "sess_asked")
    assert event["request_id"] == (None if exchange.answer is None else REQUEST_ID)
    assert event["error"] == (None if exchange.answer is None else "try later")
    assert event["failure_kind"] == (None if exchange.failure is None else "reset")


def with_ids(number: int, **changes: object) -> Exchange:
    return an_exchange(answer=an_answer(header_request_id=f"request-{number}", **changes))


REFUSED = an_exchange(answer=an_answer(503, header_request_id="refused"), expected=False)
SEARCHED = a_step(exchanges=(with_ids(1),))
SNAPSHOT = replace(with_ids(4), operation=Operation.GET_SESSION)


@pytest.mark.parametrize(
    ("run", "request_id"),
    [
        pytest.param(a_run(steps=(SEARCHED, a_step(exchanges=(with_ids(2),)))), "request-2", id="passed: the last"),
        pytest.param(
            a_run(Outcome.FAILED, steps=(SEARCHED, a_failed_step(exchanges=(REFUSED, with_ids(3), SNAPSHOT)))),
            "request-3",
            id="failed: the one that was judged",
        ),
        pytest.param(
            a_run(Outcome.FAILED, steps=(SEARCHED, a_failed_step(exchanges=()))),
            "request-1",
            id="failed before it asked: what it had to go by",
        ),
        pytest.param(
            a_run(
                Outcome.DEGRADED,
                steps=(a_step(outcome=Outcome.DEGRADED, exchanges=(REFUSED, with_ids(2))), a_step()),
            ),
            "refused",
            id="degraded: the one that a retry hid",
        ),
        pytest.param(
            a_run(
                Outcome.DEGRADED,
                steps=(
                    a_step(outcome=Outcome.DEGRADED, failure=a_failure(FailureKind.LATENCY), exchanges=(with_ids(2),)),
                    a_step(),
                ),
            ),
            "request-2",
            id="degraded: the slow one",
        ),
        pytest.param(a_run(Outcome.UNKNOWN, steps=(SEARCHED, a_step(exchanges=()))), "request-1", id="unknown"),
        pytest.param(a_run(Outcome.SKIPPED, steps=()), None, id="skipped: none"),
    ],
)
def test_a_run_is_told_with_the_ids_of_the_exchange_that_decided_it(
    stream: io.StringIO, run: Run, request_id: str | None
) -> None:
    listening(stream).run_finished(run)

    (event,) = events(stream)
    assert event["request_id"] == request_id


def test_a_good_run_is_told_with_all_ids_of_its_last_exchange(stream: io.StringIO) -> None:
    listening(stream).run_finished(a_run())

    assert ids_in(events(stream)[0]) == IDS


def test_each_finding_of_a_step_is_one_line(stream: io.StringIO) -> None:
    finding = Finding(
        kind=FindingKind.CORRELATION_MISMATCH, detail="x-request-id: a; requestId: b", operation=Operation.SEND_EVENT
    )
    listening(stream).step_finished(a_start(), a_step(findings=(finding, finding)))

    (event,) = events(stream)
    assert (event["event"], event["level"], event["run_id"], event["step"]) == (
        "finding_seen",
        "info",
        RUN_ID,
        "search",
    )
    assert (event["kind"], event["operation"], event["detail"]) == (
        "correlation_mismatch",
        "send_event",
        "x-request-id: a; requestId: b",
    )


def test_a_booking_that_was_looked_up_after_a_cut_off_run_is_told_with_that_run(stream: io.StringIO) -> None:
    booking = Booking(run_id=RUN_ID, target="acme", session_id=SESSION_ID, state=BookingState.LEFT, booking_id="b1")
    listening(stream).booking_settled(booking)

    (event,) = events(stream)
    assert (event["event"], event["run_id"], event["state"]) == ("booking_settled", RUN_ID, "left")
    assert (event["session_id"], event["booking_id"]) == (SESSION_ID, "b1")


def test_a_journal_that_commits_again_is_told_once(stream: io.StringIO) -> None:
    listener = listening(stream)
    for problem in (None, "the disk is full", "the disk is full", None, None):
        listener.journal_changed(JournalState(problem=problem, lost=2))

    (event,) = events(stream)
    assert (event["event"], event["lost"]) == ("journal_recovered", 2)


def test_slots_are_told_if_they_were_skipped_or_late(stream: io.StringIO) -> None:
    listener = listening(stream)
    listener.slot_finished(a_probe(), SlotState.RUN, None, 0.0)
    listener.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.OVERLAP, 0.0)
    listener.slot_finished(a_probe(), SlotState.LATE, None, 4.0)

    assert [(event["event"], event["reason"]) for event in events(stream)] == [
        ("slot_skipped", "overlap"),
        ("slot_late", None),
    ]


def test_a_fault_of_the_monitor_comes_with_its_traceback(stream: io.StringIO) -> None:
    fault = MonitorFault(
        kind=FaultKind.BUG, detail="KeyError in step search", request_id=REQUEST_ID, error=KeyError("option")
    )

    listening(stream).monitor_fault(fault)

    (event,) = events(stream)
    assert (event["event"], event["level"], event["kind"]) == ("monitor_fault", "error", "bug")
    assert (event["request_id"], event["traceback"]) == (REQUEST_ID, ["KeyError: 'option'"])


def test_a_fault_without_an_error_is_told_too(stream: io.StringIO) -> None:
    listening(stream).monitor_fault(MonitorFault(kind=FaultKind.CLOCK, detail="the wall clock jumped"))

    (event,) = events(stream)
    assert event["detail"] == "the wall clock jumped"


def test_each_difference_of_a_published_file_is_a_line_with_its_operation(stream: io.StringIO) -> None:
    drift = Finding(kind=FindingKind.CONTRACT_DRIFT, detail="status code 409 is gone", operation=Operation.SEND_EVENT)
    listening(stream).contract_compared("acme", (drift, replace(drift, operation=None)))

    assert [(event["event"], event["level"], event["operation"], event["detail"]) for event in events(stream)] == [
        ("contract_drift", "warning", "send_event", "status code 409 is gone"),
        ("contract_drift", "warning", None, "status code 409 is gone"),
    ]


def test_a_published_file_that_could_not_be_read_is_a_warning(stream: io.StringIO) -> None:
    listening(stream).contract_unread("acme", "HTTP 404")

    (event,) = events(stream)
    assert (event["event"], event["level"], event["target"], event["reason"]) == (
        "contract_unread",
        "warning",
        "acme",
        "HTTP 404",
    )


def test_an_incident_is_told_when_it_opens_and_when_it_ends_and_not_with_each_run(stream: io.StringIO) -> None:
    listener, incident = listening(stream), an_incident()
    worse = replace(incident, last_failed_run_id="another")
    over = ended(worse, NOON)

    listener.incidents_changed((incident,), (incident,))
    listener.incidents_changed((worse,), (worse,))
    listener.incidents_changed((over,), ())

    opened, closed = events(stream)
    assert (opened["event"], opened["level"], opened["run_id"]) == ("incident_opened", "error", "detected")
    assert (closed["event"], closed["level"], closed["ended"]) == ("incident_ended", "warning", "recovered")
    assert opened["incident_id"] == closed["incident_id"] == incident.incident_id
    assert (opened["target"], opened["kind"], opened["blame"]) == ("acme-1", "server_error", "api")


def test_an_incident_that_was_open_before_a_restart_is_not_told_again(stream: io.StringIO) -> None:
    listener, incident = listening(stream), an_incident()

    listener.incidents_changed((), (incident,))
    listener.incidents_changed((incident,), (incident,))

    assert events(stream) == []
