from __future__ import annotations

import pytest
from support.promql import KNOWN, MONITOR, Given, of_pair

from dashboards.monitor import fault_count
from dashboards.objectives import PAIR, availability_over_the_objective, budget_left, share_of_good
from dashboards.queries import OBJECTIVE_WINDOW, grown, happened_or_nothing, per_second, quantile, selector, total
from exporter.metrics import FAILURES, RUN_DURATION

_FAILED = of_pair("brek_probe_failures_total", step="search", kind="timeout", blame="api")
_OLD = {f"process_start_time_seconds{{{MONITOR}}}": "0x2000"}
_RARE = f"round({total('target', grown(selector(FAILURES), rare=True))})"
_GROWN = f"round({total('target', grown(selector(FAILURES)))})"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param("_x800 1x700", 1, id="the first failure counts"),
        pytest.param("_x800 1x100 2x600", 2, id="and the second"),
        pytest.param("7x2000", 0, id="an old one does not"),
        pytest.param("7x800 8x700", 1, id="what came to old ones does"),
        pytest.param("7x700 0x100 1x700", 1, id="after a restart"),
        pytest.param("0x700 5x100 0x100 1x700", 6, id="before and after a restart"),
    ],
)
def test_failures_of_the_window_are_counted(values: str, expected: float) -> None:
    given = Given(series={**KNOWN, **_OLD, _FAILED: values})

    assert given.complaint(_GROWN, {'{target="t"}': expected}, at="1000m") == ""
    assert given.complaint(_RARE, {'{target="t"}': expected} if expected else {}, at="1000m") == ""


def test_a_restart_takes_nothing_from_what_was_counted_before_it() -> None:
    started = {f"process_start_time_seconds{{{MONITOR}}}": "0x829 49740x400"}
    given = Given(series={**KNOWN, **started, _FAILED: "_x700 1x20 5x100 _x9 1x400"})

    assert given.complaint(_GROWN, {'{target="t"}': 5}, at="1000m") == ""


@pytest.mark.parametrize(
    ("started", "values", "expected"),
    [
        pytest.param("0x969 58200x400", "_x990 1x400", 1, id="the first one ever, after the restart"),
        pytest.param("0x969 58200x400", "2x968 _x20 1x400", 1, id="again after the restart, of more before it"),
        pytest.param("0x969 58200x400", "1x968 _x20 1x400", 1, id="again after the restart, of as many before it"),
    ],
)
def test_a_restart_hides_nothing_that_begins_after_it(started: str, values: str, expected: float) -> None:
    given = Given(series={**KNOWN, f"process_start_time_seconds{{{MONITOR}}}": started, _FAILED: values})

    assert given.complaint(_GROWN, {'{target="t"}': expected}, at="1000m") == ""
    assert given.complaint(_RARE, {'{target="t"}': expected}, at="1000m") == ""


def test_failures_before_prometheus_watched_are_not_those_of_the_window() -> None:
    given = Given(series={name: f"_x900 {values}" for name, values in {**KNOWN, **_OLD, _FAILED: "7x200"}.items()})

    assert given.complaint(_GROWN, {'{target="t"}': 0}, at="1000m") == ""


def test_a_young_monitor_tells_its_first_failure() -> None:
    started = {f"process_start_time_seconds{{{MONITOR}}}": "54000x200"}
    given = Given(series={name: f"_x900 {values}" for name, values in {**KNOWN, **started, _FAILED: "1x200"}.items()})

    assert given.complaint(_GROWN, {'{target="t"}': 1}, at="1000m") == ""


def test_the_past_of_a_monitor_with_a_new_address_counts() -> None:
    info = 'brek_probe_target_info{instance="before",job="j",target="t",environment="sandbox",location="here"}'
    before = {info: "1x900", _FAILED.replace('"i"', '"before"'): "0x800 2x100"}
    given = Given(series={**KNOWN, **_OLD, **before})

    assert given.complaint(_GROWN, {'{target="t"}': 2}, at="1000m") == ""


def test_a_target_without_failures_is_told_from_one_that_is_not_measured() -> None:
    query = happened_or_nothing("target, kind", grown(selector(FAILURES)))
    measured = Given(series={**KNOWN, **_OLD, of_pair("brek_probe_success"): "1x2000"})
    away = Given(series={**KNOWN, **_OLD})

    assert measured.complaint(query, {'{target="t",kind="nothing"}': 0}, at="1000m") == ""
    assert away.complaint(query, {}, at="1000m") == ""


