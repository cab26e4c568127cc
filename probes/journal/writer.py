"""The one thread of a process that writes to its journal: it takes what waits, commits it, and outlives any trouble."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from probes.errors import JournalInUseError, RefusedError
from probes.journal.cutoff import close_cut_off_runs
from probes.journal.items import Begun, Intended, Item, Items, Journey, is_durable, wanted
from probes.journal.queue import Queue
from probes.journal.statements import Pen, unknown_intents
from probes.journal.steadiness import Steadiness
from probes.journal.store import Store
from probes.journal.trouble import Trouble, diagnose

_TICK_SECONDS = 1.0
_OTHERS_EVERY_SECONDS = 2.0
_SWEEP_EVERY_SECONDS = 60.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
_NEWER_PAUSE_SECONDS = 30.0
_REST = 3.0  # after a step of pruning, as a multiple of it: most of the time belongs to what is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A batch is over: what was committed, and what never will be, and why. `number` were committed before it."""

    items: Items = field(default_factory=list)
    refused: dict[Item, RefusedError] = field(default_factory=dict)
    dropped: list[tuple[Item, Exception]] = field(default_factory=list)
    number: int = 0


class Told(Protocol):
    """Who hears of the writer's doings, in the writer's thread."""

    def committed(self, batch: Committed) -> None:
        """A batch is over."""

    def in_trouble(self, trouble: Trouble, where: str, error: Exception) -> None:
        """Nothing can be committed now; `where` names the journal for people."""

    def well(self) -> None:
        """Something was committed, at first or again."""

    def closed_runs(self, count: int) -> None:
        """So many runs had been cut off, and have their verdict now."""

    def measured(self, size_bytes: int | None) -> None:
        """How big the journal is."""


class Pruner(Protocol):
    """Lets go of what is too old, in steps."""

    def step(self, connection: Connection, now: datetime) -> bool:
        """One short step within the caller's transaction; whether there is more to do."""


