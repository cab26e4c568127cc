"""Rules about objectives: how fast the error budget goes, and how slow good runs are."""

from __future__ import annotations

import math
from collections.abc import Iterator

from alerts.rulebook.failing import PAIR_BLAME
from alerts.rulebook.model import Alert, Board, Group, Record
from alerts.rulebook.promql import PAIR, blamed, duration, not_in_maintenance, number
from alerts.thresholds import BurnWindow, Thresholds
from probes.words import GOOD_OUTCOMES, Blame, Severity

_INTERVAL = "max by (target, scenario) (brek_probe_interval_seconds)"
_OBJECTIVE = "max by (target, scenario) (brek_probe_objective_ratio)"
_GOOD = "|".join(sorted(GOOD_OUTCOMES))
_SLOWEST_PROBE_SECONDS = 86_400.0


def objectives(thresholds: Thresholds) -> Group:
    """Budget and latency. Runs in maintenance, rechecks, unknown and skipped ones are no part of the counters."""
    windows = dict.fromkeys(
        seconds for each in thresholds.burn_windows for seconds in (each.short_seconds, each.long_seconds)
    )
    return Group(
        name="brekwatch-objectives",
        why="The error budget in two windows by how often a probe is played, and the latency of good runs.",
        rules=(
            *(rule for seconds in sorted(windows) for rule in _recorded(duration(seconds))),
            *_burns(thresholds),
            _latency(thresholds),
        ),
    )


def _bad(window: str) -> str:
    return f"target_scenario:brek_probe_objective_runs_bad:increase{window}"


def _ratio(window: str) -> str:
    return f"target_scenario:brek_probe_objective_runs_bad:ratio{window}"


def _recorded(window: str) -> Iterator[Record]:
    counted = "brek_probe_objective_runs_total"
    every = f"sum by (target, scenario) (increase({counted}[{window}]))"
    yield Record(
        record=_bad(window),
        expr=f'sum by (target, scenario) (increase({counted}{{result="bad"}}[{window}]))',
    )
    yield Record(record=_ratio(window), expr=f"{_bad(window)} / ({every} > 0)")


def _class(above: float, up_to: float) -> str:
    """The pairs that are played so often."""
    at_most = "" if math.isinf(up_to) else f" <= {number(up_to)}"
    return f"{_INTERVAL}{f' > {number(above)}' if above else ''}{at_most}"


def _burns(thresholds: Thresholds) -> Iterator[Alert]:
    names = {Severity.PAGE: "BrekErrorBudgetBurnFast", Severity.TICKET: "BrekErrorBudgetBurnSlow"}
    for severity, name in names.items():
        branches, above = [], 0.0
        for each in thresholds.burn_windows:
            if each.severity is severity:
                branches.append(_burning(each, above, thresholds))
            above = each.up_to_seconds
        yield Alert(
            name=name,
            expr=blamed(not_in_maintenance("\nor ".join(branches)), PAIR, PAIR_BLAME, Blame.API),
            summary="{{ $labels.target }}: {{ $labels.scenario }} spends its error budget too fast",
            description=(
                "{{ $value | humanizePercentage }} of the runs were bad over"
                f" {_long_windows(thresholds, severity)}, and lately too. The objective allows"
                ' {{ with query (printf "1 - max(brek_probe_objective_ratio{target=%q,scenario=%q})"'
                " $labels.target $labels.scenario) }}{{ . | first | value | humanizePercentage }}{{ end }}."
            ),
            board=Board.SCENARIO,
            about=PAIR,
        )


def _long_windows(thresholds: Thresholds, severity: Severity) -> str:
    told = [
        f"{duration(each.long_seconds)} (a probe due every {duration(each.up_to_seconds)} or more often)"
        if not math.isinf(each.up_to_seconds)
        else duration(each.long_seconds)
        for each in thresholds.burn_windows
        if each.severity is severity
    ]
    return " or ".join(told)


def _burning(window: BurnWindow, above: float, thresholds: Thresholds) -> str:
    long, short = duration(window.long_seconds), duration(window.short_seconds)
    allowed = f"on (target, scenario) ({number(window.factor)} * (1 - {_OBJECTIVE}))"
    return (
        f"(round({_ratio(long)} > {allowed}, 0.001)\n"
        f"  and on (target, scenario) {_ratio(short)} > {allowed}\n"
        f"  and on (target, scenario) {_bad(long)} > {number(thresholds.burn_bad_runs)}\n"
        f"  and on (target, scenario) ({_class(above, window.up_to_seconds)}))"
    )


def _latency(thresholds: Thresholds) -> Alert:
    shortest = thresholds.latency_window_seconds
    intervals = thresholds.latency_window_intervals
    bounds = sorted({shortest / intervals, 3600.0, _SLOWEST_PROBE_SECONDS})
    branches = [
        _slow(duration(max(shortest, intervals * up_to)), _class(above, up_to), thresholds)
        for above, up_to in zip([0.0, *bounds], bounds, strict=False)
    ]
    return Alert(
        name="BrekLatencyHigh",
        expr=not_in_maintenance("\nor ".join(branches)),
        summary="{{ $labels.target }}: {{ $labels.scenario }} is slow",
        description=(
            "{{ $value | humanizePercentage }} of the good runs took longer than the"
            ' {{ with query (printf "max(brek_probe_latency_objective_seconds{target=%q,scenario=%q})"'
            " $labels.target $labels.scenario) }}{{ . | first | value | humanizeDuration }}{{ end }} of the objective."
        ),
        board=Board.SCENARIO,
        about=PAIR,
        blame=Blame.API,
    )


def _slow(window: str, played: str, thresholds: Thresholds) -> str:
    """Counted run by run: a quantile of the histogram is a guess wherever the objective is none of its bounds."""
    slow = f"sum by (target, scenario) (increase(brek_probe_slow_runs_total[{window}]))"
    good = f'sum by (target, scenario) (increase(brek_probe_runs_total{{outcome=~"{_GOOD}"}}[{window}]))'
    return (
        f"({slow} / {good} > {number(thresholds.latency_slow_share)}\n"
        f"  and on (target, scenario) {good} > {number(thresholds.latency_least_runs - 0.5)}\n"
        f"  and on (target, scenario) ({played}))"
    )
