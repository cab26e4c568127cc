"""Whether the wall clock can be believed: nothing is let go of by a clock that has just jumped."""

from __future__ import annotations

from datetime import datetime

_JUMP_SECONDS = 3600.0
_DOUBT_SECONDS = 86_400.0


class Steadiness:
    """Compares the wall clock with the monotonic one. After a jump of an hour or more it is doubted for a day."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._doubted_until = float("-inf")

    def holds(self, now: datetime, monotonic: float) -> bool:
        """Whether what is too old by this moment is truly old."""
        offset = now.timestamp() - monotonic
        if self._offset is not None and abs(offset - self._offset) >= _JUMP_SECONDS:
            self._doubted_until = monotonic + _DOUBT_SECONDS
        self._offset = offset
        return monotonic >= self._doubted_until
