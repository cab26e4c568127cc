"""A loop whose clock runs ahead while nothing happens: minutes of probing in about a second, real sockets included."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import datetime, tzinfo
from typing import Any

import pytest
from support.sandbox import NOON

_LOOK_SECONDS = 0.0002  # of real time, for bytes that are on their way
_LEAP_SECONDS = 1.0  # so a busy machine would have to be silent for long before a deadline passed


class HastyLoop(asyncio.SelectorEventLoop):
    """Its `time()` goes on by leaps, and only when neither a socket nor a callback has anything to do."""

    def __init__(self) -> None:
        self._hasty = _HastySelector()
        super().__init__(self._hasty)

    def time(self) -> float:
        return self._hasty.now

    def wall(self) -> float:
        """Seconds since the epoch: noon when the loop began."""
        return NOON + self._hasty.now


class _HastySelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        time.sleep(_LOOK_SECONDS)
        ready = super().select(0)
        if not ready and timeout is not None:
            self.now += min(timeout, _LEAP_SECONDS)
        return ready


def run_hastily(loop: HastyLoop, test: Coroutine[Any, Any, None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test on this loop. APScheduler, which asks the operating system for the time, is told the loop's."""

    class HastyDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(loop.wall(), tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", HastyDatetime)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(test)
