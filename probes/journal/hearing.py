"""What the writer thread tells, brought to the event loop, and what follows from it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from probes.errors import LedgerUnavailableError
from probes.journal.condition import Condition
from probes.journal.items import Item, Judged
from probes.journal.queue import Queue
from probes.listening import Listener
from probes.words import FaultKind

if TYPE_CHECKING:
    from probes.journal.trouble import Trouble
    from probes.journal.writer import Committed


class Hearing:
    """On the loop: keeps promises, tells listeners. `first_word` is there once it is known how the journal does."""

    first_word: asyncio.Future[None]

    def __init__(self, listener: Listener, condition: Condition, queue: Queue) -> None:
        self._listener = listener
        self._condition = condition
        self._queue = queue

    def committed(self, batch: Committed) -> None:
        """A batch is over."""
        for item, error in batch.dropped:
            self._queue.lost += 1
            detail = f"one result could not be kept: {type(error).__name__}"
            self._condition.tell(FaultKind.JOURNAL, detail, error)
            _settle(item, LedgerUnavailableError(detail))
        for item in batch.items:
            _settle(item, batch.refused.get(item))
            if isinstance(item, Judged):
                self._listener.run_kept(item.run)
        self._condition.answered()

    def in_trouble(self, trouble: Trouble, where: str, error: Exception) -> None:
        """Nothing can be committed now."""
        self._speak()
        said = str(error) if not hasattr(error, "orig") else str(error.orig)
        first = next(iter(said.splitlines()), "")
        self._condition.worse(trouble, error, detail=f"{where}: {first or type(error).__name__}")

    def well(self) -> None:
        """Something was committed, at first or again."""
        self._speak()
        self._condition.well()

    def closed_runs(self, count: int) -> None:
        """So many runs had been cut off."""
        runs = "a run was" if count == 1 else f"{count} runs were"
        self._condition.tell(FaultKind.CANCELLED, f"{runs} cut off: the process that played ended before the verdict")
        self._listener.runs_cut_off(count)

    def measured(self, size_bytes: int | None) -> None:
        """How big the journal is."""
        self._condition.measured(size_bytes)

    def silenced(self, error: Exception) -> None:
        """The writer thread ended by this: nothing will ever be committed."""
        self._speak()
        self._condition.worse(str(error) or type(error).__name__, error)

    def _speak(self) -> None:
        if not self.first_word.done():
            self.first_word.set_result(None)


class Voice:
    """In the writer's thread: says the same on the loop. A loop that is closed hears nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hearing: Hearing) -> None:
        self._loop = loop
        self._hearing = hearing

    def committed(self, batch: Committed) -> None:
        """A batch is over."""
        self.post(self._hearing.committed, batch)

    def in_trouble(self, trouble: Trouble, where: str, error: Exception) -> None:
        """Nothing can be committed now."""
        self.post(self._hearing.in_trouble, trouble, where, error)

    def well(self) -> None:
        """Something was committed, at first or again."""
        self.post(self._hearing.well)

    def closed_runs(self, count: int) -> None:
        """So many runs had been cut off."""
        self.post(self._hearing.closed_runs, count)

    def measured(self, size_bytes: int | None) -> None:
        """How big the journal is."""
        self.post(self._hearing.measured, size_bytes)

    def post(self, told: Callable[..., None], *facts: object) -> None:
        """Call this on the loop."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(told, *facts)


def _settle(item: Item, error: Exception | None) -> None:
    if item.promise is not None:
        item.promise.settle(error)
