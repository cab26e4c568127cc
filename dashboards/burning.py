"""The figures that rules about a scenario compare, with the lines from which they wake somebody."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from alerts.rulebook.promql import duration
from alerts.thresholds import Thresholds
from dashboards import linking
from dashboards.objectives import PAIR, objective, share_of_good
from dashboards.panels import COUNT, GREEN, ORANGE, RED, SHARE, Limits, Query, Texts, bad_above, graph, sized
from dashboards.queries import WINDOW, here, increase, one_of, ratio, selector, total
from exporter.metrics import RECENT_FAILED_RUNS, RUNS, SLOW_RUNS
from probes.words import GOOD_OUTCOMES, Severity

_THRESHOLDS = Thresholds()
_LEGEND = "{{target}} · {{scenario}}"


def burning_panels() -> tuple[timeseries.Panel, ...]:
    """In the order of the board."""
    return (_recent(), _burn_rate(), _slow())


def _recent() -> timeseries.Panel:
    texts = Texts(
        title="Failed among the last judged runs",
        description=(
            f"Of the last {_THRESHOLDS.within} judged runs of a scenario, how many failed, by kind. From the line on"
            " an incident is open; it closes only after good runs in a row. The numbers are those of the defaults, if"
            " the configuration says otherwise the line is elsewhere."
        ),
        unit=COUNT,
    )
    recent = f"max by ({PAIR}, kind) (\n{here(selector(RECENT_FAILED_RUNS))}\n)"
    panel = graph(
        texts, Query(expr=recent, legend=f"{_LEGEND} · {{{{kind}}}}"), limits=bad_above(_THRESHOLDS.open_after)
    )
    return sized(panel.data_links([linking.failed_runs()]), 8)


def _burn_rate() -> timeseries.Panel:
    texts = Texts(
        title="How fast the error budget goes",
        description=(
            "Bad runs in the window, as a multiple of what the objective allows: at 1 the budget of 28 days lasts 28"
            f" days. The lines are those of the rules, which look at {_windows()}: choose the window of the alert to"
            " see what it saw. Zero is good."
        ),
        unit="suffix:x",
    )
    rate = f"(1 - {share_of_good(PAIR, WINDOW)})\n/ on ({PAIR}) (1 - {objective()} > 0)"
    lines = {each.factor: RED if each.severity is Severity.PAGE else ORANGE for each in _THRESHOLDS.burn_windows}
    limits = Limits(below=GREEN, steps=tuple(sorted(lines.items())))
    panel = graph(texts, Query(expr=rate, legend=_LEGEND), limits=limits)
    return sized(panel.data_links([linking.failed_runs()]), 8)


def _windows() -> str:
    return ", ".join(
        f"{duration(each.long_seconds)} for a factor of {each.factor:g}" for each in _THRESHOLDS.burn_windows
    )


def _slow() -> timeseries.Panel:
    texts = Texts(
        title="Slow runs",
        description=(
            "The share of good runs in the window that took longer than the objective's latency. Above the line a"
            " ticket is opened, if it stays so. The panels below show which step is slow, and whether it is the way"
            " or Brek."
        ),
        unit=SHARE,
    )
    slow = total(PAIR, increase(selector(SLOW_RUNS)))
    good = total(PAIR, increase(selector(RUNS, outcome=one_of(*sorted(GOOD_OUTCOMES)))))
    panel = graph(
        texts, Query(expr=ratio(slow, good), legend=_LEGEND), limits=bad_above(_THRESHOLDS.latency_slow_share)
    )
    return sized(panel.max(1).data_links([linking.runs_of_target()]), 8)
