"""Breaks `honours_retry_after`: it waits as long as it thinks right, whatever `retry-after` says."""

from __future__ import annotations

from good_by_text import Integration, main


class IgnoresRetryAfter(Integration):
    """Never reads the header."""

    def wait(self, attempt: int, retry_after: str | None) -> None:
        """Its own idea of a pause."""
        super().wait(attempt, None)


if __name__ == "__main__":
    main(IgnoresRetryAfter)
