"""Turns of runs that were cut off: whether they booked is looked up in their sessions. Nothing is ever sent again.

Design decision 4, and the guide's rule that a snapshot tells what a lost answer did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from probes.answers import snapshot_statuses
from probes.bookings import booking_id_in
from probes.client import CoreChatClient
from probes.errors import JournalError, LedgerUnavailableError, LocalResourceError, RefusedError, StalledError
from probes.journal.kept import OpenIntent
from probes.ledger import MemoryLedger
from probes.listening import Listener
from probes.model import Answer, Booking, Exchange, MonitorFault, RunStart, Target
from probes.redaction import Notice, keep_nothing
from probes.requests import Call, Conversation, actor_of
from probes.safety import ProductionGuard
from probes.transport import Transport
from probes.turns import Turns
from probes.under_way import run_under_way
from probes.verdict import fault_of
from probes.words import BookingState, ChatStatus, FaultKind, Leaves, Settlement

STEP = "reconcile"
_EVERY_SECONDS = 300.0
_READ_SECONDS = 30.0
_UNDER_WAY = timedelta(minutes=2)  # so long a turn may still take effect
_HOPELESS = timedelta(days=1)
_NO_OFFSET = 0

Finding = tuple[Settlement, BookingState | None]


class IntentBook(Protocol):
    """Where promised turns are kept: the journal."""

    async def open_intents(self) -> tuple[OpenIntent, ...]:
        """Those of runs that were cut off; raises JournalError."""

    async def settle(self, intent: OpenIntent, settlement: Settlement, booking: Booking | None) -> None:
        """Close it, with what it booked; raises LedgerUnavailableError, and RefusedError if it is closed already."""


class Reconciling(Listener):
    """Looks at once, whenever runs were found to be cut off, and else every five minutes, until it is closed.

    `targets` gives those that are configured now; an intent of any other stays open. Every read takes a turn of its
    key's quota. `listener` hears of the reads, of bookings that were found, and of what went wrong; `notice` of the
    secrets in what was read, before.
    """

    def __init__(
        self,
        book: IntentBook,
        *,
        targets: Callable[[], Mapping[str, Target]],
        turns: Turns,
        listener: Listener,
        notice: Notice = keep_nothing,
        location: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._book = book
        self._targets = targets
        self._turns = turns
        self._listener = listener
        self._notice = notice
        self._location = location
        self._now = now
        self._sleep = sleep
        self._cut_off = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def runs_cut_off(self, count: int) -> None:
        """Look at what they left, which may be minutes after the start: a server says late whose session is gone."""
        self._cut_off.set()

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch(), name="reconciling")

    async def aclose(self) -> None:
        """Look no more; what was not settled is looked up after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            self._cut_off.clear()
            try:
                await self.look()
            except (JournalError, LedgerUnavailableError) as error:
                self._tell(FaultKind.JOURNAL, f"open intents can't be looked up: {error}", error)
            except Exception as error:  # noqa: BLE001 - ours: the watch goes on
                self._tell(FaultKind.BUG, f"{type(error).__name__} while open intents were looked up", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cut_off.wait(), _EVERY_SECONDS)

    async def look(self) -> None:
        """Reads each session with open intents once, those that may hold a booking first, and settles what it can."""
        of_session = attrgetter("target", "run_id", "session_id")
        intents = sorted(await self._book.open_intents(), key=lambda intent: (_may_wait(intent), of_session(intent)))
        for _, several in groupby(intents, key=of_session):
            try:
                await self._look_up(tuple(several))
            except (LocalResourceError, StalledError) as error:
                self._tell(fault_of(error), str(error), error)

    async def _look_up(self, intents: Sequence[OpenIntent]) -> None:
        intent = intents[-1]
        target = self._targets().get(intent.target)
        if target is None:
            return
        if not intent.session_id:
            found: Finding | None = (Settlement.NOTHING, None)
            answer = None
        else:
            answer = (await self._read(intent, target)).answer
            newest = max(each.intended_at for each in intents)
            found = judge(answer, intent, age=self._now() - newest)
        if found is not None:
            await self._settle(intents, found, answer)

    async def _read(self, intent: OpenIntent, target: Target) -> Exchange:
        start = RunStart(
            run_id=intent.run_id,
            target=target.name,
            scenario=intent.scenario,
            leaves=Leaves.NOTHING,
            started_at=self._now(),
            location=self._location,
        )
        conversation = Conversation(
            actor_id=actor_of(intent.run_id), timezone_offset_minutes=_NO_OFFSET, session_id=intent.session_id
        )
        transport = Transport()
        client = CoreChatClient(
            target,
            transport,
            start=start,
            conversation=conversation,
            ledger=MemoryLedger(),
            guard=ProductionGuard(target, bookings_allowed=False),
            tell=lambda exchange: self._listener.exchange_finished(start, STEP, exchange),
            tell_fault=self._tell,
            notice=self._notice,
            uniform=lambda _low, high: high,
            now=self._now,
            sleep=self._sleep,
        )
        waiting_for_turn = self._turns.when_free(target, 1, waiting=lambda _seconds, _why: None)
        with run_under_way(start) as under_way, await waiting_for_turn as turn:
            under_way.step = STEP
            turn.admit(start)
            try:
                deadline = asyncio.get_running_loop().time() + _READ_SECONDS
                call = Call(step=STEP, deadline=deadline, status_codes=frozenset({200, 404}))
                return (await client.read_session(call))[-1]
            finally:
                await transport.aclose()

    async def _settle(self, intents: Sequence[OpenIntent], found: Finding, answer: Answer | None) -> None:
        settlement, state = found
        last = intents[-1]
        booking = None
        if state is not None:
            booking = Booking(
                run_id=last.run_id,
                target=last.target,
                session_id=last.session_id,
                state=state,
                booking_id=None if answer is None else booking_id_in(answer),
            )
        try:
            for intent in intents:
                await self._book.settle(intent, settlement, booking if intent is last else None)
        except RefusedError:
            return  # another process looked, too, and has told it
        if booking is not None:
            self._listener.booking_settled(booking)

    def _tell(self, kind: FaultKind, detail: str, error: BaseException) -> None:
        self._listener.monitor_fault(MonitorFault(kind=kind, detail=detail, error=error))


def _may_wait(intent: OpenIntent) -> bool:
    return intent.leaves is not Leaves.BOOKING


def judge(answer: Answer | None, intent: OpenIntent, *, age: timedelta) -> Finding | None:
    """What a session's snapshot tells of its turns, the newest of which was promised so long ago. Pure.

    None where it tells nothing yet: there is no answer that can be believed, or a turn may still be under way.
    """
    if intent.booking_state is BookingState.CANCELLED:
        return Settlement.CANCELLED, None
    statuses = snapshot_statuses(answer, intent.session_id)
    if statuses is not None and ChatStatus.BOOKED in statuses:
        unasked = intent.leaves is not Leaves.BOOKING or intent.booking_state is BookingState.UNEXPECTED
        return Settlement.BOOKED, BookingState.UNEXPECTED if unasked else BookingState.LEFT
    if statuses is not None and age > _UNDER_WAY:
        return Settlement.NOTHING, None
    gone = answer is not None and answer.status_code == 404
    if not gone and age <= _HOPELESS:
        return None
    return (Settlement.UNCLEAR, BookingState.UNCLEAR) if intent.leaves is Leaves.BOOKING else (Settlement.NOTHING, None)
