"""Breaks `retry_only_429_5xx`: a request that the API can't accept is sent again, as it is."""

from __future__ import annotations

from brek_api import Answer
from good_by_text import Integration, main


class Retries400(Integration):
    """Retries whatever went wrong."""

    def is_transient(self, answer: Answer) -> bool:
        """Also a request that must be mended first."""
        return answer.status_code == 400 or super().is_transient(answer)


if __name__ == "__main__":
    main(Retries400)
