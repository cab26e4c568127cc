"""Thousands of random runs: each one is accounted for, at every moment and at the end."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.prometheus import samples, values
from support.trial import RUNS, InjectedError, Trial, run_counts

from exporter import metrics
from probes import words
from probes.scenario_files import shipped
from probes.words import BookingState, FaultKind, Outcome

MAY_STAND = {BookingState.LEFT, BookingState.UNCLEAR}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(scope="module")
def trial() -> Trial:
    """Played once, for all the tests below. Nothing of it may be left over."""

    async def play() -> tuple[Trial, int, int, set[Any]]:
        files = open_files()
        tasks = asyncio.all_tasks()
        trial = Trial(seed=20_261_124)
        await trial.play_all()
        await asyncio.sleep(0.05)
        return trial, files, open_files(), asyncio.all_tasks() - tasks

    trial, files_before, files_after, tasks_left = asyncio.run(play())
    assert tasks_left == set()
    assert files_after <= files_before + 1
    return trial


def ended(trial: Trial, outcome: Outcome) -> Counter[tuple[str, ...]]:
    return Counter((run.scenario, run.target) for run in trial.heard.runs if run.outcome is outcome)


def test_every_run_that_began_ended_with_one_verdict(trial: Trial) -> None:
    counts = run_counts(trial.recorder.render("")[0].decode())
    heard = Counter((run.scenario, run.target) for run in trial.heard.runs)

    assert len(trial.heard.runs) == RUNS == len({run.run_id for run in trial.heard.runs})
    assert counts == {pair: (heard[pair], heard[pair], 0) for pair in counts}
    assert {run.outcome for run in trial.heard.runs} == set(Outcome)
    assert trial.scrapes > 20


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_is_counted_as_often_as_it_was_told(trial: Trial, outcome: Outcome) -> None:
    counted = values(trial.recorder, "brek_probe_runs_total", outcome=outcome)

    assert {pair: count for pair, count in counted.items() if count} == ended(trial, outcome)


def test_failures_are_counted_once_a_failed_run_and_for_no_other(trial: Trial) -> None:
    counted: Counter[tuple[str, ...]] = Counter()
    for sample in samples(trial.recorder.render("")[0]):
        if sample.name == "brek_probe_failures_total" and sample.value:
            counted[sample.labels["scenario"], sample.labels["target"]] += int(sample.value)

    assert counted == ended(trial, Outcome.FAILED)


def test_skipped_runs_are_counted_by_their_reason(trial: Trial) -> None:
    told = Counter(
        (str(run.reason), run.scenario, run.target) for run in trial.heard.runs if run.outcome is Outcome.SKIPPED
    )
    counted = values(trial.recorder, "brek_probe_skipped_total")

    assert {labels: count for labels, count in counted.items() if count} == told
    assert {reason for reason, *_ in told} >= {"safety", "portal", "journal"}


def test_every_attempt_is_counted(trial: Trial) -> None:
    counted = values(trial.recorder, "brek_probe_http_requests_total")

    assert sum(counted.values()) == len(trial.heard.exchanges)


def test_no_booking_of_the_server_is_unaccounted_for(trial: Trial) -> None:
    known: dict[str, set[BookingState]] = {}
    for run in trial.heard.runs:
        for booking in run.bookings:
            known.setdefault(booking.session_id, set()).add(booking.state)
    made = [booking for sandbox in trial.sandboxes for booking in sandbox.bookings]
    counted = values(trial.recorder, "brek_probe_bookings_total")
    told = Counter((booking.state.value, booking.target) for run in trial.heard.runs for booking in run.bookings)

    assert len(made) > 10
    assert [booking for booking in made if booking.session_id not in known] == []
    standing = [booking for booking in made if not booking.cancelled]
    assert [booking for booking in standing if not MAY_STAND & known[booking.session_id]] == []
    assert {labels: count for labels, count in counted.items() if count} == told


def test_only_what_was_put_in_is_a_fault_of_ours(trial: Trial) -> None:
    kinds = {fault.kind for fault in trial.heard.faults}
    bugs = [fault for fault in trial.heard.faults if fault.kind in {FaultKind.BUG, FaultKind.LISTENER}]

    assert kinds <= {FaultKind.BUG, FaultKind.LISTENER, FaultKind.JOURNAL, FaultKind.STALL}
    assert [fault for fault in bugs if not isinstance(fault.error, InjectedError)] == []


def test_no_label_is_outside_its_closed_set(trial: Trial) -> None:
    steps = {step.name for scenario in shipped().values() for step in (*scenario.steps, *scenario.cleanup)}
    closed: dict[str, set[str]] = {
        "target": {target.name for target in trial.targets},
        "scenario": set(shipped()),
        "step": steps,
        "outcome": set(words.Outcome),
        "operation": {*words.Operation, words.NO_STATUS},
        "status_code": {"200", "201", "400", "401", "403", "404", "409", "429", "500", "502", "503", "504", "none",
                        "1xx", "2xx", "3xx", "4xx", "5xx", "other"},
        "code": {*words.ErrorCode, words.NO_STATUS, words.OTHER},
        "from_status": {*words.ChatStatus, words.NO_STATUS, words.OTHER},
        "to_status": {*words.ChatStatus, words.OTHER},
        "blame": set(words.Blame),
        "state": {*words.BookingState, *words.CorrelationState, *words.SlotState},
        "id": set(words.CorrelationId),
        "reason": set(words.SkipReason),
        "environment": set(words.Environment),
        "kind": {*words.FailureKind, *words.FindingKind, *words.FaultKind},
        "result": {"good", "bad"},
        "expected": {"true", "false"},
        "documented": {"true", "false"},
        "phase": {"dns", "connect", "tls", "send", "wait", "receive"},
        "location": {"eu-1"},
    }  # fmt: skip
    ours = [sample for sample in samples(trial.recorder.render("")[0]) if sample.name.startswith("brek_probe_")]
    names = {family.name for family in metrics.FAMILIES}

    assert {re.sub("_(bucket|sum|count)$", "", sample.name) for sample in ours} <= names
    assert [
        (sample.name, label, value)
        for sample in ours
        for label, value in sample.labels.items()
        if label != "le" and value not in closed[label]
    ] == []
