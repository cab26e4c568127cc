"""Whoever is told of incidents by the service itself: receivers, Alertmanager, and who watches the heartbeat."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from alerts.delivery.alertmanagers import Alertmanagers
from alerts.delivery.flapping import WINDOW
from alerts.delivery.heartbeat import Heartbeat
from alerts.delivery.outbox import Outbox
from alerts.delivery.posting import send
from probes.errors import EmptyJournalError, JournalError
from probes.incident import Incident, IncidentFilter, Notice
from probes.journal.journal import Journal
from probes.listening import Listeners
from probes.model import MonitorFault
from probes.off_loop import off_loop
from probes.settings import Settings
from probes.words import FaultKind

_RESTORE_SECONDS = 5.0


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
        """What an earlier process left to be told. What can't be read in time is told when it starts the next time."""
        if self._journal is None:
            return
        try:
            waiting, recent = await asyncio.wait_for(off_loop(self._read, name="notice reader"), _RESTORE_SECONDS)
        except EmptyJournalError:
            return
        except (JournalError, TimeoutError) as error:
            detail = f"what is still to be told can't be read: {error or 'no answer in time'}"
            self._listeners.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail=detail, error=error))
            return
        self.outbox.remember(waiting, recent)

    def _read(self) -> tuple[tuple[Notice, ...], tuple[Incident, ...]]:
        if self._journal is None:
            return (), ()
        since = _utc_now() - WINDOW - timedelta(seconds=1)
        with closing(self._journal.reader()) as reader:
            recent = [
                incident
                for incident in reader.incidents(IncidentFilter(since=since))
                if incident.location == self._location and incident.detected_at >= since
            ]
            return reader.waiting_notices(), tuple(recent)

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
        await self._heartbeat.aclose()
        await self._alertmanagers.aclose()
        await self.outbox.aclose()


def _utc_now() -> datetime:
    return datetime.now(UTC)
