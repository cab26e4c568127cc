"""What people mean by `since`, in a command and in an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from probes.errors import UsageError
from probes.files import durations
from probes.redaction import printable


def moment_since(text: str, now: datetime, *, named: str = "--since") -> datetime:
    """The moment that is meant: so long ago (`30m`, `7d`), or a moment, which is in UTC without an offset.

    Raises UsageError for what is neither; its sentence says what was `named` so.
    """
    try:
        return now - timedelta(seconds=durations.seconds_of(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{named} {printable(text, 40)!r} is no stretch of time, such as 30m, 1h or 7d, and no moment, "
            "such as 2026-12-01T02:00Z"
        ) from None