@pytest.mark.parametrize(
    ("scraped", "faults", "expected"),
    [
        pytest.param("x1000", "0x1000", {'{instance="i"}': 0}, id="faultless"),
        pytest.param("x980", "0x980", {}, id="dead, and faultless before"),
        pytest.param("x980", "0x900 2x79", {'{instance="i"}': 2}, id="dead, with faults before"),
    ],
)
def test_a_dead_monitor_is_not_called_faultless(scraped: str, faults: str, expected: dict[str, float]) -> None:
    known = dict.fromkeys(KNOWN, f"1{scraped}")
    given = Given(series=known | {f'brek_monitor_faults_total{{{MONITOR},kind="journal"}}': faults})

    assert given.complaint(fault_count(), expected, at="1000m") == ""


@pytest.mark.parametrize(
    ("started", "since"),
    [
        pytest.param("59400x400", "_x990 ", id="a monitor of ten minutes"),
        pytest.param("59400x4 59700x400", "_x990 ", id="a monitor of ten minutes, started again"),
        pytest.param("0x400", "", id="an old monitor"),
    ],
)
def test_a_pace_is_that_of_the_time_it_was_measured(started: str, since: str) -> None:
    known = {name: f"{since}{values}" for name, values in KNOWN.items()}
    process = {f"process_start_time_seconds{{{MONITOR}}}": f"{since}{started}" if since else "0x2000"}
    requests = {_FAILED: f"{since}0+6x400"} if since else {_FAILED: "0+6x2000"}
    paced = f"round(60 * {total('target', per_second(selector(FAILURES)))}, 0.1)"

    assert Given(series=known | process | requests).complaint(paced, {'{target="t"}': 6}, at="1000m") == ""


def _objective(good: str, bad: str) -> Given:
    return Given(
        series={
            **KNOWN,
            of_pair("brek_probe_objective_runs_total", result="good"): good,
            of_pair("brek_probe_objective_runs_total", result="bad"): bad,
            of_pair("brek_probe_objective_ratio"): "0.9x2000",
        }
    )


@pytest.mark.parametrize(
    ("given", "availability", "budget"),
    [
        pytest.param(_objective("0+1x2000", "0x2000"), 1, 1, id="all good"),
        pytest.param(_objective("0+19x2000", "0+1x2000"), 0.95, 0.5, id="half of the budget"),
        pytest.param(_objective("0+4x2000", "0+1x2000"), 0.8, -1, id="overspent"),
        pytest.param(_objective("0x2000", "0+1x2000"), 0, -9, id="all bad"),
    ],
)
def test_availability_and_budget(given: Given, availability: float, budget: float) -> None:
    pair = '{target="t",scenario="s"}'
    share = f"round({share_of_good(PAIR, OBJECTIVE_WINDOW)}, 0.001)"

    assert given.complaint(share, {pair: availability}, at="1000m") == ""
    assert given.complaint(f"round({budget_left()}, 0.001)", {pair: budget}, at="1000m") == ""


def test_a_scenario_that_is_played_no_more_makes_no_target_bad() -> None:
    gone = {
        of_pair("brek_probe_objective_runs_total", "gone", result="good"): "0x500",
        of_pair("brek_probe_objective_runs_total", "gone", result="bad"): "0+1x500",
        of_pair("brek_probe_objective_ratio", "gone"): "0.9x500",
    }
    given = Given(series=_objective("0+1x2000", "0x2000").series | gone)

    assert given.complaint(availability_over_the_objective(), {'{target="t",scenario="s"}': 1}, at="1000m") == ""


def test_a_dead_monitor_takes_no_availability_and_no_budget_with_it() -> None:
    ended = {name: values.replace("x2000", "x980") for name, values in _objective("0+1x2000", "0x2000").series.items()}
    pair = {'{target="t",scenario="s"}': 1.0}

    assert Given(series=ended).complaint(availability_over_the_objective(), pair, at="1000m") == ""
    assert Given(series=ended).complaint(budget_left(), pair, at="1000m") == ""


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(_objective("0x2000", "0x2000"), id="nothing was judged"),
        pytest.param(_objective("5x2000", "1x2000"), id="nothing lately"),
        pytest.param(_objective("_x2000", "0+1x2000"), id="the good ones are not known"),
    ],
)
def test_nothing_to_share_is_no_hundred_percent(given: Given) -> None:
    assert given.complaint(share_of_good(PAIR, OBJECTIVE_WINDOW), {}, at="1000m") == ""
    assert given.complaint(budget_left(), {}, at="1000m") == ""


def test_a_quantile_of_no_runs_is_nothing() -> None:
    buckets = {of_pair("brek_probe_run_duration_seconds_bucket", le=each): "3x2000" for each in ("1", "+Inf")}

    assert Given(series=KNOWN | buckets).complaint(quantile(0.95, RUN_DURATION, "target"), {}, at="1000m") == ""
