from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.facts import (
    REQUEST_ID,
    RUN_ID,
    TRACE_ID,
    a_failed_step,
    a_probe,
    a_run,
    a_start,
    a_step,
    an_answer,
    an_exchange,
)
from support.logging_state import logging_restored

from exporter import logs
from exporter.logs import LogListener
from probes.model import Finding, MonitorFault
from probes.redaction import Scrubber
from probes.words import FaultKind, FindingKind, Operation, Outcome, SkipReason, SlotState


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with logging_restored():
        yield io.StringIO()


def listening(stream: io.StringIO, level: str = "info") -> LogListener:
    logs.configure(format="json", level=level, scrubber=Scrubber(), stream=stream)
    return LogListener()


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


def test_exchanges_are_told_to_whoever_debugs(stream: io.StringIO) -> None:
    listening(stream).exchange_finished(a_start(), "search", an_exchange())
    assert events(stream) == []

    listening(stream, "debug").exchange_finished(a_start(), "search", an_exchange())

    (event,) = events(stream)
    assert (event["event"], event["operation"], event["status_code"]) == ("exchange_finished", "send_event", 200)
    assert (event["request_id"], event["trace_id"]) == (REQUEST_ID, TRACE_ID)


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
    fault = MonitorFault(kind=FaultKind.BUG, detail="KeyError in step search", error=KeyError("option"))

    listening(stream).monitor_fault(fault)

    (event,) = events(stream)
    assert (event["event"], event["level"], event["kind"]) == ("monitor_fault", "error", "bug")
    assert event["traceback"] == ["KeyError: 'option'"]


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
