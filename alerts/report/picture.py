"""The timeline as a picture: lanes on one axis of time, as numbers that the template only writes down.

However many runs there are, a lane holds a mark a column at most, and each mark shows the worst that its column holds.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from alerts.pages import span
from alerts.report.axis import COLUMN, LEFT, RIGHT, Axis, Tick
from alerts.report.facts import Report, RunMark, Timeline, TransitionCount
from probes.words import Outcome

WIDTH = 800.0
MOST_ROWS = 6
_MOST_BUDGETS = 3
_LABEL_CHARACTERS = 72
_TOP = 62.0
_ROW, _BAR, _GRAPH = 34.0, 26.0, 64.0
_TITLE = 26.0
_WORST_FIRST = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.DEGRADED, Outcome.SKIPPED, Outcome.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The runs of a column: the worst outcome among them."""

    x: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario's runs."""

    y: float
    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A transition, from when it was first seen to when it was last seen."""

    y: float
    x: float
    width: float
    label: str
    documented: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A number at a moment; `beyond` its limit."""

    x: float
    y: float
    beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A horizontal line with its name."""

    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Numbers over time, with their scale from 0 to `top`."""

    y: float
    height: float
    top: str
    dots: tuple[Dot, ...]
    limits: tuple[Rule, ...] = ()

    @property
    def line(self) -> str:
        """The dots, joined."""
        return " ".join(f"{dot.x:g},{dot.y:g}" for dot in self.dots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A moment that the whole report is about, as a line through all lanes."""

    name: str
    x: float
    y: float
    label: str
    leftwards: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of it. `titles` name the lanes; `broken` is the stretch between first failure and recovery, x and width."""

    height: float
    ticks: tuple[Tick, ...]
    events: tuple[Event, ...]
    broken: tuple[float, float] | None
    titles: tuple[Rule, ...]
    rows: tuple[Row, ...]
    rows_left_out: int
    bars: tuple[Bar, ...]
    bars_left_out: int
    limited_y: float
    limited: tuple[float, ...]
    latency: Graph
    headroom: Graph


class _Layout:
    """Stacks lanes from top to bottom."""

    def __init__(self) -> None:
        self.y = _TOP
        self.titles: list[Rule] = []

    def lane(self, title: str, height: float) -> float:
        """Room for one lane; where it starts, below its title."""
        self.titles.append(Rule(y=self.y + 14, label=title))
        start = self.y + _TITLE
        self.y = start + height + 10
        return start


def picture_of(report: Report) -> Picture:
    """The picture of a report's timeline, whatever clocks did."""
    timeline = report.timeline
    axis = Axis(timeline.since, timeline.until)
    named = _named(timeline.runs)
    bars = sorted(timeline.transitions, key=lambda seen: seen.documented)
    layout = _Layout()
    rows = _rows(named, axis, layout.lane("Runs", _ROW * max(1, min(MOST_ROWS, len(named)))))
    shown = _bars(bars[:MOST_ROWS], axis, layout.lane("Status transitions", _BAR * max(1, min(MOST_ROWS, len(bars)))))
    limited_y = layout.lane("HTTP 429, not asked for", 14.0)
    latency = _latency(timeline.runs, axis, layout.lane("Latency of good runs, slowest of each column", _GRAPH))
    headroom = _headroom(timeline, axis, layout.lane("Headroom of the rate limit, lowest of each column", _GRAPH))
    return Picture(
        height=layout.y + 16,
        ticks=tuple(axis.ticks()),
        events=tuple(_events(report, axis)),
        broken=_broken(report, axis),
        titles=tuple(layout.titles),
        rows=rows,
        rows_left_out=max(0, len(named) - MOST_ROWS),
        bars=shown,
        bars_left_out=max(0, len(bars) - MOST_ROWS),
        limited_y=limited_y + 7,
        limited=tuple(sorted({axis.column(seen.at) for seen in timeline.rate_limited})),
        latency=latency,
        headroom=headroom,
    )


def _named(runs: Iterable[RunMark]) -> list[tuple[tuple[str, str], list[RunMark]]]:
    """The runs of each scenario on each target, those with the most failed runs first."""
    by_name: dict[tuple[str, str], list[RunMark]] = defaultdict(list)
    for run in runs:
        by_name[run.scenario, run.target].append(run)
    failed = {name: Counter(run.outcome for run in of)[Outcome.FAILED] for name, of in by_name.items()}
    return sorted(by_name.items(), key=lambda item: (-failed[item[0]], item[0]))


def _rows(named: list[tuple[tuple[str, str], list[RunMark]]], axis: Axis, y: float) -> tuple[Row, ...]:
    several = len({target for (_, target), _ in named}) > 1
    rows = []
    for at, ((scenario, target), runs) in enumerate(named[:MOST_ROWS]):
        label = f"{scenario} on {target}" if several else scenario
        rows.append(Row(y=y + at * _ROW + 24, label=_cut(label), marks=_marks(runs, axis)))
    return tuple(rows)


def _marks(runs: Iterable[RunMark], axis: Axis) -> tuple[Mark, ...]:
    worst: dict[float, Outcome] = {}
    for run in runs:
        x = axis.column(run.started_at)
        outcome = run.outcome if run.outcome in _WORST_FIRST else Outcome.UNKNOWN
        worst[x] = min(worst.get(x, outcome), outcome, key=_WORST_FIRST.index)
    return tuple(Mark(x=x, outcome=worst[x]) for x in sorted(worst))


def _bars(transitions: Iterable[TransitionCount], axis: Axis, y: float) -> tuple[Bar, ...]:
    bars = []
    for at, seen in enumerate(transitions):
        x, end = sorted((axis.x(seen.first_at), axis.x(seen.last_at)))
        names = f"{_cut(seen.from_status, 30)} \N{RIGHTWARDS ARROW} {_cut(seen.to_status, 30)}"
        label = f"{names}, {seen.count}\N{MULTIPLICATION SIGN}"
        width = round(max(3.0, end - x), 1)
        bars.append(Bar(y=y + at * _BAR + 15, x=x, width=width, label=label, documented=seen.documented))
    return tuple(bars)


def _latency(runs: Iterable[RunMark], axis: Axis, y: float) -> Graph:
    slowest: dict[float, tuple[float, bool]] = {}
    budgets: set[float] = set()
    for run in runs:
        budget = _finite(run.budget_seconds)
        if budget is not None:
            budgets.add(budget)
        if (seconds := _finite(run.latency_seconds)) is None:
            continue
        x = axis.column(run.started_at)
        slowest[x] = max(slowest.get(x, (0.0, False)), (seconds, budget is not None and seconds > budget))
    shown = sorted(budgets)[:_MOST_BUDGETS]
    top = 1.15 * max([1e-3, *shown, *(seconds for seconds, _ in slowest.values())])

    def at(seconds: float) -> float:
        return round(y + _GRAPH * (1 - min(1.0, seconds / top)), 1)

    dots = tuple(Dot(x=x, y=at(seconds), beyond=beyond) for x, (seconds, beyond) in sorted(slowest.items()))
    limits = tuple(Rule(y=at(budget), label=f"budget {span(budget)}") for budget in shown)
    return Graph(y=y, height=_GRAPH, top=span(top), dots=dots, limits=limits)


def _headroom(timeline: Timeline, axis: Axis, y: float) -> Graph:
    lowest: dict[float, float] = {}
    for seen in timeline.headroom:
        x = axis.column(seen.at)
        lowest[x] = min(lowest.get(x, 1.0), share_left(seen.remaining, seen.limit))
    dots = tuple(Dot(x=x, y=round(y + _GRAPH * (1 - share), 1)) for x, share in sorted(lowest.items()))
    return Graph(y=y, height=_GRAPH, top="100 %", dots=dots)


def share_left(remaining: int, limit: int) -> float:
    """What is left of a limit, from 0 to 1, whatever a server says of it."""
    return min(1.0, max(0.0, remaining / limit)) if limit > 0 else 0.0


def _events(report: Report, axis: Axis) -> Iterator[Event]:
    moments = (
        ("failure", "first failure", report.first_failed_at),
        ("detection", "detected", report.detected_at),
        ("recovery", "recovered", report.recovered_at),
    )
    form = "%H:%M:%S" if report.timeline.since.date() == report.timeline.until.date() else "%d %b %H:%M:%S"
    for at, (name, told, moment) in enumerate(moments):
        if moment is not None:
            x = axis.x(moment)
            label = f"{told} {moment:{form}}"
            yield Event(name=name, x=x, y=14.0 + 18 * at, label=label, leftwards=x > (LEFT + RIGHT) / 2)


def _broken(report: Report, axis: Axis) -> tuple[float, float] | None:
    if report.first_failed_at is None:
        return None
    end: datetime = report.recovered_at or report.timeline.until
    x, last = sorted((axis.x(report.first_failed_at), axis.x(end)))
    return x, round(max(COLUMN / 2, last - x), 1)


def _finite(seconds: float | None) -> float | None:
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None


def _cut(text: str, limit: int = _LABEL_CHARACTERS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