class Writer:
    """What the thread does, from `run` until the queue is closed and empty, or given up."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        pen: Pen,
        told: Told,
        *,
        journeys: Mapping[str, Journey],
        now: Callable[[], datetime],
        pruner: Pruner | None = None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._pen = pen
        self._told = told
        self._journeys = journeys
        self._now = now
        self._pruner = pruner
        self._steadiness = Steadiness()
        self._batches = 0
        self._in_doubt: Committed | None = None
        self._failures = 0
        self._ready = False
        self._another = False
        self._proven = False
        self._next_look = 0.0
        self._prune_at = 0.0
        self.abandoned = False

    def run(self) -> None:
        """Until the queue is closed and empty. Raises JournalInUseError; all other trouble is told and outlived."""
        try:
            while not self.abandoned and not self._has_ended():
                pass
        finally:
            self._store.close()
            self._store.locks.release()

    def _has_ended(self) -> bool:
        try:
            if not self._ready:
                self._open()
                self._settle_doubt()
                self._ready = True
            return self._round()
        except JournalInUseError:
            raise
        except Exception as error:  # noqa: BLE001 - the thread outlives whatever it meets
            self._outlive(error)
            return False

    def _open(self) -> None:
        self._another |= self._store.open()
        if self._another:
            self._in_doubt = None
            self._restore()
            self._another = False
        self._batches = self._store.batches()
        self._next_look = 0.0

    def _settle_doubt(self) -> None:
        """A commit whose answer was lost with the connection may have happened: the count of batches tells."""
        doubt, self._in_doubt = self._in_doubt, None
        if doubt is not None and self._store.batches() > doubt.number:
            self._finish(doubt)

    def _restore(self) -> None:
        """Into a journal that is new: all that is known of the runs under way."""
        items: Items = []
        for journey in list(self._journeys.values()):
            if journey.start is not None:
                items.append(Begun(start=journey.start))
            items += tuple(journey.sent)
        intended = [item for journey in list(self._journeys.values()) for item in journey.intents]
        with self._store.transaction(durable=True) as connection:
            self._pen.write(connection, [*items, *unknown_intents(connection, intended)])

    def _round(self) -> bool:
        """A batch, and what is due beside it; whether the work is done for good."""
        items = self._queue.take(self._idle_seconds())
        if items:
            self._write(items)
        elif self._queue.closed:
            self._store.end()
            return True
        elif not self._proven:
            self._commit([])
        if not self._proven:
            self._proven, self._failures = True, 0
            self._told.well()
        self._tick()
        return False

    def _write(self, taken: Items) -> None:
        items = wanted(taken)
        try:
            batch = self._commit(items)
        except Exception as error:
            if diagnose(error) is not Trouble.ROW:
                raise
            batch = self._one_by_one(items)
        self._finish(batch, taken)

    def _commit(self, items: Items) -> Committed:
        batch: Committed | None = None
        try:
            with self._store.transaction(durable=any(map(is_durable, items))) as connection:
                refused = self._pen.write(connection, items)
                batch = Committed(items=items, refused=refused, number=self._batches)
        except Exception as error:
            if diagnose(error) is Trouble.UNREACHABLE:
                self._in_doubt = batch
            raise
        self._batches += 1
        return batch

    def _one_by_one(self, items: Items) -> Committed:
        """Something in the batch can't be written for its own sake: it must not block the others."""
        committed = Committed()
        for item in items:
            try:
                committed.refused.update(self._commit([item]).refused)
                committed.items.append(item)
            except Exception as error:
                if diagnose(error) is not Trouble.ROW:
                    self._finish(committed)
                    raise
                committed.dropped.append((item, error))
        return committed

    def _finish(self, batch: Committed, taken: Items | None = None) -> None:
        for item in batch.items:
            if isinstance(item, Intended) and item.intent.run_id in self._journeys:
                self._journeys[item.intent.run_id].intents.append(item)
        over = [*batch.items, *(item for item, _ in batch.dropped)] if taken is None else taken
        self._queue.done(over)
        self._told.committed(batch)

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _OTHERS_EVERY_SECONDS
            self._store.locks.keep_instance()
            closed = close_cut_off_runs(self._store, self._now())
            if closed:
                self._told.closed_runs(closed)
            self._told.measured(self._store.size_bytes())
        self._store.tidy()
        believed = self._steadiness.holds(self._now(), now)
        if self._pruner is not None and now >= self._prune_at:
            if believed:
                self._prune(self._pruner)
            else:
                self._prune_at = now + _SWEEP_EVERY_SECONDS

    def _idle_seconds(self) -> float:
        """How long there is nothing to do unless something comes."""
        if not self._proven:
            return 0.0
        pruning_in = _TICK_SECONDS if self._pruner is None else self._prune_at - time.monotonic()
        return min(_TICK_SECONDS, max(0.0, pruning_in))

    def _prune(self, pruner: Pruner) -> None:
        """A step; then a rest, for other processes and other work."""
        began = time.monotonic()
        with self._store.transaction() as connection:
            more = pruner.step(connection, self._now())
        ended = time.monotonic()
        self._prune_at = ended + (_REST * (ended - began) if more else _SWEEP_EVERY_SECONDS)

    def _outlive(self, error: Exception) -> None:
        trouble = diagnose(error)
        self._proven = False
        self._told.in_trouble(trouble, self._store.place.shown, error)
        try:
            if trouble is Trouble.CORRUPT:
                self._store.set_aside()
            elif trouble is not Trouble.LOCKED or not self._ready:
                self._store.close()
        except Exception as second:  # noqa: BLE001 - the same trouble again, most likely: it is tried anew after a pause
            self._told.in_trouble(diagnose(second), self._store.place.shown, second)
        self._ready = self._ready and self._store.is_open
        self._failures += 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 8), _LONGEST_PAUSE_SECONDS)
        if self._queue.closed:
            time.sleep(_FIRST_PAUSE_SECONDS)
        else:
            self._queue.pause(_NEWER_PAUSE_SECONDS if trouble is Trouble.NEWER else pause)
