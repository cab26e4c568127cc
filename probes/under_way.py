"""Which run the code that runs now belongs to, for those who are not told: a library's log line, a fault of a listener.

Kept in a context variable, so it follows a run through its tasks and threads however many are interleaved. A timer or
task that a run leaves behind inherits it, too, and is nobody's once that run is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from probes.model import Exchange, MonitorFault, RunStart


@dataclass(slots=True)
class UnderWay:
    """A run, the step that it is at, and the id of the last request that was answered."""

    start: RunStart
    step: str | None = None
    request_id: str | None = None
    over: bool = False

    def saw(self, exchange: Exchange) -> None:
        """An attempt is over."""
        if exchange.answer is not None and exchange.answer.request_id is not None:
            self.request_id = exchange.answer.request_id


_current: ContextVar[UnderWay | None] = ContextVar("run under way", default=None)


@contextmanager
def run_under_way(start: RunStart) -> Iterator[UnderWay]:
    """All that is called, and all tasks that are begun, inside the block belong to this run."""
    mine = UnderWay(start)
    _current.set(mine)
    try:
        yield mine
    finally:
        mine.over = True


def current() -> UnderWay | None:
    """The run that the caller belongs to, as long as it lasts."""
    mine = _current.get()
    return None if mine is None or mine.over else mine


def placed(fault: MonitorFault) -> MonitorFault:
    """The fault with the run that it befell, and that run's last request, where it doesn't say so itself."""
    mine = current()
    if mine is None or fault.run_id not in {None, mine.start.run_id}:
        return fault
    return replace(
        fault,
        run_id=mine.start.run_id,
        scenario=mine.start.scenario,
        target=mine.start.target,
        request_id=fault.request_id or mine.request_id,
    )
