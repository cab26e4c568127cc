"""The running service: scheduler, runner, metrics and pages on one event loop, from start to drain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from exporter import board_memory
from exporter.changes import reload_problem
from exporter.drift_watch import DriftWatch
from exporter.incident_reports import reporting
from exporter.incident_watch import IncidentWatch
from exporter.notifying import Notifying
from exporter.recorder import Recorder
from exporter.web import ALERTS_PATH, IncidentDesk, WebServer, bearer_of, create_app, places_of
from exporter.web.pages.report import Reporting
from probes.errors import UsageError
from probes.journal.journal import Journal
from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import MonitorFault
from probes.probing import Probing, Repeats
from probes.reconciling import Reconciling
from probes.redaction import Scrubber
from probes.settings import Settings
from probes.stops import Stops
from probes.transport import shared_ssl_context

DRAIN_SECONDS = 20.0
_TICK_SECONDS = 0.25
_STOPS_SECONDS = 5.0


def warm_up(settings: Settings) -> None:
    """What would else cost the first run over TLS tens of milliseconds."""
    if any(target.base_url.startswith("https:") for target in settings.targets.values()):
        shared_ssl_context()


class Service:
    """Plays the configured probes on schedule and shows what it sees, between `start` and `aclose`."""

    def __init__(
        self,
        settings: Settings,
        *,
        scrubber: Scrubber,
        listeners: Iterable[Listener] = (),
        new_journal: Callable[[Listener], Journal] | None = None,
        repeats: Repeats | None = None,
    ) -> None:
        self._settings = settings
        self._scrubber = scrubber
        self.recorder = Recorder(scrub=scrubber.text)
        self._tell_recorder()
        self._listeners = Listeners(self.recorder, *listeners)
        self._journal = None if new_journal is None else new_journal(self._listeners)
        if self._journal is not None:
            self._listeners.add(self._journal)
        self._notifying = Notifying(
            settings,
            journal=self._journal,
            listeners=self._listeners,
            scrub=scrubber.text,
            problem=self._scheduling_problem,
        )
        self._incidents = IncidentWatch(
            settings, listener=self._listeners, book=self._journal, teller=self._notifying.outbox
        )
        self._listeners.add(self._incidents)
        self._stops = Stops(settings.targets.values(), book=self._journal, listener=self._listeners)
        self._listeners.add(self._stops)
        self._probing = Probing(
            settings,
            ledger=self._journal or MemoryLedger(),
            listeners=self._listeners,
            notice=scrubber.notice,
            repeats=repeats,
            stopped=self._stops.why_not,
        )
        self._web = self._new_web(self._journal)
        self._drift_watch = DriftWatch(self._listeners)
        self._reconciling = None if self._journal is None else self._new_reconciling(self._journal)
        self._watch: asyncio.Task[None] | None = None

    def _new_web(self, journal: Journal | None) -> WebServer:
        service = self._settings.service
        desk = None if journal is None else self._new_desk(journal)
        return WebServer(
            service.listen_host,
            service.listen_port,
            create_app(
                recorder=self.recorder,
                health=self._probing.scheduler,
                find=None if journal is None else journal.find,
                desk=desk,
                settings=lambda: self._settings,
                reporting=None if journal is None else self._new_reporting(journal),
                new_reader=None if journal is None else journal.reader,
                scrub=self._scrubber.text,
            ),
            web_config=service.web_config,
            bearers={} if desk is None else {ALERTS_PATH: bearer_of(lambda: self._settings.service.webhook_token)},
        )

    def _new_desk(self, journal: Journal) -> IncidentDesk:
        return IncidentDesk(
            new_reader=journal.reader,
            keep_alerts=journal.keep_alerts,
            targets=lambda: self._settings.targets,
            external_url=lambda: self._settings.service.external_url,
        )

    def _new_reconciling(self, journal: Journal) -> Reconciling:
        reconciling = Reconciling(
            journal,
            targets=lambda: self._settings.targets,
            turns=self._probing.turns,
            listener=self._listeners,
            notice=self._scrubber.notice,
            location=self._settings.service.location,
        )
        self._listeners.add(reconciling)
        return reconciling

    def _scheduling_problem(self) -> str | None:
        return self._probing.scheduler.problem()

    def _new_reporting(self, journal: Journal) -> Reporting:
        return reporting(journal.reader, lambda: self._settings, self._scrubber.text)

    def _tell_recorder(self) -> None:
        settings = self._settings
        self.recorder.expect(
            targets=settings.targets.values(),
            probes=settings.probes,
            scenarios=settings.scenarios,
            location=settings.service.location,
        )
        self.recorder.board.maintenance = settings.maintenance

    def listen(self, listener: Listener) -> None:
        """Tell this one too, from now on."""
        self._listeners.add(listener)

    def tell(self, fault: MonitorFault) -> None:
        """Tell all listeners of a fault that befell something around the service."""
        self._listeners.monitor_fault(fault)

    async def start(self) -> None:
        """Open the journal and the port, then plan the first slots.

        Raises UsageError for a port that can't be had, and for a journal that another service writes; one that can't be
        used otherwise is a fault, and no reason not to probe.
        """
        warm_up(self._settings)
        if self._journal is not None:
            await self._journal.start()
            await board_memory.restore(self.recorder, self._journal.reader, self._settings, self._listeners)
            await self._notifying.restore()
            await self._incidents.restore(self._journal.reader)
        await self._stops.start(_STOPS_SECONDS)
        await self._web.start()
        self._probing.start()
        self._notifying.start()
        if self._reconciling is not None:
            self._reconciling.start()
        self._drift_watch.watch(self._settings.targets.values())
        self._announce_maintenance()
        self._watch = asyncio.create_task(self._watch_loop(), name="loop watch")

    def reload(self, settings: Settings) -> None:
        """From now on these settings, whole, in one moment; runs under way end with those that they began with.

        Raises UsageError, and changes nothing, where that would take a restart or leave nothing to play.
        """
        if problem := reload_problem(self._settings, settings):
            raise UsageError(problem)
        self._settings = settings
        self._scrubber.learn(*settings.secrets)  # the old ones stay: a run under way may still meet them
        self._tell_recorder()
        self._notifying.reload(settings)
        self._incidents.reload(settings)
        self._stops.expect(settings.targets.values())
        self._probing.replan(settings)
        self._drift_watch.watch(settings.targets.values())
        self._announce_maintenance()
        self.recorder.config_reloaded()

    def reload_refused(self, fault: MonitorFault) -> None:
        """A reload went wrong, and the settings in force stay."""
        self.recorder.config_reloaded(problem=fault.detail)
        self._listeners.monitor_fault(fault)

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._settings

    async def aclose(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """No new runs; those under way may end for so long, then are cancelled; the port closes last."""
        await self._drift_watch.aclose()
        if self._reconciling is not None:
            await self._reconciling.aclose()
        await self._probing.drain(drain_seconds)
        await self._incidents.aclose()
        await self._notifying.aclose()
        await self._stops.aclose()
        if self._journal is not None:
            await self._journal.aclose()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._web.aclose()

    @property
    def url(self) -> str:
        """Where the pages are."""
        return self._web.url

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What the pages lead to: names and paths."""
        return places_of(self._web.app)

    async def _watch_loop(self) -> None:
        """How late this loop wakes what wanted to run: measurements are only as true as that is small."""
        while True:
            due = time.monotonic() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self.recorder.observe_loop_lag(max(0.0, time.monotonic() - due))
            self._announce_maintenance()

    def _announce_maintenance(self) -> None:
        now = datetime.now(UTC)
        for name in self._settings.targets:
            active = any(
                name in window.targets and window.starts_at <= now < window.ends_at
                for window in self._settings.maintenance
            )
            self.recorder.set_maintenance(name, active)


@asynccontextmanager
async def running(service: Service, drain_seconds: float = DRAIN_SECONDS) -> AsyncIterator[None]:
    """A service that is started inside and drained afterwards; without waiting for runs if this task is cancelled."""
    try:
        await service.start()
        yield
        await service.aclose(drain_seconds)
    finally:
        await service.aclose(0.0)  # there is nothing left to close but where something was raised
