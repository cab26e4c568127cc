"""Queries about objectives and failures that more than one board shows."""

from __future__ import annotations

from dashboards.queries import (
    OBJECTIVE_WINDOW,
    WINDOW,
    grown,
    happened,
    happened_or_nothing,
    here,
    increase,
    ratio,
    selector,
    total,
)
from exporter.metrics import FAILURES, OBJECTIVE, OBJECTIVE_RUNS

PAIR = "target, scenario"


def share_of_good(by: str, window: str) -> str:
    """The availability, of what counts for the objective."""
    good = total(by, increase(selector(OBJECTIVE_RUNS, result="good"), window))
    return ratio(good, total(by, increase(selector(OBJECTIVE_RUNS), window)))


def objective() -> str:
    """What each pair has to reach."""
    return f"max by ({PAIR}) (\n{here(selector(OBJECTIVE))}\n)"


def _lately() -> str:
    """What each pair had to reach when it was last planned, if that was in the window."""
    return f"max by ({PAIR}) (\n{here(f'last_over_time({selector(OBJECTIVE)}[{WINDOW}])', WINDOW)}\n)"


def of_planned(pairs: str) -> str:
    """Those that are still planned: one that was taken out of the configuration says nothing of its target."""
    return f"{pairs}\nand on ({PAIR}) {_lately()}"


def availability_over_the_objective() -> str:
    """Of each pair that is still planned, over the window of the objective."""
    return of_planned(share_of_good(PAIR, OBJECTIVE_WINDOW))


def budget_left() -> str:
    """Of each pair: 1 while nothing is spent, below 0 once it is overspent; nothing where none is allowed."""
    spent = f"(1 - {share_of_good(PAIR, OBJECTIVE_WINDOW)})"
    return f"1 - {spent}\n/ on ({PAIR}) (1 - {_lately()} > 0)"


def failed(by: str) -> str:
    """The runs that failed in the window."""
    return happened(by, grown(selector(FAILURES), rare=True))


def failed_or_nothing(by: str) -> str:
    """The same, and a zero for a target that is measured."""
    return happened_or_nothing(by, grown(selector(FAILURES), rare=True))
