"""The live count of an audit's requests: one line that changes in place on a terminal, and none elsewhere."""

from __future__ import annotations

import sys
from typing import Self

from probes.readiness.evidence import Seen
from probes.readiness.rules.telling import counted


class Counter:
    """Counts exchanges as they end, and shows how many while the `with` block lasts."""

    def __init__(self) -> None:
        self.requests = 0
        self.failed = 0
        self._shown = False

    def saw(self, seen: Seen) -> None:
        """One exchange has ended."""
        self.requests += 1
        self.failed += seen.status_code is None or seen.status_code >= 400
        self._show()

    def __enter__(self) -> Self:
        self._shown = sys.stderr.isatty()
        self._show()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._shown:
            print(file=sys.stderr, flush=True)  # noqa: T201 - a command tells
        self._shown = False

    @property
    def line(self) -> str:
        """What it says."""
        return f"{counted(self.requests, 'request')} seen, {self.failed} without a good answer"

    def _show(self) -> None:
        if self._shown:
            print(f"\r\x1b[K{self.line}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a command tells
