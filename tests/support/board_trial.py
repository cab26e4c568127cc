"""Every query of a board, asked of a real Prometheus as Grafana would."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from support.board_files import Board, Query, annotation_queries, panel_queries, variable_queries
from support.board_queries import View, asked_by_a_variable, defaults, filled
from support.prometheus_server import Prometheus

POINTS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the labels of each series, and how long that took."""

    query: Query
    series: tuple[Mapping[str, str], ...]
    seconds: float

    def __str__(self) -> str:
        return f"{self.query}: {len(self.series)} series in {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody looks at a board at that moment, back over so many seconds, with some of its variables changed."""

    at: float
    range_seconds: int
    changed: Mapping[str, str | tuple[str, ...]]
    scrape_seconds: int = 240

    def step_seconds(self) -> int:
        return max(self.range_seconds // POINTS, 15)


async def answers(server: Prometheus, one: Board, look: Look) -> list[Answer]:
    """What each query of the board gets: panels, then annotations."""
    view = await _view(server, one, look)
    return [await _answer(server, query, view, look) for query in (*panel_queries(one), *annotation_queries(one))]


async def _view(server: Prometheus, one: Board, look: Look) -> View:
    """Variables as they are when the board is opened: each may narrow those after it."""
    chosen = defaults(one, {}) | dict(look.changed)
    for name, query in variable_queries(one):
        series, label = asked_by_a_variable(query)
        view = View(chosen=chosen, range_seconds=look.range_seconds)
        values = await server.label_values(label, filled(series, view), look.at - look.range_seconds, look.at)
        chosen = {**chosen, name: defaults(one, {name: values})[name], **look.changed}
    return View(
        chosen=chosen,
        range_seconds=look.range_seconds,
        step_seconds=look.step_seconds(),
        scrape_seconds=look.scrape_seconds,
    )


async def _answer(server: Prometheus, query: Query, view: View, look: Look) -> Answer:
    start = look.at if query.instant else look.at - look.range_seconds
    began = time.monotonic()
    found = await server.series(filled(query.expr, view), start, look.at, look.step_seconds())
    return Answer(query=query, series=tuple(found), seconds=time.monotonic() - began)
