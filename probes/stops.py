"""What may book is stopped where a run booked unasked: durably, for all that share its key, until a person resumes it.

The journal writes a stop down in the very transaction that first knows of the booking; this is who heeds it. Before
it is known what the journal holds, nothing that may book begins.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from probes import safety, unasked
from probes.errors import EmptyJournalError, JournalError, LedgerUnavailableError
from probes.listening import Listener
from probes.model import Booking, MonitorFault, Run, RunStart, Target
from probes.off_loop import off_loop
from probes.redaction import Secret
from probes.scenario import Scenario
from probes.unasked import RESUMED, STOPPED, Stop
from probes.words import BookingState, FaultKind, SkipReason

_EVERY_SECONDS = 2.0
_WRITTEN_AGAIN_SECONDS = 60.0  # what waits in the journal's queue meanwhile is not lost
_LAST_LOOK_SECONDS = 2.0


class StopBook(Protocol):
    """Where stops outlive the process: the journal."""

    async def keep_state(self, kind: str, key: str, value: object | None) -> None:
        """Keep this; raises LedgerUnavailableError."""

    async def states(self, *kinds: str) -> tuple[Mapping[str, object], ...]:
        """What is kept under each of these kinds, by its key; raises JournalError."""


class Stops(Listener):
    """Hears how runs end, and says which must not begin. Lives on one event loop.

    `listener` hears which targets are stopped. Without a `book` stops last as long as the process.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        book: StopBook | None,
        listener: Listener,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        every_seconds: float = _EVERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._targets = {target.name: target for target in targets}
        self._book = book
        self._listener = listener
        self._now = now
        self._every = every_seconds
        self._monotonic = monotonic
        self._held: dict[str, Stop] = {}
        self._keys: dict[str, Secret | None] = {}
        self._under_way: dict[str, Secret] = {}
        self._told: dict[str, str] = {}
        self._written_at: dict[str, float] = {}
        self._unread = book is not None
        self._in_trouble = False
        self._closing = False
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def expect(self, targets: Iterable[Target]) -> None:
        """What is configured now. Whether an older stop is about a new key is looked up first."""
        before, self._targets = self._targets, {target.name: target for target in targets}
        if _keys_of(before) != _keys_of(self._targets) and None in self._keys.values():
            self._unread = self._book is not None
        self._told = {name: reason for name, reason in self._told.items() if name in self._targets}
        self._tell()
        self._again.set()

    async def start(self, seconds: float) -> None:
        """Look what the journal holds, for so long at most, and then every few seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._look_safely(), seconds)
        self._task = asyncio.create_task(self._watch(), name="stops")

    async def aclose(self) -> None:
        """Look no more; what another process must know is written before."""
        if self._task is None:
            return
        task, self._task = self._task, None
        self._closing = True
        task.cancel()
        await asyncio.wait([task])
        self._written_at.clear()  # what was being written just now may not have been
        if self._held:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_safely(), _LAST_LOOK_SECONDS)

    def why_not(self, scenario: Scenario, target: Target) -> tuple[SkipReason, str] | None:
        """Why a run must not begin; None if it may."""
        spends = safety.may_spend(scenario)
        for stop in self._held.values():
            guilty = stop.scenario in {None, scenario.name}
            if (spends or guilty) and unasked.covers(stop, self._keys[stop.run_id], target):
                return (
                    SkipReason.SAFETY,
                    f"{_reason(stop)}; see to it, then let it go on: brekwatch resume {target.name}",
                )
        if spends and self._unread:
            return SkipReason.JOURNAL, f"{scenario.name} may book, and whether that is stopped can't be read yet"
        return None

    def run_started(self, start: RunStart) -> None:
        """With this key, which may be configured no more by the time that it is over."""
        target = self._targets.get(start.target)
        if target is not None:
            self._under_way[start.run_id] = target.api_key

    def run_finished(self, run: Run) -> None:
        """Stop at once if it booked unasked."""
        key = self._under_way.pop(run.run_id, None)
        if unasked.booked_unasked(run):
            self._hold(Stop(run_id=run.run_id, target=run.target, scenario=run.scenario, since=self._now()), key)

    def booking_settled(self, booking: Booking) -> None:
        """The same of a run that was cut off before it could tell; of which scenario it was, the journal knows."""
        if booking.state is BookingState.UNEXPECTED:
            self._hold(Stop(run_id=booking.run_id, target=booking.target, scenario=None, since=self._now()), None)

    async def look(self) -> None:
        """Heed what others stopped or resumed, and write what is missing. Raises JournalError."""
        if self._book is None:
            return
        targets = self._targets
        stopped, resumed = await self._book.states(STOPPED, RESUMED)
        kept = {stop.run_id: stop for stop in unasked.in_force(stopped, resumed)}
        for run_id in self._held.keys() & resumed.keys():
            self._held.pop(run_id)
            self._keys.pop(run_id)
        for stop in kept.values():
            await self._adopt(stop, targets)
        self._unread = self._targets is not targets
        self._tell()
        for stop in list(self._held.values()):
            await self._write(self._book, stop, kept.get(stop.run_id))

    def _hold(self, stop: Stop, key: Secret | None) -> None:
        target = self._targets.get(stop.target)
        self._keys.setdefault(stop.run_id, key or (target.api_key if target is not None else None))
        self._held.setdefault(stop.run_id, stop)
        self._tell()
        self._again.set()

    async def _adopt(self, stop: Stop, targets: Mapping[str, Target]) -> None:
        key = self._keys.get(stop.run_id)
        if key is None:
            key = await off_loop(lambda: unasked.key_behind(stop, targets.values()), name="stops")
        self._keys[stop.run_id] = key
        self._held[stop.run_id] = stop

    async def _write(self, book: StopBook, stop: Stop, kept: Stop | None) -> None:
        """Where the journal lost it, or wrote it down without knowing the key."""
        key, now = self._keys.get(stop.run_id), self._monotonic()
        if kept is not None and (kept.mark is not None or key is None):
            return
        if now - self._written_at.get(stop.run_id, -_WRITTEN_AGAIN_SECONDS) < _WRITTEN_AGAIN_SECONDS:
            return
        self._written_at[stop.run_id] = now
        mark = stop.mark if stop.mark or key is None else await off_loop(lambda: unasked.mark_of(key), name="stops")
        if stop.run_id in self._held:
            self._held[stop.run_id] = replace(stop, mark=mark)
            with suppress(LedgerUnavailableError):  # it waits in the queue, and holds here meanwhile
                await book.keep_state(STOPPED, stop.run_id, unasked.value_of(self._held[stop.run_id]))

    def _tell(self) -> None:
        """Which targets are stopped now and were not, and the other way round."""
        for name, target in self._targets.items():
            covering = (stop for stop in self._held.values() if unasked.covers(stop, self._keys[stop.run_id], target))
            reason = next((_reason(stop) for stop in covering), None)
            if reason is not None and name not in self._told:
                self._told[name] = reason
                self._listener.bookings_stopped(name, reason)
            elif reason is None and self._told.pop(name, None) is not None:
                self._listener.bookings_stopped(name, None)

    async def _watch(self) -> None:
        while not self._closing:  # `wait_for` of Python 3.11 may swallow a cancellation
            with suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), self._every)
            self._again.clear()
            await self._look_safely()

    async def _look_safely(self) -> None:
        """Trouble is told once, until it is over; what was known holds on meanwhile."""
        try:
            await self.look()
        except EmptyJournalError:
            return  # it is only being made
        except JournalError as error:
            self._trouble(FaultKind.JOURNAL, f"whether bookings are stopped can't be read: {error}", error)
        except Exception as error:  # noqa: BLE001 - ours: the watch goes on
            self._trouble(FaultKind.BUG, f"{type(error).__name__} while stops were looked up", error)
        else:
            self._in_trouble = False

    def _trouble(self, kind: FaultKind, detail: str, error: Exception) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            self._listener.monitor_fault(MonitorFault(kind=kind, detail=detail, error=error))


def _keys_of(targets: Mapping[str, Target]) -> frozenset[Secret]:
    return frozenset(target.api_key for target in targets.values())


def _reason(stop: Stop) -> str:
    who = "it" if stop.scenario is None else stop.scenario
    at = f"{stop.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"what may book with this key is stopped since {at}: {who} booked unasked in run {stop.run_id}"
