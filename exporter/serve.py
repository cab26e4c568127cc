"""`brekwatch serve`: a configured service, with its logs and crash reports, until it is told to stop."""

from __future__ import annotations

from exporter import crash, logs
from exporter.log_listener import LogListener
from exporter.service import Service, running
from exporter.signals import stop_signals
from probes.errors import UsageError
from probes.redaction import Scrubber
from probes.settings import Settings


async def serve_settings(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM. Raises UsageError where there is nothing to play or a port can't be had."""
    if not settings.probes:
        raise UsageError(
            "there are no probes to play: name a configuration with -c, and scenarios under its `probes:`, e.g.\n"
            "  probes:\n    - {scenario: quick_search, every: 5m}"
        )
    scrubber = Scrubber(settings.secrets)
    log = logs.configure(scrubber=scrubber)
    service = Service(settings, scrubber=scrubber, listeners=[LogListener()])
    reporter = crash.start(settings.service.sentry_dsn, scrubber, on_fault=service.recorder.monitor_fault)
    if reporter is not None:
        service.listen(crash.CrashListener(reporter))
    try:
        async with stop_signals() as stop, running(service):
            log.info("service_started", url=service.url, targets=list(settings.targets), probes=len(settings.probes))
            await stop.wait()
        log.info("service_stopped")
    finally:
        if reporter is not None:
            await reporter.aclose()
