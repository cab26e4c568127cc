"""The time axis of the picture: where a moment stands, and which moments are written below it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEFT, RIGHT = 46.0, 774.0
COLUMN = 8.0
_LEAST_SECONDS = 60.0
_MOST_TICKS = 6
_STEPS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400)
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A moment that is written below the axis."""

    x: float
    label: str


class Axis:
    """Places moments between `LEFT` and `RIGHT`, those outside of it at its edges: a clock may have been set."""

    def __init__(self, since: datetime, until: datetime) -> None:
        lacking = _LEAST_SECONDS - (until - since).total_seconds()
        self._since = _moved(since, -lacking / 2) if lacking > 0 else since
        self._seconds = max(_LEAST_SECONDS, (until - since).total_seconds())

    def x(self, moment: datetime) -> float:
        """Where this moment stands."""
        share = (moment - self._since).total_seconds() / self._seconds
        return round(LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT), 1)

    def column(self, moment: datetime) -> float:
        """The middle of the column that this moment falls into: what shares a column is one mark."""
        columns = int((RIGHT - LEFT) // COLUMN)
        return LEFT + (min(columns - 1, int((self.x(moment) - LEFT) // COLUMN)) + 0.5) * COLUMN

    def ticks(self) -> Iterator[Tick]:
        """At most six round moments, with their date where the picture spans more than a day."""
        step = _step(self._seconds)
        first = math.ceil(self._since.timestamp() / step) * step
        last = self._since.timestamp() + self._seconds
        for stamp in range(first, math.floor(last) + 1, step):
            moment = datetime.fromtimestamp(stamp, UTC)
            yield Tick(x=self.x(moment), label=f"{moment:{_format(step, self._seconds)}}")


def _step(seconds: float) -> int:
    for step in _STEPS:
        if seconds / step < _MOST_TICKS:
            return step
    return math.ceil(seconds / (_MOST_TICKS - 1) / _DAY) * _DAY


def _format(step: int, seconds: float) -> str:
    if step >= _DAY:
        return "%d %b"
    if seconds > _DAY:
        return "%d %b %H:%M"
    return "%H:%M" if step >= 60 else "%H:%M:%S"


def _moved(moment: datetime, seconds: float) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return moment
