"""Breaks `retries_transient`: the first 429 or 5xx ends it, although the guide asks for another try."""

from __future__ import annotations

from brek_api import Answer
from good_by_text import Integration, main


class NeverRetries(Integration):
    """Gives up at once."""

    def is_transient(self, answer: Answer) -> bool:
        """Nothing is."""
        return False


if __name__ == "__main__":
    main(NeverRetries)
