"""How often a receiver is told something, and how long it is left alone when it can't be reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Uniform = Callable[[float, float], float]

_LONGEST_BACK_OFF_SECONDS = 60.0


class Bucket:
    """Two messages at once, and then one a minute: whatever breaks, nobody's telephone rings more often than that."""

    def __init__(self, *, burst: int = 2, refill: timedelta = timedelta(minutes=1)) -> None:
        self._burst = burst
        self._refill = refill
        self._full_at = datetime.min.replace(tzinfo=UTC)

    def left(self, now: datetime) -> int:
        """How many may be sent now."""
        missing = max(self._full_at - now, timedelta())
        return (self._burst * self._refill - missing) // self._refill

    def take(self, now: datetime) -> None:
        """One is sent."""
        self._full_at = max(self._full_at, now) + self._refill

    def set_back(self, by: timedelta) -> None:
        """The clock was: what it counts from is no further away for that."""
        if self._full_at - datetime.min.replace(tzinfo=UTC) > by:
            self._full_at -= by

    def next_at(self, now: datetime) -> datetime:
        """When the next may be sent."""
        return max(now, self._full_at - (self._burst - 1) * self._refill)


def back_off_seconds(failures: int, uniform: Uniform) -> float:
    """Exponential, with full jitter, up to a minute."""
    return uniform(0.0, min(_LONGEST_BACK_OFF_SECONDS, 2.0 ** min(failures, 10)))
