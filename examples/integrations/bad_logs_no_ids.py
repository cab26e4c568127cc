"""Breaks `logs_ids`: the ids that Brek's support asks for are in no log."""

from __future__ import annotations

from brek_api import Answer, exchange, log
from good_by_text import Integration, main


class LogsNoIds(Integration):
    """Keeps its log for other things."""

    def send(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """With a line in the log that nobody can look up."""
        answer = exchange(method, self.base_url + self.target(path), body, self.headers())
        log.info("%s %s: %s", method, path, answer.status_code)
        return answer


if __name__ == "__main__":
    main(LogsNoIds)
