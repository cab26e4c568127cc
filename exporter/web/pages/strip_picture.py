"""The last day of a probe as a small picture, and the same in words.

A bar a half-hour, from the ground up: low is good, middle degraded, high failed, the higher the more of them did.
Neighbours that are alike are one bar, so that a good day is one rectangle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from exporter.recorder.sights import Sight
from exporter.recorder.strips import CELL_SECONDS, Cell
from probes.settings import Maintenance
from probes.words import Told

HEIGHT = 16
_HEIGHTS = {Told.GOOD: 6, Told.DEGRADED: 9, Told.NOTHING: 2, Told.MAINTENANCE: 4}
_SOME_FAILED, _MANY_FAILED = 12, 14


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
    told: tuple[Told, ...]
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
    def bars(self) -> tuple[Bar, ...]:
        """As it is drawn; what was before the probe is left out."""
        drawn = zip(self.told, map(_height, self.cells, self.told), strict=True)
        return tuple(bar for bar in _bars(drawn) if bar.told is not Told.BEFORE)

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


def day_of(sight: Sight, now: datetime, windows: Sequence[Maintenance]) -> Day:
    """What the last day of a probe told; `windows` are those of its target."""
    cells = sight.strip.cells(now.timestamp())
    begun = min(sight.begun_at, now)
    told = tuple(_told(cell, begun, windows) for cell in cells)
    recent = sight.last_failed_at is not None and now - sight.last_failed_at <= timedelta(days=1)
    return Day(cells=cells, told=told, last_failed_at=sight.last_failed_at if recent else None)


def _told(cell: Cell, begun: datetime, windows: Sequence[Maintenance]) -> Told:
    starts_at = cell.number * CELL_SECONDS
    if any(_covers_half(window, starts_at) for window in windows):
        return Told.MAINTENANCE
    if cell.failed:
        return Told.FAILED
    if cell.degraded:
        return Told.DEGRADED
    if cell.passed:
        return Told.GOOD
    return Told.BEFORE if starts_at + CELL_SECONDS <= begun.timestamp() else Told.NOTHING


def _covers_half(window: Maintenance, starts_at: int) -> bool:
    covered = min(window.ends_at.timestamp(), starts_at + CELL_SECONDS) - max(window.starts_at.timestamp(), starts_at)
    return covered >= CELL_SECONDS / 2


def _height(cell: Cell, told: Told) -> int:
    if told is not Told.FAILED:
        return _HEIGHTS.get(told, 0)
    if cell.failed == cell.judged:
        return HEIGHT
    return _MANY_FAILED if 2 * cell.failed >= cell.judged else _SOME_FAILED


def _bars(drawn: Iterable[tuple[Told, int]]) -> Iterable[Bar]:
    x = 0
    for (told, height), alike in groupby(drawn):
        width = len(list(alike))
        yield Bar(told, x, width, height)
        x += width
