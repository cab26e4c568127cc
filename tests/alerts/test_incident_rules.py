"""Any sequence of runs, beside an automaton that reckons all of it anew by the book; and restarts anywhere in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.facts import a_failed_step, a_run, a_step
from support.naive_incidents import naive_incidents
from support.verdicts import NOON, PLACES, a_verdict, verdicts

from alerts.blame import blame_of_run
from alerts.incidents import Watch, incidents, verdict_of
from probes.incident import Incident, Verdict
from probes.model import Booking, Run
from probes.settings import IncidentPolicy
from probes.words import Blame, BookingState, FailureKind, Operation, Outcome

SCENARIOS = ("search", "book", "decline")
LETTERS = "GGGSSTKB"


@st.composite
def policies(draw: st.DrawFn) -> IncidentPolicy:
    within = draw(st.integers(1, 6))
    return IncidentPolicy(open_after=draw(st.integers(1, within)), within=within, close_after=draw(st.integers(1, 4)))


@st.composite
def histories(draw: st.DrawFn) -> list[Verdict]:
    """Runs of three scenarios that end one after the other."""
    steps = draw(st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(SCENARIOS)), max_size=60))
    return [
        a_verdict(letter, number, scenario=scenario, at=NOON + timedelta(seconds=20 * number))
        for number, (letter, scenario) in enumerate(steps)
    ]


@settings(max_examples=200, deadline=None)
@given(histories(), policies())
def test_the_incidents_are_those_that_the_book_says(history: list[Verdict], policy: IncidentPolicy) -> None:
    found = incidents(history, policy, PLACES)
    wanted = naive_incidents(history, policy)

    assert [facts_of(each) for each in found] == [
        {
            "cause": each.cause,
            "detected": each.detected,
            "first": min(each.runs, key=lambda run: run.started_at).run_id,
            "last": max(each.runs, key=lambda run: run.ended_at).run_id,
            "hit": sorted(each.hit),
            "failed_runs": len(each.runs),
            "recovered": each.recovered,
            "closed_at": None if each.closed is None else each.closed.ended_at,
        }
        for each in sorted(wanted, key=lambda each: [run.run_id for run in history].index(each.detected))
    ]


def facts_of(incident: Incident) -> dict[str, object]:
    return {
        "cause": incident.cause,
        "detected": incident.detected_run_id,
        "first": incident.first_failed_run_id,
        "last": incident.last_failed_run_id,
        "hit": list(incident.scenarios),
        "failed_runs": incident.failed_runs,
        "recovered": incident.recovered_run_id,
        "closed_at": incident.closed_at,
    }


@settings(max_examples=150, deadline=None)
@given(histories(), policies(), st.integers(0, 2**32))
def test_a_restart_anywhere_makes_no_difference(history: list[Verdict], policy: IncidentPolicy, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - where it restarts
    watch, told = Watch(policy, PLACES), {}
    for index, verdict in enumerate(history):
        if chance.random() < 0.3:
            watch = Watch.of(json.loads(json.dumps(watch.state())), policy, PLACES)
            again = history[chance.randint(0, index) : index]
            assert [watch.look(each) for each in again] == [None] * len(again)
        told |= {each.incident_id: each for each in watch.see(verdict)}

    assert tuple(sorted(told.values(), key=lambda each: each.detected_at)) == incidents(history, policy, PLACES)


def test_a_restart_between_any_two_runs_gives_the_same_incidents_with_the_same_ids() -> None:
    history = verdicts("GGSTSSSGTTTGGGSSSGGB")
    wanted = incidents(history, IncidentPolicy(), PLACES)

    for cut in range(len(history)):
        watch, told = Watch(IncidentPolicy(), PLACES), {}
        for verdict in history[:cut]:
            told |= {each.incident_id: each for each in watch.see(verdict)}
        watch = Watch.of(json.loads(json.dumps(watch.state())), IncidentPolicy(), PLACES)
        for verdict in history:
            told |= {each.incident_id: each for each in watch.see(verdict)}

        assert tuple(told.values()) == wanted


def test_the_state_of_a_target_is_small_and_does_not_grow() -> None:
    watch = Watch(IncidentPolicy(), PLACES)
    sizes = []
    for letters in ("SSSTTTKKK", "GG" * 100, "SSSTTTKKK" * 20):
        for scenario in range(12):
            for verdict in verdicts(letters, scenario=f"scenario_{scenario}", offset=86_400.0 * len(sizes)):
                watch.see(verdict)
        sizes.append(len(json.dumps(watch.state_of("acme"))))

    assert max(sizes) < 20_000


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"version": 2, "scenarios": {}, "open": []}, {"version": 1, "scenarios": {"search": 3}, "open": []}],
    ids=str,
)
def test_a_state_that_can_not_be_read_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="the state of acme's incidents"):
        Watch.of({"acme": document}, IncidentPolicy(), PLACES)


def test_a_state_that_can_not_be_read_takes_no_other_with_it() -> None:
    watch, unread = Watch(IncidentPolicy(), PLACES), []
    for verdict in verdicts("SSS"):
        watch.see(verdict)
    again = Watch.of(
        {"brek": {"version": 9}, **watch.state()},
        IncidentPolicy(),
        PLACES,
        unread=lambda target, error: unread.append((target, str(error))),
    )

    assert again.open == watch.open
    assert unread == [("brek", "the state of brek's incidents is of another version")]


def of_run(run: Run) -> Verdict:
    verdict = verdict_of(run)
    assert verdict is not None
    return verdict


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.SKIPPED])
def test_a_run_that_was_not_judged_says_nothing(outcome: Outcome) -> None:
    assert verdict_of(a_run(outcome, steps=(a_failed_step(),))) is None


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.DEGRADED])
def test_a_degraded_run_is_good(outcome: Outcome) -> None:
    verdict = of_run(a_run(outcome, duration_seconds=2.5))

    assert (verdict.cause, verdict.blame) == (None, None)
    assert verdict.ended_at - verdict.started_at == timedelta(seconds=2.5)


def test_the_cause_is_the_kind_and_the_operation_of_the_failed_step() -> None:
    run = a_run(Outcome.FAILED, steps=(a_step(), a_failed_step(FailureKind.CHAT_STATUS)), recheck=True)
    verdict = of_run(run)

    assert verdict.cause is not None
    assert (verdict.cause.target, verdict.cause.kind) == ("acme", FailureKind.CHAT_STATUS)
    assert verdict.cause.operation is Operation.SEND_EVENT
    assert verdict.blame is blame_of_run(run)
    assert verdict.recheck


def test_a_step_that_sent_nothing_has_no_operation() -> None:
    verdict = of_run(a_run(Outcome.FAILED, steps=(a_failed_step(FailureKind.PORTAL, exchanges=()),)))

    assert verdict.cause is not None
    assert verdict.cause.operation is None


def test_a_booking_that_nobody_asked_for_is_the_cause_whatever_failed() -> None:
    booked = Booking(run_id="run", target="acme", session_id="sess", state=BookingState.UNEXPECTED)
    verdict = of_run(a_run(Outcome.FAILED, steps=(a_failed_step(FailureKind.TIMEOUT),), bookings=(booked,)))

    assert verdict.cause is not None
    assert (verdict.cause.kind, verdict.cause.operation) == (FailureKind.UNEXPECTED_BOOKING, Operation.SEND_EVENT)
    assert verdict.blame is Blame.API


def test_a_failure_of_a_kind_that_only_another_version_knows_counts_all_the_same() -> None:
    verdict = of_run(a_run(Outcome.FAILED, steps=(), reason="invented_later"))

    assert verdict.cause is not None


@given(st.lists(st.sampled_from("GSSTuk"), max_size=40), policies())
def test_runs_that_were_not_judged_neither_open_nor_close(letters: list[str], policy: IncidentPolicy) -> None:
    runs = [_run(letter, number) for number, letter in enumerate(letters)]
    judged = [run for run, letter in zip(runs, letters, strict=True) if letter.isupper()]

    assert _incidents_of(runs, policy) == _incidents_of(judged, policy)


def _incidents_of(runs: list[Run], policy: IncidentPolicy) -> tuple[Incident, ...]:
    return incidents(filter(None, map(verdict_of, runs)), policy, PLACES)


def _run(letter: str, number: int) -> Run:
    outcomes = {"G": Outcome.PASSED, "u": Outcome.UNKNOWN, "k": Outcome.SKIPPED}
    kinds = {"T": FailureKind.TIMEOUT}
    run = a_run(outcomes.get(letter, Outcome.FAILED), run_id=f"run.{number}")
    step = a_step() if letter == "G" else a_failed_step(kinds.get(letter, FailureKind.SERVER_ERROR))
    return replace(run, started_at=NOON + timedelta(minutes=number), steps=(step,))
