"""What waits between the event loop and the writer thread: bounded, in order, what is worth least given up first."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from probes.errors import LedgerUnavailableError
from probes.journal.items import Item, Items, Sent, is_durable, wanted

_MEBIBYTE = 1024 * 1024
_BATCH_ITEMS = 500
_BATCH_BYTES = 8 * _MEBIBYTE
_SWEPT_SHARE = 0.1  # so that a sweep over the whole queue is rare
_GATHER_SECONDS = 0.05
"""How long facts that nobody waits for may gather, to be committed together."""

_CROWDED_OUT = "more waits for the journal than there is room for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may wait: above half, exchanges wait without their bodies; beyond, something is lost."""

    items: int = 50_000
    bytes: int = 64 * _MEBIBYTE


class Queue:
    """Filled on the event loop, emptied by the writer, which takes a batch and says when it is done with it."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._bytes = 0
        self._urgent = 0
        self._taken: Items = []
        self._taken_bytes = 0
        self._taken_at: float | None = None
        self._closed = False
        self.lost = 0

    @property
    def size(self) -> int:
        """How many items are not committed yet."""
        return len(self._waiting) + len(self._taken)

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def busy_seconds(self) -> float:
        """For how long the writer has been at its batch; 0 if it has none."""
        taken_at = self._taken_at
        return 0.0 if taken_at is None else self._clock() - taken_at

    def put(self, item: Item) -> int:
        """Let it wait, lighter or in place of something older if there is little room: how much had to go."""
        with self._changed:
            if self._closed:
                self.lost += 1
                return 1
            if self._fills(0.5):
                item = _lighter(item)
            gone = self._make_room() if self._fills(1.0) else 0
            self._waiting.append(item)
            self._bytes += item.weight
            if is_durable(item):
                self._urgent += 1
            if is_durable(item) or len(self._waiting) == 1:
                self._changed.notify()
            return gone

    def take(self, seconds: float) -> Items:
        """The next batch; the same again until `done`. Waits so long at most, and gives nothing if nothing came."""
        with self._changed:
            if self._taken:
                return self._taken
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed, seconds)
            if not self._urgent and self._waiting and not self._closed:
                self._changed.wait_for(lambda: self._urgent > 0 or self._closed, _GATHER_SECONDS)
            while self._waiting and len(self._taken) < _BATCH_ITEMS and self._taken_bytes < _BATCH_BYTES:
                item = self._remove_first()
                self._taken.append(item)
                self._taken_bytes += item.weight
            self._taken_at = self._clock() if self._taken else None
            return self._taken

    def done(self, items: Items) -> None:
        """These of the batch are over."""
        with self._changed:
            gone = set(map(id, items))
            self._taken = [item for item in self._taken if id(item) not in gone]
            self._taken_bytes = sum(item.weight for item in self._taken)
            self._taken_at = self._clock() if self._taken else None

    def pause(self, seconds: float) -> None:
        """Wait, but not when the queue is closed: then what waits is tried at once."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def close(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def give_up(self) -> Items:
        """All that is left, which is lost."""
        with self._changed:
            left = wanted([*self._taken, *self._waiting])
            self._waiting.clear()
            self._bytes = self._urgent = 0
            self.lost += len(left)
            return left

    def _fills(self, share: float) -> bool:
        return self.size >= share * self._limits.items or (
            self._bytes + self._taken_bytes >= share * self._limits.bytes
        )

    def _remove_first(self) -> Item:
        item = self._waiting.popleft()
        self._forget(item)
        return item

    def _forget(self, item: Item) -> None:
        self._bytes -= item.weight
        self._urgent -= is_durable(item)

    def _make_room(self) -> int:
        """Drop a tenth: the oldest of the least worth."""
        lost_before = self.lost
        rank = min((item.rank for item in self._waiting), default=None)
        quota = max(1, int(len(self._waiting) * _SWEPT_SHARE))
        kept: deque[Item] = deque()
        for item in self._waiting:
            if item.rank == rank and quota:
                quota -= 1
                self._forget(item)
                self.lost += not item.withdrawn
                if item.promise is not None:
                    item.promise.settle(LedgerUnavailableError(_CROWDED_OUT))
            else:
                kept.append(item)
        self._waiting = kept
        return self.lost - lost_before


def _lighter(item: Item) -> Item:
    return item.without_bodies() if isinstance(item, Sent) else item
