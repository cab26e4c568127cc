"""Who may send next with a partner key: runs that would come too thick wait for their turn, first come, first served.

A turn is a run's place in its key's quota (`probes.quota`), from before its first byte until it is over.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from typing import Self

from probes.listening import Listener
from probes.model import Exchange, RunStart, Target
from probes.quota import Key, KeyQuota, key_of, shared_quota, targets_by_key
from probes.words import SkipReason

_LONGEST_WAIT_SECONDS = 120.0
_SHORTEST_WAIT_SECONDS = 0.001  # a loop's clock may be coarser than ours


class _Line:
    """The runs of one key that wait. `moved` is set when one of those before them sent something or ended."""

    __slots__ = ("head", "moved", "quota")

    def __init__(self, quota: KeyQuota) -> None:
        self.quota = quota
        self.head = asyncio.Lock()  # a fair one
        self.moved = asyncio.Event()


class Turn:
    """A run's turn, or the sentence that says why it has none. Used as a context manager around the run."""

    def __init__(self, turns: Turns, line: _Line, refusal: str | None, cost: int) -> None:
        self.refusal = refusal
        self._turns = turns
        self._line = line
        self._reservation = line.quota.reserve(0 if refusal else cost)
        self._run_id: str | None = None

    def admit(self, start: RunStart) -> tuple[SkipReason, str] | None:
        """The run's last question before it starts: why it must not. What it sends counts from here on."""
        if self.refusal is not None:
            return SkipReason.QUOTA, self.refusal
        self._run_id = start.run_id
        self._turns.under_way[start.run_id] = self
        return None

    def sent(self, exchange: Exchange, now: float) -> None:
        """An attempt of this run is over."""
        self._line.quota.sent(exchange, self._reservation, now)
        self._line.moved.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """The run is over, or won't be; what it planned and did not send is free again."""
        if self._run_id is not None:
            self._turns.under_way.pop(self._run_id, None)
        self._line.quota.release(self._reservation)
        self._line.moved.set()


class Turns(Listener):
    """Gives turns to runs, and hears what they send. One for a process, on one event loop."""

    def __init__(self, targets: Iterable[Target], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.under_way: dict[str, Turn] = {}
        self._monotonic = monotonic
        self._lines: dict[Key, _Line] = {}
        self.expect(targets)

    def expect(self, targets: Iterable[Target]) -> None:
        """What is configured now. Keys that stay keep their books."""
        known, self._lines = self._lines, {}
        for key, sharing in targets_by_key(targets).items():
            quota = shared_quota(sharing)
            line = self._lines[key] = known.get(key) or _Line(KeyQuota(quota))
            line.quota.quota = quota

    async def wait(self, target: Target, requests: int, *, patience_seconds: float) -> Turn:
        """A turn for a run of so many requests.

        It has a `refusal` if the run would break the key's reserve or could never start, or if its turn does not come
        while patience lasts: two minutes at most. Whoever waits for room keeps all behind it waiting, so that cheap
        runs can't take what a costly one waits for. Cancelled, it leaves no trace.
        """
        line = self._line(target)
        refusal = line.quota.refusal(requests, self._monotonic())
        if refusal is None:
            patience = min(patience_seconds, _LONGEST_WAIT_SECONDS)
            try:
                async with asyncio.timeout(patience), line.head:
                    return Turn(self, line, await self._at_the_head(line, requests), requests)
            except TimeoutError:
                refusal = line.quota.crowded(requests, patience, self._monotonic())
        return Turn(self, line, refusal, requests)

    async def when_free(self, target: Target, requests: int, *, waiting: Callable[[float, str], None]) -> Turn:
        """A turn for a run that a person asked for: at once, or as soon as nothing says that it touches the reserve.

        `waiting` is told once for how many seconds, a minute at most, and why. Cancelled, it leaves no trace.
        """
        line, told = self._line(target), False
        while refusal := line.quota.over_headroom(requests, self._monotonic()):
            seconds = max(line.quota.fresh_seconds(self._monotonic()), _SHORTEST_WAIT_SECONDS)
            if not told:
                waiting(seconds, refusal)
            told = True
            await asyncio.sleep(seconds)
        return Turn(self, line, None, requests)

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """One HTTP attempt of a run that has a turn."""
        turn = self.under_way.get(start.run_id)
        if turn is not None:
            turn.sent(exchange, self._monotonic())

    def _line(self, target: Target) -> _Line:
        """The target's line; one of its own for a target that was just taken out of the configuration."""
        return self._lines.get(key_of(target)) or _Line(KeyQuota(target.quota))

    async def _at_the_head(self, line: _Line, requests: int) -> str | None:
        while True:
            now = self._monotonic()
            refusal = line.quota.refusal(requests, now)
            wait = 0.0 if refusal else line.quota.wait_seconds(requests, now)
            if not wait:
                return refusal
            line.moved.clear()
            try:
                async with asyncio.timeout(None if math.isinf(wait) else max(wait, _SHORTEST_WAIT_SECONDS)):
                    await line.moved.wait()
            except TimeoutError:
                continue
