"""The journal as the rest of the program sees it: a ledger that waits for commits, a listener that never does.

All of it belongs to the event loop's thread and only enqueues; the database is the writer thread's, which imports it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from probes.errors import EmptyJournalError, JournalInUseError, LedgerUnavailableError
from probes.incident import AlertSeen, IncidentChange, Notice
from probes.journal.condition import CANT_COMMIT, STALL_SECONDS, Condition
from probes.journal.exchange_rows import ids_of
from probes.journal.hearing import Hearing, Voice
from probes.journal.items import (
    Alerted,
    Begun,
    Booked,
    Changed,
    Compared,
    Intended,
    Item,
    Journey,
    Judged,
    Noticed,
    Planned,
    Promise,
    Sent,
    Settled,
    Stated,
    without_exchanges,
)
from probes.journal.kept import Found, OpenIntent
from probes.journal.queue import Limits, Queue
from probes.listening import Listener
from probes.model import Booking, BookingCap, Exchange, Finding, Intent, Probe, Run, RunStart
from probes.off_loop import off_loop
from probes.settings import Retention
from probes.words import FaultKind

if TYPE_CHECKING:
    from probes.journal.reading import Reader
    from probes.journal.writer import Writer

_START_SECONDS = 10.0
"""Trouble is told sooner. What takes longer is a slow machine or a big journal's check, and whoever went on without it
would skip what leaves a booking."""

STATE = "incidents"
"""The kind of state under which incidents are reckoned on after a restart."""

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal(Listener):
    """Keeps every run in the database at `url`, between `start` and `aclose`.

    `scrub` removes secrets from what is kept. `listener` hears, on the loop, of faults, of the journal's state, and of
    each run that is kept. `exclusive` refuses a second service on one SQLite file. Without `retention` it lets
    go of nothing: that is for whoever runs for long.
    """

    durable = True

    def __init__(
        self,
        url: str,
        *,
        command: str,
        scrub: Callable[[str], str],
        listener: Listener,
        exclusive: bool = False,
        retention: Retention | None = None,
        now: Callable[[], datetime] = _utc_now,
        limits: Limits | None = None,
    ) -> None:
        self._url = url
        self._command = command
        self._scrub = scrub
        self._exclusive = exclusive
        self._retention = retention
        self._now = now
        self._queue = Queue(limits or Limits())
        self._condition = Condition(listener, self._queue, scrub)
        self._journeys: dict[str, Journey] = {}
        self._writer: Writer | None = None
        self._hearing = Hearing(listener, self._condition, self._queue)
        self._over: asyncio.Future[None] | None = None

    async def start(self, seconds: float = _START_SECONDS) -> None:
        """Open it, which may take longer than this waits. Raises JournalInUseError; other trouble is told."""
        loop = asyncio.get_running_loop()
        self._hearing.first_word, self._over = loop.create_future(), loop.create_future()
        thread = threading.Thread(target=self._write, args=(loop,), name="journal", daemon=True)
        thread.start()
        await asyncio.wait([self._hearing.first_word], timeout=seconds)
        if self._hearing.first_word.done():
            self._hearing.first_word.result()
        self._hearing.first_word.cancel()  # what comes later is told as a fault

    async def aclose(self, seconds: float = 5.0) -> None:
        """Write what waits, for so long; what can't be written is counted as lost, and told."""
        if self._over is None or self._queue.closed:
            return
        self._queue.close()
        await asyncio.wait([self._over], timeout=seconds)
        if self._writer is not None:
            self._writer.abandoned = True
        left = self._queue.give_up()
        for item in left:
            if item.promise is not None:
                item.promise.settle(LedgerUnavailableError(f"{CANT_COMMIT}: it is closed", told=True))
        if left:
            self._condition.tell(FaultKind.JOURNAL, f"results that could not be written before the end: {len(left)}")
        self._condition.close()

    def reader(self) -> Reader:
        """Reads what is kept, in any thread."""
        from probes.journal.reading import Reader

        return Reader(self._url)

    async def open_intents(self) -> tuple[OpenIntent, ...]:
        """Turns of cut-off runs, of which nobody knows what they did. Raises JournalError."""
        return await self._kept_before(lambda reader: reader.open_intents())

    async def states(self, *kinds: str) -> tuple[Mapping[str, object], ...]:
        """What is kept under each of these kinds, by its key, read in this order. Raises JournalError."""
        return await self._read(lambda reader: tuple(map(reader.states, kinds)))

    def find(self, text: str) -> Found:
        """Where an id was seen; in any thread. Raises JournalError."""
        with closing(self.reader()) as reader:
            return reader.find(text)

    async def _kept_before(self, ask: Callable[[Reader], tuple[T, ...]]) -> tuple[T, ...]:
        """Nothing, where a journal is only being made: on a slow machine that may take longer than `start` waits."""
        try:
            return await self._read(ask)
        except EmptyJournalError:
            return ()

    async def _read(self, ask: Callable[[Reader], T]) -> T:
        """In a thread of its own, on a connection of its own: reading never waits for the writer."""

        def read() -> T:
            with closing(self.reader()) as reader:
                return ask(reader)

        return await off_loop(read, name="journal reader")

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        """Know of this run. Raises LedgerUnavailableError, and RefusedError where the day's cap leaves too little."""
        self._journey(start.run_id).start = start
        await self._promise(Begun(promise=Promise(), start=start, cap=cap), lasting=cap is None)

    async def intend(self, intent: Intent) -> None:
        """Know the key of this turn. Raises LedgerUnavailableError."""
        await self._promise(Intended(promise=Promise(), intent=intent, at=self._now()))

    async def book(self, booking: Booking) -> None:
        """Know this of a booking. Raises LedgerUnavailableError."""
        await self._promise(Booked(promise=Promise(), booking=booking, at=self._now()))

    async def settle(self, intent: OpenIntent, settlement: str, booking: Booking | None) -> None:
        """Know what a snapshot told of an open intent.

        Raises LedgerUnavailableError, and RefusedError where another process was quicker.
        """
        item = Settled(promise=Promise(), intent=intent, settlement=settlement, booking=booking, at=self._now())
        await self._promise(item)

    async def keep_state(self, kind: str, key: str, value: object | None) -> None:
        """Keep what must survive a restart; None takes it away. Raises LedgerUnavailableError, TypeError if no JSON."""
        text = None if value is None else json.dumps(value)
        await self._promise(Stated(promise=Promise(), kind=kind, key=key, value=text, at=self._now()))

    def keep_incidents(self, change: IncidentChange) -> asyncio.Future[None]:
        """Keep all of it or nothing, behind what was told before. Raises TypeError for a state that is no JSON.

        It is done when it is committed, which may be long after, once a journal in trouble is well again: wait for as
        long as suits, and give the waiting up without harm. It ends in LedgerUnavailableError where it never will be.
        """
        state = None
        if change.state is not None:
            state = Stated(kind=STATE, key=change.state_key, value=json.dumps(change.state), at=self._now())
        return self._lasting(Changed(promise=Promise(), change=change, state=state))

    def settle_notice(self, notice: Notice) -> asyncio.Future[None]:
        """Keep a notice as it now stands, unless it was settled before; what comes back is as of `keep_incidents`."""
        return self._lasting(Noticed(promise=Promise(), notice=notice))

    def keep_alerts(self, alerts: tuple[AlertSeen, ...]) -> asyncio.Future[None]:
        """Keep what Alertmanager told; what comes back is as of `keep_incidents`."""
        return self._lasting(Alerted(promise=Promise(), alerts=alerts))

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """Keep it, also of a run that is over: a look at what it left."""
        journey = self._journeys.get(start.run_id)
        if journey is None:
            ids = tuple(ids_of(exchange))
            self._put(Sent(run_id=start.run_id, seq=None, step=step, exchange=exchange, ids=ids))
        else:
            self._put(journey.next(step, exchange))

    def run_finished(self, run: Run) -> None:
        """Keep the verdict."""
        journey = self._journeys.pop(run.run_id, None) or Journey(run_id=run.run_id)
        steps = (*run.steps, *run.cleanup)
        for step in steps:
            for exchange in step.exchanges:
                if id(exchange) not in journey.seqs:
                    self._put(journey.next(step.name, exchange))
        spans = tuple(journey.span(step.exchanges) for step in steps)
        self._put(Judged(run=without_exchanges(run), spans=spans, stored_bytes=journey.stored_bytes))

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        """Keep how a planned start ended."""
        item = Planned(probe=probe, state=state, reason=reason, lateness_seconds=lateness_seconds, at=self._now())
        self._put(item)

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        """Keep the differences."""
        if findings:
            self._put(Compared(target=target, findings=findings, at=self._now()))

    def _journey(self, run_id: str) -> Journey:
        return self._journeys.setdefault(run_id, Journey(run_id=run_id))

    def _put(self, item: Item) -> None:
        self._condition.filled(self._queue.put(item))

    def _lasting(self, item: Item) -> asyncio.Future[None]:
        """Written whenever it can be, however long nobody waits for it any more."""
        promise = item.promise or Promise()
        if self._queue.closed:
            promise.settle(LedgerUnavailableError(f"{CANT_COMMIT}: it is closed", told=True))
        self._put(item)
        return promise.kept

    async def _promise(self, item: Item, *, lasting: bool = True) -> None:
        """Wait until it is committed. What isn't `lasting` must not be written after it was waited for in vain."""
        promise, problem = item.promise, "it is closed" if self._queue.closed else self._condition.problem
        if problem is None or lasting:
            self._put(item)
        if problem is not None or promise is None:
            raise LedgerUnavailableError(f"{CANT_COMMIT}: {problem}", told=True)
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await promise.kept
        except TimeoutError:
            self._condition.stalled()
            raise LedgerUnavailableError(f"{CANT_COMMIT}: {self._condition.problem}", told=True) from None
        finally:
            promise.withdrawn = not lasting

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """The writer thread."""
        voice = Voice(loop, self._hearing)
        try:
            from probes.journal.assembling import assemble

            self._writer = assemble(
                self._url,
                instance_id=secrets.token_hex(16),
                command=self._command,
                exclusive=self._exclusive,
                retention=self._retention,
                queue=self._queue,
                journeys=self._journeys,
                told=voice,
                scrub=self._scrub,
                now=self._now,
            )
            self._writer.run()
        except Exception as error:  # noqa: BLE001 - a thread that dies unheard would look like a slow disk for ever
            voice.post(self._died, error)
        voice.post(self._ended)

    def _died(self, error: Exception) -> None:
        if isinstance(error, JournalInUseError) and not self._hearing.first_word.done():
            self._hearing.first_word.set_exception(error)
        else:
            self._hearing.silenced(error)

    def _ended(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
