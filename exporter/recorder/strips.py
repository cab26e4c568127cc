"""The last day of a probe, half an hour a cell: how many runs ended how. Of one size, however often it is played."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from probes.words import GOOD_OUTCOMES, JUDGED_OUTCOMES, Outcome

CELL_SECONDS = 1_800
CELLS = 48
_PLACES = {outcome: place for place, outcome in enumerate(Outcome, 1)}
_GOOD, _BAD, _WIDTH = 6, 7, 8


class Cell(NamedTuple):
    """Half an hour; `number` counts from the epoch. What is good or bad counts for the objective, too."""

    number: int
    passed: int = 0
    degraded: int = 0
    failed: int = 0
    skipped: int = 0
    unknown: int = 0
    good: int = 0
    bad: int = 0

    @property
    def judged(self) -> int:
        """How many runs said something about the API."""
        return self.passed + self.degraded + self.failed


def cell_of(moment: float) -> int:
    """The number of the cell that a moment, in seconds since the epoch, falls into."""
    return int(moment // CELL_SECONDS)


class Strip:
    """Never changed: a page may be made of it in a thread while the next run ends."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: array[int] | None = None) -> None:
        self._numbers = array("I", bytes(4 * _WIDTH * CELLS)) if numbers is None else numbers

    def plus(self, cell: int, outcome: Outcome, *, counted: bool, runs: int = 1) -> Strip:
        """With so many more runs that began in this cell; what stood there a day ago is gone."""
        numbers, at = self._numbers[:], cell % CELLS * _WIDTH
        if numbers[at] != cell:
            numbers[at : at + _WIDTH] = array("I", [cell, *[0] * (_WIDTH - 1)])
        numbers[at + _PLACES[outcome]] += runs
        if counted and outcome in JUDGED_OUTCOMES:
            numbers[at + (_GOOD if outcome in GOOD_OUTCOMES else _BAD)] += runs
        return Strip(numbers)

    def cells(self, now: float) -> tuple[Cell, ...]:
        """Those of the last day, the oldest first."""
        newest = cell_of(now)
        return tuple(self._cell(number) for number in range(newest - CELLS + 1, newest + 1))

    def _cell(self, number: int) -> Cell:
        at = number % CELLS * _WIDTH
        return Cell(*self._numbers[at : at + _WIDTH]) if self._numbers[at] == number else Cell(number)
