from __future__ import annotations

import re

import pytest
from support.promql import KNOWN, Given, of_pair

from dashboards.queries import failing_since, good_now
from dashboards.scenario import outcome_now

_EVERY_FIVE_MINUTES = "300x2000"
_PLAYED = " ".join(str(300 * (minute // 5)) for minute in range(200))
_PLAYED_TILL_AN_HOUR = " ".join(str(min(3600, 300 * (minute // 5))) for minute in range(200))
_NEVER = "_x200"


def _history(verdict: str, played: str, other: str = "1x200") -> Given:
    return Given(
        series={
            **KNOWN,
            of_pair("brek_probe_success"): verdict,
            of_pair("brek_probe_last_run_timestamp_seconds"): played,
            of_pair("brek_probe_interval_seconds"): _EVERY_FIVE_MINUTES,
            of_pair("brek_probe_success", "other"): other,
            of_pair("brek_probe_last_run_timestamp_seconds", "other"): _PLAYED,
            of_pair("brek_probe_interval_seconds", "other"): _EVERY_FIVE_MINUTES,
        }
    )


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(_history("1x200", _PLAYED), 1, id="all good and fresh"),
        pytest.param(_history("0x200", _PLAYED), 0, id="one fails"),
        pytest.param(_history("1x200", _PLAYED_TILL_AN_HOUR), -1, id="one is stale, the other good"),
        pytest.param(_history("0x200", _PLAYED_TILL_AN_HOUR), -1, id="an old failure is no verdict"),
        pytest.param(_history("1x200", _PLAYED_TILL_AN_HOUR, other="0x200"), 0, id="one is stale, the other fails"),
        pytest.param(_history(_NEVER, _NEVER), -1, id="one was never played"),
    ],
)
def test_good_now_is_never_an_old_green(history: Given, expected: float) -> None:
    assert history.complaint(good_now(), {'{target="t"}': expected}, at="90m") == ""


def test_a_fresh_verdict_from_one_place_is_none_from_another() -> None:
    here, there = _history("1x200", _PLAYED).series, _history("1x200", _PLAYED_TILL_AN_HOUR).series
    elsewhere = {name.replace('"i"', '"k"').replace('"here"', '"there"'): values for name, values in there.items()}

    assert Given(series=here | elsewhere).complaint(good_now(), {'{target="t"}': -1}, at="90m") == ""


def test_a_target_whose_monitor_is_gone_stays_in_sight_without_a_verdict() -> None:
    gone = {name: re.sub(r"x\d+$", "x30", each) for name, each in _history("1x30", "0x30", other="1x30").series.items()}
    ended = Given(series={name: " ".join(values.split()[:30]) for name, values in gone.items()})

    assert ended.complaint(good_now(), {'{target="t"}': -1}, at="90m") == ""


def test_a_target_fails_since_the_last_good_run_of_what_fails_longest() -> None:
    history = _history("0x200", _PLAYED, other="0x200").series
    last_good = {
        of_pair("brek_probe_last_success_timestamp_seconds"): "1200x200",
        of_pair("brek_probe_last_success_timestamp_seconds", "other"): "2400x200",
        of_pair("brek_probe_last_success_timestamp_seconds", "good"): "60x200",
    }

    assert Given(series=history | last_good).complaint(failing_since(), {'{target="t"}': 1200}, at="90m") == ""


def test_a_target_that_is_good_fails_since_no_moment() -> None:
    last_good = {of_pair("brek_probe_last_success_timestamp_seconds"): "1200x200"}
    good = Given(series=_history("1x200", _PLAYED).series | last_good)

    assert good.complaint(failing_since(), {}, at="90m") == ""


_ENDED_AT_60 = {"passed": "0x200", "failed": "0x200", "degraded": "0x200", "skipped": "0x200", "unknown": "0x200"}


@pytest.mark.parametrize(
    ("ended", "at", "code"),
    [
        pytest.param({"degraded": "0x59 1x100"}, "62m", 1, id="a degraded run shows where it ended"),
        pytest.param({"degraded": "0x59 1x100"}, "70m", 5, id="and is good afterwards"),
        pytest.param({"passed": "0x59 1x100", "failed": "0x59 1x100"}, "62m", 4, id="the worst of a moment shows"),
        pytest.param({"skipped": "0x59 1x100"}, "62m", 2, id="skipped"),
        pytest.param({"unknown": "0x59 1x100"}, "62m", 3, id="unknown"),
        pytest.param({"passed": "0+1x59 0+1x100"}, "60m", 5, id="a restart is no run"),
    ],
)
def test_the_strip_tells_an_outcome_once(ended: dict[str, str], at: str, code: float) -> None:
    counters = {of_pair("brek_probe_runs_total", outcome=name): each for name, each in (_ENDED_AT_60 | ended).items()}
    given = Given(
        series={
            **KNOWN,
            **counters,
            of_pair("brek_probe_success"): "1x200",
            of_pair("brek_probe_last_run_timestamp_seconds"): _PLAYED,
            of_pair("brek_probe_interval_seconds"): _EVERY_FIVE_MINUTES,
        }
    )

    assert given.complaint(outcome_now(), {'{target="t",scenario="s"}': code}, at=at) == ""
