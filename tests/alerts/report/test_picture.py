from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.reports import a_huge_one, an_outage, still_open
from support.timelines import BROKE, MENDED, SINCE, UNTIL, a_mark

from alerts.report.axis import COLUMN, LEFT, RIGHT, Axis
from alerts.report.facts import Headroom, Report, RunMark, Timeline
from alerts.report.picture import MOST_ROWS, Picture, picture_of, share_left
from probes.words import Outcome

HOUR = timedelta(hours=1)


def pictured(*runs: RunMark, since: datetime = SINCE, until: datetime = SINCE + HOUR) -> Picture:
    timeline = Timeline(since=since, until=until, runs=runs, transitions=(), rate_limited=(), headroom=())
    return picture_of(an_outage(timeline=timeline))


def with_headroom(*seen: tuple[int, int]) -> Report:
    told = tuple(Headroom(at=SINCE, limit=limit, remaining=remaining) for limit, remaining in seen)
    return an_outage(timeline=replace(an_outage().timeline, headroom=told))


@pytest.mark.parametrize(
    ("moment", "x"),
    [
        (SINCE, LEFT),
        (SINCE + HOUR, RIGHT),
        (SINCE + HOUR / 2, (LEFT + RIGHT) / 2),
        (SINCE - HOUR, LEFT),
        (SINCE + 9 * HOUR, RIGHT),
    ],
    ids=["start", "end", "middle", "before", "after"],
)
def test_moments_stand_where_they_belong_and_never_outside(moment: datetime, x: float) -> None:
    assert Axis(SINCE, SINCE + HOUR).x(moment) == x


@pytest.mark.parametrize("until", [SINCE, SINCE - HOUR], ids=["no-time-at-all", "clock-set-back"])
def test_an_axis_of_no_length_is_a_minute_around_its_moment(until: datetime) -> None:
    axis = Axis(SINCE, until)

    assert LEFT <= axis.x(SINCE) <= RIGHT
    assert len(list(axis.ticks())) <= 6


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (timedelta(minutes=2), ["01:30:00", "01:30:30", "01:31:00", "01:31:30", "01:32:00"]),
        (timedelta(minutes=7), ["01:30", "01:32", "01:34", "01:36"]),
        (timedelta(hours=2), ["01:30", "02:00", "02:30", "03:00", "03:30"]),
        (timedelta(days=3), ["26 Nov", "27 Nov", "28 Nov"]),
    ],
    ids=["two minutes", "some minutes", "hours", "days"],
)
def test_round_moments_are_written_below(length: timedelta, labels: list[str]) -> None:
    ticks = [tick.label for tick in Axis(SINCE, SINCE + length).ticks()]

    assert [label for label in ticks if label in labels] == labels


@pytest.mark.parametrize("days", [0.001, 0.1, 1, 10, 100, 3000])
def test_there_are_never_more_than_six_moments(days: float) -> None:
    assert 1 <= len(list(Axis(SINCE, SINCE + timedelta(days=days)).ticks())) <= 6


def test_each_outcome_has_its_mark() -> None:
    runs = [a_mark(at, SINCE + at * HOUR / 6, outcome) for at, outcome in enumerate(Outcome)]
    [row] = pictured(*runs).rows

    assert [mark.outcome for mark in row.marks] == list(Outcome)


@pytest.mark.parametrize(
    ("together", "shown"),
    [
        ((Outcome.PASSED, Outcome.FAILED, Outcome.PASSED), Outcome.FAILED),
        ((Outcome.UNKNOWN, Outcome.DEGRADED), Outcome.UNKNOWN),
        ((Outcome.SKIPPED, Outcome.PASSED), Outcome.SKIPPED),
    ],
    ids=["failed", "unknown", "skipped"],
)
def test_runs_that_share_a_column_show_the_worst(together: tuple[Outcome, ...], shown: Outcome) -> None:
    [row] = pictured(*(a_mark(at, SINCE, outcome) for at, outcome in enumerate(together))).rows

    assert [mark.outcome for mark in row.marks] == [shown]


