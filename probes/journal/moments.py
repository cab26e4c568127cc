"""How the journal keeps a moment: as microseconds since the epoch, exact and comparable on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds_of(moment: datetime) -> int:
    """How the journal keeps an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(microseconds: int) -> datetime:
    """The moment that is so far from the epoch, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def day_of(moment: datetime) -> int:
    """The day of a moment in UTC, counted from the epoch."""
    return (moment - _EPOCH).days
