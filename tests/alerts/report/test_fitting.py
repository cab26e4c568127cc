from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from support.reports import a_huge_one, an_outage
from support.timelines import a_mark

from alerts.report.fitting import ROOMS, Room, fitted
from probes.words import Outcome

ROOM = Room(timeline=4, rows=3, lines=5, characters=10)


def test_what_fits_is_the_same() -> None:
    assert fitted(an_outage(), ROOMS[0]) == an_outage()


def test_a_timeline_keeps_its_ends() -> None:
    report = an_outage()
    kept = fitted(report, ROOM).timeline.runs

    assert [run.started_at for run in kept] == [report.timeline.runs[at].started_at for at in (0, 1, -2, -1)]


def test_what_was_left_out_is_counted_over_all_lists_of_a_name() -> None:
    told = fitted(a_huge_one(runs=50), replace(ROOM, characters=4000)).truncated

    assert "46 of 50 runs in the timeline's table are left out of this page." in told
    assert "1,997 of 2,000 failed exchanges with their ids are left out of this page." in told
    assert "3,990 of 4,000 lines of an answer are left out of this page." in told


def test_long_texts_are_cut_wherever_they_stand() -> None:
    report = fitted(an_outage(headline="x" * 50), ROOM)

    assert report.headline == "x" * 9 + "…"
    assert any("long texts are cut after 10 characters" in sentence for sentence in report.truncated)


def test_closed_words_are_never_cut() -> None:
    mark = a_mark(1, an_outage().timeline.since, Outcome.DEGRADED)
    timeline = replace(an_outage().timeline, runs=(mark,))

    assert (
        fitted(an_outage(timeline=timeline), replace(ROOM, characters=3)).timeline.runs[0].outcome is Outcome.DEGRADED
    )


def test_half_a_command_is_no_command() -> None:
    report = fitted(an_outage(curl="curl " + "x" * 100), ROOM)

    assert report.curl is None
    assert report.truncated[-1] == "The curl command is too long for this page. The report as JSON holds it."


def test_each_room_is_smaller_than_the_one_before() -> None:
    sizes = [(room.timeline, room.rows, room.lines, room.characters) for room in ROOMS]

    assert all(later <= earlier and later != earlier for earlier, later in pairwise(sizes))