def test_ten_thousand_runs_make_no_more_marks_than_there_are_columns() -> None:
    picture = picture_of(a_huge_one())

    assert len(picture.rows) == MOST_ROWS
    assert max(len(row.marks) for row in picture.rows) <= (RIGHT - LEFT) / COLUMN
    assert len(picture.latency.dots) <= (RIGHT - LEFT) / COLUMN
    assert picture.rows_left_out == 40 - MOST_ROWS


def test_the_scenario_that_failed_most_comes_first() -> None:
    marks = [a_mark(at, SINCE, Outcome.PASSED, scenario="all_well") for at in range(9)]
    picture = pictured(*marks, a_mark(10, SINCE, Outcome.FAILED, scenario="broken"))

    assert [row.label for row in picture.rows] == ["broken", "all_well"]


def test_targets_are_told_apart_where_there_are_several() -> None:
    marks = [a_mark(at, SINCE, Outcome.PASSED, target=target) for at, target in enumerate(("acme", "other"))]

    assert [row.label for row in pictured(*marks).rows] == ["golden_path on acme", "golden_path on other"]


def test_latency_over_its_budget_is_another_mark() -> None:
    slow = a_mark(1, SINCE, Outcome.PASSED, latency_seconds=46.0, budget_seconds=45.0)
    quick = a_mark(2, SINCE + HOUR / 2, Outcome.PASSED, latency_seconds=44.0, budget_seconds=45.0)

    assert [dot.beyond for dot in pictured(slow, quick).latency.dots] == [True, False]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, None], ids=str)
def test_a_latency_that_is_none_is_not_drawn(seconds: float | None) -> None:
    assert pictured(a_mark(1, SINCE, Outcome.PASSED, latency_seconds=seconds)).latency.dots == ()


@pytest.mark.parametrize(
    ("remaining", "limit", "share"),
    [(30, 60, 0.5), (90, 60, 1.0), (-5, 60, 0.0), (10, 0, 0.0), (10, -60, 0.0)],
    ids=["half", "more-than-all", "less-than-none", "of-nothing", "of-less"],
)
def test_headroom_is_between_nothing_and_all_whatever_is_told(remaining: int, limit: int, share: float) -> None:
    graph = picture_of(with_headroom((limit, remaining))).headroom

    assert share_left(remaining, limit) == share
    assert graph.dots[0].y == round(graph.y + graph.height * (1 - share), 1)


def test_the_lowest_headroom_of_a_column_is_shown() -> None:
    graph = picture_of(with_headroom((60, 60), (60, 15), (60, 45))).headroom

    assert [dot.y for dot in graph.dots] == [graph.y + graph.height * 0.75]


def test_first_failure_detection_and_recovery_are_labelled_lines() -> None:
    axis = Axis(SINCE, UNTIL)
    events = picture_of(an_outage()).events

    assert [(event.label, event.x) for event in events] == [
        ("first failure 02:14:03", axis.x(BROKE)),
        ("detected 02:25:03", axis.x(BROKE + timedelta(minutes=11))),
        ("recovered 03:01:09", axis.x(MENDED)),
    ]


def test_labels_near_the_right_edge_stand_to_the_left_of_their_line() -> None:
    late = an_outage(recovered_at=UNTIL)

    assert [event.leftwards for event in picture_of(late).events] == [False, False, True]


def test_a_picture_of_several_days_tells_the_day_of_its_lines() -> None:
    timeline = replace(an_outage().timeline, since=SINCE - timedelta(days=2))

    assert picture_of(an_outage(timeline=timeline)).events[0].label == "first failure 25 Nov 02:14:03"


def test_what_goes_on_is_broken_to_the_edge() -> None:
    x, width = picture_of(still_open()).broken or (0.0, 0.0)

    assert round(x + width, 1) == RIGHT


def test_undocumented_transitions_come_first() -> None:
    assert [bar.documented for bar in picture_of(an_outage()).bars] == [False, *[True] * 5]


def test_no_run_at_all_makes_a_picture_too() -> None:
    picture = pictured(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC))

    assert (picture.rows, picture.latency.dots, picture.height > 0) == ((), (), True)
