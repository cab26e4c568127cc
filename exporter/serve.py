"""`brekwatch serve`: a configured service, with its logs and crash reports, until it is told to stop."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from exporter import crash, logs
from exporter.changes import settings_problem
from exporter.log_listener import LogListener
from exporter.log_options import LogOptions
from exporter.reload import reloading
from exporter.secret_watch import watching
from exporter.service import Service, running
from exporter.signals import hang_ups, stop_signals
from exporter.unexpected import unexpected_told
from probes.errors import UsageError
from probes.journal.journal import Journal
from probes.listening import Listener
from probes.redaction import Scrubber, Secret
from probes.settings import Settings


def keeping(settings: Settings, scrubber: Scrubber, command: str) -> Callable[[Listener], Journal]:
    """How a service opens its journal: alone where that is a file, and minding how long runs are kept."""
    service = settings.service

    def open_journal(listener: Listener) -> Journal:
        return Journal(
            service.journal,
            command=command,
            scrub=scrubber.text,
            listener=listener,
            exclusive=True,
            retention=service.retention,
        )

    return open_journal


async def serve_settings(find: Callable[[], Settings], log_options: LogOptions) -> None:
    """Runs with the settings that `find` reads until SIGINT or SIGTERM.

    SIGHUP reads them again, and so does a change of a file that holds a secret.

    Raises UsageError where they are wrong at the start, there is nothing to play, a port can't be had, or another
    service writes the same journal.
    """
    with hang_ups() as asked:
        settings = find()
        if problem := settings_problem(settings):
            raise UsageError(problem)
        scrubber = Scrubber(settings.secrets)
        log = logs.configure(format=log_options.format, level=log_options.level, scrubber=scrubber)
        service = Service(
            settings, scrubber=scrubber, listeners=[LogListener()], new_journal=keeping(settings, scrubber, "serve")
        )
        async with (
            _faults_reported(service, settings.service.sentry_dsn, scrubber),
            stop_signals() as stop,
            running(service),
            reloading(service, find, asked, log),
            watching(service, asked),
        ):
            gc.collect()
            gc.freeze()  # else each full collection walks through all series, and the event loop waits for it
            told = {"targets": list(settings.targets), "probes": len(settings.probes)}
            log.info("service_started", url=service.url, **told)
            await stop.wait()
        log.info("service_stopped")


@asynccontextmanager
async def _faults_reported(service: Service, dsn: Secret | None, scrubber: Scrubber) -> AsyncIterator[None]:
    """Inside, what nobody caught is told to the service's listeners, and Sentry is one of them where there is a DSN."""
    reporter = crash.start(dsn, scrubber, on_fault=service.tell)
    if reporter is not None:
        service.listen(crash.CrashListener(reporter))
    try:
        with unexpected_told(service.tell):
            yield
    finally:
        if reporter is not None:
            await reporter.aclose()
