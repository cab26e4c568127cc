"""What a report says of runs, told as stories: `.` passed, `F` failed, `u` unknown, `s` skipped, every five minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import (
    NOON,
    REQUEST_ID,
    a_failed_step,
    a_failure,
    a_run,
    a_step,
    an_answer,
    an_exchange,
)
from support.kept import as_kept
from support.reporting import EVERY, a_setting, evidence_of, planned, report_on, shelves_of, story

from alerts.report import gathering
from alerts.report.evidence import Evidence, Quiet
from alerts.report.gathering import of_incident
from alerts.report.reckoning import report_of
from probes.incident import Cause, Hit, Incident
from probes.journal.kept import RunFilter
from probes.model import Run
from probes.words import Blame, Environment, FailureKind, Operation, Outcome


def ended(number: int) -> object:
    return NOON + number * EVERY + timedelta(seconds=1.5)


def test_the_headline_says_what_broke_since_when_and_for_whom() -> None:
    report = report_on("..FFF")

    assert report.headline == (
        "quick_search on acme has failed since 12:10 UTC (for 50 min): POST /events answers HTTP 503 at step search."
    )


def test_the_headline_of_what_is_over_says_until_when() -> None:
    assert "failed from 12:10 UTC to 12:25 UTC (for 15 min 2 s)" in report_on("..FFF..").headline


def test_the_times_are_those_of_the_first_failed_run_and_of_the_good_ones_around() -> None:
    report = report_on("..FFF..")

    assert report.first_failed_at == NOON + 2 * EVERY
    assert report.last_good_at == ended(1)
    assert report.detected_at == ended(4)
    assert report.recovered_at == ended(5)
    assert report.duration_seconds == 901.5


def test_unknown_and_skipped_runs_are_no_recovery() -> None:
    report = report_on(".FFFus")

    assert report.recovered_at is None
    assert (report.counts.unknown, report.counts.skipped) == (1, 1)


def test_too_few_failures_are_not_detected() -> None:
    assert report_on(".FF.").detected_at is None


def test_the_picture_begins_shortly_before_the_first_run_though_more_was_asked_for() -> None:
    timeline = report_of(replace(evidence_of(story("..FFF")), since=NOON - timedelta(hours=10))).timeline

    assert timeline.runs[0].started_at == NOON
    assert NOON - timeline.since == (timeline.until - NOON) / 10


def test_counts_add_up() -> None:
    counts = report_on("..FFusF.").counts

    assert counts.runs == 8
    assert (counts.passed, counts.failed, counts.skipped, counts.unknown) == (3, 3, 1, 1)


def test_where_nothing_failed_the_report_says_so() -> None:
    report = report_on("...u")

    assert report.headline.startswith("Nothing failed on acme since 2026-11-24 12:00:00 UTC: 3 runs were good")
    assert (report.kind, report.failing, report.curl, report.ids, report.advice) == (None, None, None, (), ())


@pytest.mark.parametrize("outcomes", ["uu", "us"])
def test_where_no_run_was_judged_nothing_is_called_good(outcomes: str) -> None:
    assert report_on(outcomes).headline == (
        "Nothing is known on acme since 2026-11-24 12:00:00 UTC: none of 2 runs could be judged or was played."
    )


def test_where_nothing_ran_the_report_says_so() -> None:
    assert report_on("").headline.startswith("No run is known since")


def test_a_run_is_reported_with_the_stretch_around_it() -> None:
    report = report_on(".FF..FFF....", focus="r6")

    assert report.first_failed_at == NOON + 5 * EVERY
    assert report.recovered_at == ended(8)
    assert report.failing is not None
    assert report.failing.run_id == "r6"


def test_a_good_run_did_not_fail() -> None:
    assert (
        report_on(".FF.", focus="r0").headline == "This run of quick_search on acme ended as passed: it did not fail."
    )


def test_the_good_run_before_stands_beside_the_failing_one() -> None:
    report = report_on("...FF..")

    assert report.last_good is not None
    assert report.last_good.run_id == "r2"


def test_where_it_never_was_good_before_the_first_good_one_after_stands_beside_it() -> None:
    report = report_on("FFF..")

    assert report.last_good is not None
    assert report.last_good.run_id == "r3"
    assert any("may have been broken for longer" in each for each in report.unknowns)


def test_the_budget_is_what_failed_of_the_runs_that_28_days_hold() -> None:
    [budget] = report_on("..FFF..").budgets

    assert (budget.bad_runs, round(budget.allowed_bad_runs, 2)) == (3, 80.64)
    assert budget.spent_ratio == pytest.approx(3 / 80.64)


def test_rechecks_spend_no_budget() -> None:
    runs = story("..FFF..")
    runs[3] = replace(runs[3], recheck=True)

    assert report_of(evidence_of(runs)).budgets[0].bad_runs == 2


def test_maintenance_spends_no_budget() -> None:
    evidence = evidence_of(story("..FFF.."))
    quiet = Quiet(starts_at=NOON + 2 * EVERY, ends_at=NOON + 4 * EVERY)
    spared = replace(evidence, surroundings=replace(evidence.surroundings, quiet=(quiet,)))

    assert report_of(spared).budgets[0].bad_runs == 1


def test_a_scenario_without_an_objective_has_no_budget() -> None:
    evidence = planned(evidence_of(story("FFF")), availability=None)

    assert report_of(evidence).budgets == ()


def test_each_failed_run_tells_its_ids_newest_first() -> None:
    ids = report_on("..FFF..").ids

    assert [each.run_id for each in ids] == ["r4", "r3", "r2"]
    assert (ids[0].request_id, ids[0].status_code, ids[0].step) == (REQUEST_ID, 503, "search")


def test_no_more_than_twenty_are_told_and_the_rest_is_said() -> None:
    report = report_on("." + "F" * 25)

    assert len(report.ids) == 20
    assert "ids: the newest 20 of 25 are shown" in report.truncated


def other_scenario_good(runs: list[Run]) -> list[Run]:
    return [*runs, *(replace(run, run_id=f"o{run.run_id}", scenario="other") for run in story("......."))]


def test_it_is_sure_when_the_api_answered_often_and_our_own_side_was_well() -> None:
    certainty = report_of(evidence_of(other_scenario_good(story("..FFF..")))).certainty

    assert certainty.word == "sure"
    assert "Good from here at the same time: other on acme." in certainty.reasons


def test_without_an_independent_sign_it_is_likely() -> None:
    assert report_on("..FFF..").certainty.word == "likely"


def test_a_single_failure_without_a_sign_is_unclear() -> None:
    assert report_on("..F..").certainty.word == "unclear"


def test_faults_of_the_monitor_meanwhile_are_a_doubt() -> None:
    certainty = report_on("..FFuF..").certainty

    assert certainty.word == "unclear"
    assert any("faults of its own meanwhile: 1 unknown run (stall)" in each for each in certainty.reasons)


def test_silence_is_never_sure() -> None:
    silent = a_failed_step(
        FailureKind.RESET, exchanges=(an_exchange(failure=a_failure(FailureKind.RESET), expected=False),)
    )
    report = report_of(evidence_of(other_scenario_good(story("..FFF..", failed=silent))))

    assert report.certainty.word == "likely"
    assert "3 failed exchanges without an answer: there is no id of the API for them." in report.unknowns
    assert "the connection is broken off by POST /events at step search" in report.headline


def test_a_gap_of_more_than_two_intervals_is_told() -> None:
    runs = story(".FFF" + "." * 9)
    report = report_of(evidence_of([*runs[:4], *runs[8:]]))

    assert any(
        "quick_search: no judged run for 24 min 58 s, from 2026-11-24 12:15:01 UTC" in each for each in report.unknowns
    )


def test_two_intervals_are_no_gap() -> None:
    runs = story("." * 13)
    report = report_of(evidence_of([*runs[:4], *runs[5:]]))

    assert not any("no judged run" in each for each in report.unknowns)


def test_failures_of_another_cause_are_told_apart() -> None:
    rejected = a_failed_step(FailureKind.AUTH_REJECTED)
    odd = replace(story("F", failed=rejected)[0], run_id="odd", started_at=NOON + 30 * EVERY / 10)
    report = report_of(evidence_of([*story("..FFF.."), odd]))

    assert report.kind is FailureKind.SERVER_ERROR
    assert any("1 run failed of something else" in each and "auth_rejected" in each for each in report.unknowns)


def test_what_failed_on_another_target_is_not_counted() -> None:
    elsewhere = [replace(run, run_id=f"x{run.run_id}", target="beta") for run in story("..F....")]
    report = report_of(evidence_of([*story("..FFF.."), *elsewhere]))

    assert (report.scope.target, report.counts.failed, report.counts.runs) == ("acme", 3, 7)


def test_lost_results_are_told() -> None:
    assert "2 results could not be kept by the journal, and are in no number here." in report_on("F", lost=2).unknowns


def an_incident(**changes: object) -> Incident:
    hit = Hit(
        scenario="quick_search",
        failed_runs=3,
        first_failed_at=NOON + 2 * EVERY,
        last_failed_at=NOON + 4 * EVERY,
        every_seconds=300.0,
        availability=0.999,
    )
    facts: dict[str, object] = {
        "incident_id": "inc1",
        "cause": Cause(target="acme", kind=FailureKind.SERVER_ERROR, operation=Operation.SEND_EVENT),
        "blame": Blame.API,
        "environment": Environment.SANDBOX,
        "location": "eu-1",
        "hits": (hit,),
        "first_failed_run_id": "r2",
        "first_failed_at": NOON + 2 * EVERY,
        "detected_run_id": "r4",
        "detected_at": ended(4),
        "last_failed_run_id": "r4",
        "last_failed_at": NOON + 4 * EVERY,
        "last_good_run_id": "r1",
        "last_good_at": ended(1),
    }
    return Incident(**(facts | changes))  # type: ignore[arg-type]


def evidence_of_incident(outcomes: str, **changes: object) -> Evidence:
    return of_incident(shelves_of(story(outcomes)), an_incident(**changes), (), a_setting())


def test_an_incident_s_own_times_and_plan_count() -> None:
    report = report_of(evidence_of_incident("..FFF"))

    assert (report.first_failed_at, report.detected_at) == (NOON + 2 * EVERY, ended(4))
    assert report.environment is Environment.SANDBOX
    assert report.budgets[0].availability == 0.999


def test_what_the_journal_let_go_of_is_told() -> None:
    evidence = of_incident(shelves_of(story("..FFF")[3:]), an_incident(), (), a_setting())

    assert any("counts 3 failed runs, and 2 of them are here" in each for each in report_of(evidence).unknowns)


def test_a_long_stretch_is_counted_whole_and_shown_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_WHOLE", 20)
    evidence = evidence_of(story("." * 40 + "F" * 60))
    report = report_of(evidence)

    assert len(evidence.witnesses) == 20
    assert (report.counts.runs, report.counts.failed) == (100, 60)
    assert any(each.startswith("80 runs of 100: counted, but not looked at whole") for each in report.unknowns)
    assert report.last_good is not None


def test_no_more_than_so_many_runs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_LINES", 10)
    evidence = evidence_of(story("." * 12))

    assert len(evidence.lines) == 10
    assert evidence.left_out == ("runs before 2026-11-24 12:10:00 UTC: only the newest 10 were read",)


def test_marks_on_the_timeline_are_thinned_and_the_edges_of_the_failure_stay() -> None:
    report = report_on("." * 500 + "F" * 400 + "." * 100)
    failed = [mark.run_id for mark in report.timeline.runs if mark.outcome is Outcome.FAILED]

    assert len(report.timeline.runs) <= 600
    assert (failed[0], failed[-1]) == ("r500", "r899")
    assert any(each.startswith("runs on the timeline: ") for each in report.truncated)


def test_a_run_under_way_is_in_no_count() -> None:
    running = as_kept(replace(story("...")[2], outcome=Outcome.UNKNOWN), under_way=True)
    shelves = shelves_of(story(".."))
    shelves = type(shelves)(*(kept for kept in [running, *shelves._kept]))
    report = report_of(gathering.of_stretch(shelves, NOON, a_setting()))

    assert report.counts.runs == 2
    assert "1 run without a verdict yet: under way, or cut off." in report.unknowns


def test_429s_that_nobody_asked_for_are_on_the_timeline() -> None:
    limited = an_exchange(answer=an_answer(429, retry_after_seconds=3.0), expected=False)
    asked = an_exchange(answer=an_answer(429), expected=True)
    run = a_run(steps=(a_step(exchanges=(limited, asked, an_exchange())),))
    report = report_of(evidence_of([run]))

    assert [each.retry_after_seconds for each in report.timeline.rate_limited] == [3.0]


def test_headroom_is_the_lowest_of_each_run() -> None:
    answers = [an_answer(ratelimit_remaining=left) for left in (9, 4, 7)]
    run = a_run(steps=(a_step(exchanges=tuple(an_exchange(answer=each) for each in answers)),))

    assert [each.remaining for each in report_of(evidence_of([run])).timeline.headroom] == [4]


def test_the_filter_reads_no_further_than_the_stretch() -> None:
    runs = story("..FFF" + "." * 60)
    closed = {"recovered_at": ended(5), "closed_at": ended(6)}
    evidence = of_incident(shelves_of(runs), an_incident(**closed), (), a_setting(now=NOON + timedelta(hours=9)))

    assert evidence.until < NOON + timedelta(hours=1)
    assert all(line.started_at <= evidence.until for line in evidence.lines)
    assert len(list(shelves_of(runs).runs(RunFilter()))) == 65


def test_the_options_ask_for_the_same_stretch_again_and_not_for_an_incident_that_nobody_keeps() -> None:
    scope = report_on("..FFF").scope

    assert scope.options == (
        *("--since", "2026-11-24T12:00:00.000000Z", "--until", "2026-11-24T13:00:00.000000Z", "--target", "acme"),
    )


def test_the_options_ask_for_the_run_that_was_asked_for() -> None:
    assert report_on("..FFF", "r3").scope.options == ("--run", "r3")


def test_the_options_ask_for_a_kept_incident_by_its_id() -> None:
    assert report_of(evidence_of_incident("..FFF")).scope.options == ("--incident", "inc1")
