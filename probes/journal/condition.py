"""How the journal does, as listeners hear of it: on the loop, faults once a change, numbers a few times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from probes.journal.queue import Queue
from probes.listening import Listener
from probes.model import JournalState, MonitorFault
from probes.words import FaultKind

STALL_SECONDS = 2.0
CANT_COMMIT = "the journal can't commit"
_ANNOUNCED_EVERY_SECONDS = 0.25
_OPENING = "it is still being opened"
_STALLED = f"a commit has taken more than {STALL_SECONDS:.0f} s"


class Condition:
    """Remembers what is wrong, and tells it."""

    def __init__(self, listener: Listener, queue: Queue, scrub: Callable[[str], str]) -> None:
        self._listener = listener
        self._queue = queue
        self._scrub = scrub
        self._problem: str | None = _OPENING
        self._overflowed = False
        self._timer: asyncio.TimerHandle | None = None
        self._size_bytes: int | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed now; None if it can."""
        stalled = self._queue.busy_seconds() > STALL_SECONDS
        return self._problem or (_STALLED if stalled else None)

    @property
    def state(self) -> JournalState:
        """As it is now."""
        return JournalState(
            problem=self.problem, waiting=self._queue.size, lost=self._queue.lost, size_bytes=self._size_bytes
        )

    def worse(self, reason: str, error: BaseException | None = None, *, detail: str = "") -> None:
        """Nothing can be committed, for this reason; told once while it stays the same, whatever the detail."""
        known = self._problem is not None and self._problem.startswith(reason)
        self._problem = self._scrub(f"{reason} ({detail})" if detail else reason)
        if not known:
            self.tell(FaultKind.JOURNAL, f"{CANT_COMMIT}: {self._problem}", error)
        self.announce()

    def stalled(self) -> None:
        """A promise was waited for in vain."""
        self.worse(self._problem or _STALLED)

    def answered(self) -> None:
        """A batch is over, so that the writer hangs no more."""
        if self._problem == _STALLED:
            self._problem = None
        self.announce()

    def well(self) -> None:
        """It can be written to."""
        self._problem = None
        self._overflowed = False
        self.announce()

    def measured(self, size_bytes: int | None) -> None:
        """How big it is."""
        self._size_bytes = size_bytes
        self.announce()

    def filled(self, crowded_out: int) -> None:
        """Something new waits; that something had to go for it is told once, until it does well again."""
        if crowded_out and not self._overflowed:
            self._overflowed = True
            self.tell(
                FaultKind.JOURNAL, "more waits for the journal than there is room for: the oldest results are lost"
            )
        self.announce()

    def tell(self, kind: FaultKind, detail: str, error: BaseException | None = None) -> None:
        """A fault of ours."""
        self._listener.monitor_fault(MonitorFault(kind=kind, detail=self._scrub(detail), error=error))

    def announce(self) -> None:
        """Tell the numbers soon."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_ANNOUNCED_EVERY_SECONDS, self._announce)

    def close(self) -> None:
        """Tell them for the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self._announce()

    def _announce(self) -> None:
        self._timer = None
        self._listener.journal_changed(self.state)
