"""The last day of a probe as a small picture, and the same in words.

A bar a half-hour, from the ground up: low is good, middle degraded, high failed, the higher the more of them did.
Neighbours that are alike are one bar, so that a good day is one rectangle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from exporter.recorder.board import Row
from exporter.recorder.strips import CELL_SECONDS, Cell
from probes.settings import Maintenance
from probes.words import Told

HEIGHT = 16
_HEIGHTS = {Told.GOOD: 6, Told.DEGRADED: 9, Told.NOTHING: 2, Told.MAINTENANCE: 4}
_SOME_FAILED, _MANY_FAILED = 12, 14


class Shape(NamedTuple):
    """How one half-hour looks."""

    told: Told
    height: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Half-hours that are alike; `told` says of what kind, `x` and `width` are counted in half-hours."""

    told: Told
    x: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The last 24 hours of a probe. `availability` is of the runs that count; None where none does."""

    cells: tuple[Cell, ...]
    shapes: tuple[Shape, ...]
    last_failed_at: datetime | None

    @property
    def runs(self) -> int:
        """How many were judged."""
        return sum(cell.judged for cell in self.cells)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(cell.failed for cell in self.cells)

    @property
    def degraded(self) -> int:
        """How many of them were degraded."""
        return sum(cell.degraded for cell in self.cells)

    @property
    def untold(self) -> int:
        """How many were skipped, or could not be judged."""
        return sum(cell.skipped + cell.unknown for cell in self.cells)

    @property
    def availability(self) -> float | None:
        """The share of good ones, without rechecks and maintenance, as the objective counts them."""
        good, bad = (sum(getattr(cell, name) for cell in self.cells) for name in ("good", "bad"))
        return good / (good + bad) if good + bad else None

    @property
    def told(self) -> tuple[Told, ...]:
        """What each half-hour told, the oldest first."""
        return tuple(shape.told for shape in self.shapes)

    @property
    def bars(self) -> Iterator[Bar]:
        """As it is drawn; what was before the probe is left out."""
        x = 0
        for shape, alike in groupby(self.shapes):
            width = len(list(alike))
            if shape.told is not Told.BEFORE:
                yield Bar(shape.told, x, width, shape.height)
            x += width

    @property
    def words(self) -> str:
        """The same for those who don't see it."""
        if not self.runs and not self.untold:
            return "24 h: no run"
        said = [f"24 h: {self.runs} {'run' if self.runs == 1 else 'runs'}"]
        if self.failed:
            last = "" if self.last_failed_at is None else f", last at {self.last_failed_at:%H:%M} UTC"
            said.append(f"{self.failed} failed{last}")
        elif self.runs:
            said.append("none failed")
        if self.degraded:
            said.append(f"{self.degraded} degraded")
        if self.untold:
            said.append(f"{self.untold} not judged")
        if Told.MAINTENANCE in self.told:
            said.append("with maintenance")
        return ", ".join(said)


def day_of(row: Row, now: datetime, windows: Sequence[Maintenance]) -> Day:
    """What the last day of a probe told; `windows` are those of its target."""
    sight = row.sight
    cells = sight.strip.cells(now.timestamp())
    recent = sight.last_failed_at is not None and now - sight.last_failed_at <= timedelta(days=1)
    return Day(
        cells=cells,
        shapes=tuple(_shapes(cells, row, windows)),
        last_failed_at=sight.last_failed_at if recent else None,
    )


def _shapes(cells: Sequence[Cell], row: Row, windows: Sequence[Maintenance]) -> Iterator[Shape]:
    """Of a probe that is played less often than that, a half-hour is told by the run before it."""
    begun, last, silent = row.sight.begun_at.timestamp(), None, 0
    for place, cell in enumerate(cells, 1):
        starts_at = cell.number * CELL_SECONDS
        silent = 0 if cell.judged else silent + 1
        fresh = place == len(cells) and not row.stale
        if cell.judged:
            last = Shape(_told(cell), _height(cell))
        if any(_covers_half(window, starts_at) for window in windows):
            yield Shape(Told.MAINTENANCE, _HEIGHTS[Told.MAINTENANCE])
        elif last is not None and (silent * CELL_SECONDS <= row.every_seconds or (fresh and silent == 1)):
            yield last
        elif last is None and starts_at + CELL_SECONDS <= begun:
            yield Shape(Told.BEFORE, 0)
        else:
            yield Shape(Told.NOTHING, _HEIGHTS[Told.NOTHING])


def _told(cell: Cell) -> Told:
    if cell.failed:
        return Told.FAILED
    return Told.DEGRADED if cell.degraded else Told.GOOD


def _covers_half(window: Maintenance, starts_at: int) -> bool:
    covered = min(window.ends_at.timestamp(), starts_at + CELL_SECONDS) - max(window.starts_at.timestamp(), starts_at)
    return covered >= CELL_SECONDS / 2


def _height(cell: Cell) -> int:
    if not cell.failed:
        return _HEIGHTS[_told(cell)]
    if cell.failed == cell.judged:
        return HEIGHT
    return _MANY_FAILED if 2 * cell.failed >= cell.judged else _SOME_FAILED
