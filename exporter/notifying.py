"""Whoever is told of incidents by the service itself: receivers, Alertmanager, and who watches the heartbeat."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from alerts.delivery.alertmanagers import Alertmanagers
from alerts.delivery.flapping import WINDOW
from alerts.delivery.heartbeat import Heartbeat
from alerts.delivery.outbox import Outbox
from alerts.delivery.posting import send
from exporter.incident_memory import COMMANDS
from probes.errors import EmptyJournalError, JournalError
from probes.incident import Incident, IncidentFilter, Notice
from probes.journal.journal import Journal
from probes.journal.kept import RunFilter
from probes.listening import Listeners
from probes.model import MonitorFault
from probes.off_loop import off_loop
from probes.settings import Settings
from probes.words import JUDGED_OUTCOMES, FaultKind

if TYPE_CHECKING:
    from probes.journal.reading import Reader

_RESTORE_SECONDS = 5.0
_AGAIN_SECONDS = 2.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What an earlier process left: notices to be told, what was told of not long ago, and its last verdict."""

    waiting: tuple[Notice, ...]
    recent: tuple[Incident, ...]
    judged_at: datetime | None


class Notifying:
    """Tells them, between `start` and `aclose`. `outbox` says what a change of incidents makes to be told."""

    def __init__(
        self,
        settings: Settings,
        *,
        journal: Journal | None,
        listeners: Listeners,
        scrub: Callable[[str], str],
        problem: Callable[[], str | None],
    ) -> None:
        self._journal = journal
        self._listeners = listeners
        self._location = settings.service.location
        self._later: asyncio.Task[None] | None = None
        self.outbox = Outbox(
            settings,
            keeping=journal,
            listener=listeners,
            scrub=scrub,
            send=send,
            now=_utc_now,
            uniform=random.uniform,
        )
        self._alertmanagers = Alertmanagers(
            settings,
            listener=listeners,
            send=send,
            now=_utc_now,
            held=self.outbox.in_maintenance,
            document_of=self.outbox.document_of,
        )
        self._heartbeat = Heartbeat(
            settings,
            problems=(problem, self.outbox.problem, self._alertmanagers.problem),
            listener=listeners,
            send=send,
            clock=time.monotonic,
        )
        for each in (self.outbox, self._alertmanagers, self._heartbeat):
            listeners.add(each)

    async def restore(self) -> None:
        """What an earlier process left to be told. Where that can't be read yet, it is tried until it can."""
        if self._journal is None:
            return
        problem = await self._restored(self._journal, _utc_now(), at_once=True)
        if problem is not None:
            detail = f"what is still to be told can't be read yet: {problem}"
            self._listeners.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail=detail, error=problem))
            self._later = asyncio.create_task(self._restore_later(self._journal, _utc_now()), name="notice reader")

    async def _restore_later(self, journal: Journal, began_at: datetime) -> None:
        while True:
            await asyncio.sleep(_AGAIN_SECONDS)
            if await self._restored(journal, began_at, at_once=False) is None:
                return

    async def _restored(self, journal: Journal, began_at: datetime, *, at_once: bool) -> Exception | None:
        """Why it can't be known. Read late, what this process made to be told stands there too, and is left out."""
        try:
            left = await asyncio.wait_for(
                off_loop(partial(self._read, journal), name="notice reader"), _RESTORE_SECONDS
            )
        except EmptyJournalError:
            return None
        except TimeoutError:
            return TimeoutError("no answer in time")
        except JournalError as error:
            return error
        self.outbox.remember(
            [notice for notice in left.waiting if at_once or notice.created_at < began_at],
            left.recent if at_once else (),
        )
        if at_once and left.judged_at is not None:
            self._heartbeat.remember((began_at - left.judged_at).total_seconds())
        return None

    def _read(self, journal: Journal) -> _Left:
        since = _utc_now() - WINDOW - timedelta(seconds=1)
        with closing(journal.reader()) as reader:
            recent = [
                incident
                for incident in reader.incidents(IncidentFilter(since=since))
                if incident.location == self._location and incident.detected_at >= since
            ]
            return _Left(waiting=reader.waiting_notices(), recent=tuple(recent), judged_at=self._judged_at(reader))

    def _judged_at(self, reader: Reader) -> datetime | None:
        """When the last verdict of this place's services was known, if that was within the day."""
        wanted = RunFilter(since=_utc_now() - _DAY, location=self._location, commands=COMMANDS)
        judged = (run for run in reader.runs(wanted) if run.outcome in JUDGED_OUTCOMES)
        last = next(judged, None)
        return None if last is None else last.started_at + timedelta(seconds=last.duration_seconds or 0.0)

    def start(self) -> None:
        """Begin to tell."""
        self.outbox.start()
        self._alertmanagers.start()
        self._heartbeat.start()

    def reload(self, settings: Settings) -> None:
        """From now on these receivers."""
        self.outbox.reload(settings)
        self._alertmanagers.reload(settings)
        self._heartbeat.reload(settings)

    async def aclose(self) -> None:
        """Say what is due, for a moment, and no more; the rest waits in the journal."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.wait([self._later])
        await self._heartbeat.aclose()
        await self._alertmanagers.aclose()
        await self.outbox.aclose()


def _utc_now() -> datetime:
    return datetime.now(UTC)
