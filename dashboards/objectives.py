"""Queries about objectives and failures that more than one board shows."""

from __future__ import annotations

from dashboards.queries import (
    OBJECTIVE_WINDOW,
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


def budget_left() -> str:
    """Of each pair: 1 while nothing is spent, below 0 once it is overspent; nothing where none is allowed."""
    spent = f"(1 - {share_of_good(PAIR, OBJECTIVE_WINDOW)})"
    return f"1 - {spent}\n/ on ({PAIR}) (1 - {objective()} > 0)"


def failed(by: str) -> str:
    """The runs that failed in the window."""
    return happened(by, grown(selector(FAILURES), rare=True))


def failed_or_nothing(by: str) -> str:
    """The same, and a zero for a target that is measured."""
    return happened_or_nothing(by, grown(selector(FAILURES), rare=True))
