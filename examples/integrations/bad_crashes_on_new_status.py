"""Breaks `survives_unknown_status`: a status that it doesn't know ends it with a traceback."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class CrashesOnNewStatus(Integration):
    """Believes that there will only ever be six statuses."""

    def finish(self, result: Result) -> int:
        """By a table that has no other row."""
        return {"booked": 0, "error": 0 if self.declines else 1}[str(result.status)]


if __name__ == "__main__":
    main(CrashesOnNewStatus)
