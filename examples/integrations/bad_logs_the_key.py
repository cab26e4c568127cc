"""Breaks `logs_no_secret`: it writes its request headers into the log, with the key."""

from __future__ import annotations

from brek_api import Answer, log
from good_by_text import Integration, main


class LogsTheKey(Integration):
    """Logs more than it should."""

    def send(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """Everything, to be sure."""
        log.info("%s %s with %s", method, path, self.headers())
        return super().send(method, path, body)


if __name__ == "__main__":
    main(LogsTheKey)
