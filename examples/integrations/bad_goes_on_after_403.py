"""Breaks `stops_on_401_403`: a key that was refused is tried again and again."""

from __future__ import annotations

from brek_api import Answer
from good_by_text import Integration, main


class GoesOnAfter403(Integration):
    """Takes a refused key for a passing trouble."""

    def is_transient(self, answer: Answer) -> bool:
        """Also what will never be answered otherwise."""
        return answer.status_code in {401, 403} or super().is_transient(answer)


if __name__ == "__main__":
    main(GoesOnAfter403)
