"""Turns runs into incidents while the service runs: the journal keeps them, receivers and metrics are told of them.

It hears of a run after the journal did, so that what a run changed is committed behind the run. Where nothing can be
committed, it goes on from what it remembers.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from alerts.incidents import Watch, verdict_of
from exporter.incident_memory import Memory, Remembered, places_of, remembered, state_key
from probes.errors import EmptyJournalError, JournalError
from probes.incident import Incident, IncidentChange, Notice, Verdict
from probes.journal.kept import RunFilter
from probes.listening import Listener
from probes.model import Booking, MonitorFault, Run
from probes.off_loop import off_loop
from probes.settings import Settings
from probes.words import BookingState, FaultKind

RESTORE_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0
_AGAIN_SECONDS = 2.0
_MOST_UNKEPT = 1_000


class Book(Protocol):
    """What keeps incidents: the journal."""

    def keep_incidents(self, change: IncidentChange) -> asyncio.Future[None]:
        """Keep all of it or nothing, behind what was told before."""


class Teller(Protocol):
    """What tells receivers of incidents."""

    def notices(self, changed: Iterable[Incident], run: Run | None) -> tuple[Notice, ...]:
        """What this change makes to be said; to be kept with it, and then handed to `take`."""

    def take(self, notices: Iterable[Notice], kept: asyncio.Future[None] | None) -> None:
        """Tell these, once they are kept or nobody can wait for that any more."""


class IncidentWatch(Listener):
    """Hears how runs end. Lives on one event loop; `restore` comes before the first run."""

    def __init__(
        self,
        settings: Settings,
        *,
        listener: Listener,
        book: Book | None = None,
        teller: Teller | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._book = book
        self._teller = teller
        self._now = now
        self._watch = Watch(settings.incidents, places_of(settings))
        self._watch.expect(settings.incidents, places_of(settings), at=now())
        self._held: list[tuple[Verdict, Run]] | None = None
        self._later: asyncio.Task[None] | None = None
        self._looking: set[asyncio.Task[None]] = set()
        self._read: Callable[[], Memory] | None = None
        self._awaited: dict[str, asyncio.Future[None]] = {}
        self._unkept: defaultdict[str, dict[str, Incident]] = defaultdict(dict)

    @property
    def open(self) -> tuple[Incident, ...]:
        """All that are open now."""
        return self._watch.open

    async def restore(
        self,
        read: Callable[[], Memory],
        seconds: float = RESTORE_SECONDS,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        """Go on from what a journal holds.

        Where that can't be read within `seconds` it is tried again for a while, and runs wait for it: who begins
        without what was open would tell of it anew. What can't be read even so is a fault, and is not known.
        """
        self._read = read
        problem = await self._restored(read, seconds)
        if problem is not None:
            self._fault(f"incidents that were open before can't be read yet, so runs wait for them: {problem}", problem)
            self._held = []
            later = self._restore_later(read, seconds, patience_seconds)
            self._later = asyncio.create_task(later, name="incident reader")

    async def aclose(self) -> None:
        """Wait no more for what was before."""
        for looking in tuple(self._looking):
            looking.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        if self._later is not None and not self._later.done():
            self._later.cancel()
            await asyncio.wait([self._later])
            self._let_go()

    async def _restore_later(self, read: Callable[[], Memory], seconds: float, patience_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + patience_seconds
        problem: Exception | None = None
        while loop.time() < give_up_at:
            await asyncio.sleep(min(_AGAIN_SECONDS, patience_seconds / 10))
            problem = await self._restored(read, seconds)
            if problem is None:
                break
        else:
            self._fault(f"incidents that were open before are not known: {problem or 'no answer in time'}", problem)
        self._let_go()

    def _let_go(self) -> None:
        """See what waited; a run that was read back meanwhile is known already."""
        held, self._held = self._held or (), None
        for verdict, run in held:
            self._see(verdict, run, fresh=False)

    async def _restored(self, read: Callable[[], Memory], seconds: float) -> Exception | None:
        """Why it can't be known what was before; None if it is, or if nothing was."""
        try:
            known = await asyncio.wait_for(off_loop(partial(self._remember, read), name="incident reader"), seconds)
        except EmptyJournalError:
            return None
        except TimeoutError:
            return TimeoutError("no answer in time")
        except Exception as error:  # noqa: BLE001 - whatever stands there, a service must not fail to start for it
            return error
        for target in known.damaged:
            self._fault(f"what was known of incidents on {target} is damaged: it begins anew, without any", None)
        self._watch = known.watch
        self._expect()
        for verdict, run in known.missed:
            self._see(verdict, run, fresh=False)
        self._show()
        return None

    def _remember(self, read: Callable[[], Memory]) -> Remembered:
        with closing(read()) as memory:
            return remembered(memory, self._settings, self._now())

    def reload(self, settings: Settings) -> None:
        """From now on these probes and this policy: what nobody plays any more is not waited for."""
        self._settings = settings
        self._expect()
        self._show()

    def _show(self) -> None:
        for target, scenario in places_of(self._settings).plans:
            self._listener.recent_failures_changed(target, scenario, self._watch.recent(target, scenario))
        self._listener.incidents_changed((), self._watch.open)

    def run_finished(self, run: Run) -> None:
        """See what it changes."""
        verdict = verdict_of(run)
        if verdict is None:
            return
        if self._held is not None:
            self._held.append((verdict, run))
        else:
            self._see(verdict, run, fresh=True)

    def booking_settled(self, booking: Booking) -> None:
        """A run that was cut off has booked unasked, as its session shows now: see it as what it was."""
        if booking.state is BookingState.UNEXPECTED and self._read is not None:
            looking = asyncio.create_task(self._look_at(booking.run_id, self._read), name="incident reader")
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)

    async def _look_at(self, run_id: str, read: Callable[[], Memory]) -> None:
        def look() -> Run | None:
            with closing(read()) as memory:
                return next((kept.run for kept in memory.whole_runs(RunFilter(run_ids=(run_id,)))), None)

        try:
            run = await off_loop(look, name="incident reader")
        except JournalError as error:
            self._fault(f"the run that booked unasked can't be read, so no incident tells of it: {error}", error)
            return
        if run is not None:
            self.run_finished(run)

    def _see(self, verdict: Verdict, run: Run, *, fresh: bool) -> None:
        changed = self._watch.look(verdict, fresh=fresh)
        if changed is None:
            return
        target, scenario = verdict.target, verdict.scenario
        self._listener.recent_failures_changed(target, scenario, self._watch.recent(target, scenario))
        self._tell(target, changed, run)

    def _expect(self) -> None:
        before = self._watch.targets
        settings = self._settings
        ended = self._watch.expect(settings.incidents, places_of(settings), at=self._now())
        gone = before - self._watch.targets
        for target in sorted(gone | {incident.cause.target for incident in ended}):
            self._tell(target, tuple(each for each in ended if each.cause.target == target), None)

    def _tell(self, target: str, changed: tuple[Incident, ...], run: Run | None) -> None:
        notices = self._teller.notices(changed, run) if self._teller is not None and changed else ()
        kept = None if self._book is None else self._keep(self._book, target, changed, notices)
        if self._teller is not None and notices:
            self._teller.take(notices, kept)
        if changed:
            self._listener.incidents_changed(changed, self._watch.open)

    def _keep(
        self, book: Book, target: str, changed: tuple[Incident, ...], notices: tuple[Notice, ...]
    ) -> asyncio.Future[None]:
        """What an earlier change was to keep, and never will, goes with this one."""
        incidents = self._unkept.pop(target, {}) | {each.incident_id: each for each in changed}
        change = IncidentChange(
            incidents=tuple(incidents.values()),
            notices=notices,
            state_key=state_key(self._settings.service.location, target),
            state=self._watch.state_of(target),
        )
        kept = book.keep_incidents(change)
        self._awaited |= dict.fromkeys(incidents, kept)
        kept.add_done_callback(partial(self._is_kept, target, change.incidents))
        return kept

    def _is_kept(self, target: str, incidents: tuple[Incident, ...], kept: asyncio.Future[None]) -> None:
        """Whatever came of it: a later change that tells of the same incident knows more of it."""
        lost = kept.cancelled() or kept.exception() is not None
        for incident in incidents:
            if self._awaited.get(incident.incident_id) is not kept:
                continue
            del self._awaited[incident.incident_id]
            if lost and len(self._unkept[target]) < _MOST_UNKEPT:
                self._unkept[target][incident.incident_id] = incident

    def _fault(self, detail: str, error: BaseException | None) -> None:
        self._listener.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail=detail, error=error))
