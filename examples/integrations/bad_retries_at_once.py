"""Breaks `retry_backoff`: after a 5xx it tries again at once, every time."""

from __future__ import annotations

from good_by_text import Integration, main


class RetriesAtOnce(Integration):
    """Has no patience."""

    def wait(self, attempt: int, retry_after: str | None) -> None:
        """Not at all, unless it was asked to."""
        if retry_after:
            super().wait(attempt, retry_after)


if __name__ == "__main__":
    main(RetriesAtOnce)
