"""Crash reports of the monitor itself to Sentry, off without a DSN: then sentry_sdk isn't even imported.

The SDK is held on a short leash: a client of our own and no global one, no integrations (they add headers to other
requests and collect what they find), no local variables, no source lines, no breadcrumbs. What it would send is
scrubbed by value, whole, and dropped if that fails (design decision 8).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from probes.errors import UsageError
from probes.listening import Listener
from probes.model import MonitorFault
from probes.redaction import Scrubber, Secret
from probes.words import FaultKind

if TYPE_CHECKING:
    from sentry_sdk import Client
    from sentry_sdk.types import Event, Hint

_LONGEST_TEXT = 8192
_QUIET_SECONDS = 60.0
_FLUSH_SECONDS = 2.0
_TAGS = ("run_id", "scenario", "target")


def start(
    dsn: Secret | None,
    scrubber: Scrubber,
    *,
    environment: str = "production",
    on_fault: Callable[[MonitorFault], None] | None = None,
) -> CrashReporter | None:
    """A reporter, or None without a DSN. `on_fault` hears of reports that were dropped because scrubbing failed.

    Raises UsageError for a DSN that can't be used.
    """
    if not dsn:
        return None
    from sentry_sdk import Client
    from sentry_sdk.utils import BadDsn

    scrub = _Scrub(scrubber, on_fault)
    try:
        client = Client(dsn=dsn.reveal(), environment=environment, before_send=scrub, **_leash())
    except BadDsn:
        raise UsageError("the Sentry DSN can't be used: copy it whole from the project's client keys") from None
    return CrashReporter(client)


def _leash() -> dict[str, Any]:
    """What keeps the SDK from collecting. `send_default_pii` stays at its default, off: merely naming it warns."""
    return {
        "release": f"brekwatch@{version_of('brekwatch')}",
        "server_name": "brekwatch",  # not this host's name
        "default_integrations": False,
        "auto_enabling_integrations": False,
        "auto_session_tracking": False,
        "enable_backpressure_handling": False,
        "enable_metrics": False,
        "include_local_variables": False,
        "include_source_context": False,
        "max_breadcrumbs": 0,
        "max_request_body_size": "never",
        "max_value_length": None,  # we cut after scrubbing: a cut through a secret would hide it
        "propagate_traces": False,
        "send_client_reports": False,
        "shutdown_timeout": _FLUSH_SECONDS,
        "spotlight": False,
        "trace_propagation_targets": [],
    }


class CrashReporter:
    """Sends faults of ours. One kind of fault is sent once a minute at most: a storm of them tells nothing more."""

    def __init__(self, client: Client, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._sent_at: dict[tuple[str, str], float] = {}

    def report(self, fault: MonitorFault) -> None:
        """Hands the fault to the SDK, which sends it from a thread of its own."""
        if fault.error is None or not self._is_due(fault):
            return
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(fault.error, client_options=self._client.options)
        tags = {name: getattr(fault, name) for name in _TAGS}
        event["fingerprint"] = ["monitor_fault", fault.kind.value, type(fault.error).__name__]
        event["tags"] = {"kind": fault.kind.value} | {name: value for name, value in tags.items() if value}
        event["extra"] = {"detail": fault.detail}
        self._client.capture_event(event, hint)

    def _is_due(self, fault: MonitorFault) -> bool:
        kind = (fault.kind.value, type(fault.error).__name__)
        now = self._monotonic()
        if now - self._sent_at.get(kind, float("-inf")) < _QUIET_SECONDS:
            return False
        self._sent_at[kind] = now
        return True

    async def aclose(self) -> None:
        """Sends what is waiting, for two seconds."""
        await asyncio.to_thread(self._client.close, timeout=_FLUSH_SECONDS)


class CrashListener(Listener):
    """Reports the faults that carry an error. Sentry's own trouble is not told to Sentry."""

    def __init__(self, reporter: CrashReporter) -> None:
        self._reporter = reporter

    def monitor_fault(self, fault: MonitorFault) -> None:
        """One of ours."""
        if fault.kind is not FaultKind.SENTRY:
            self._reporter.report(fault)


class _Scrub:
    """The SDK's `before_send`: the whole serialised event without secrets, or no event at all."""

    def __init__(self, scrubber: Scrubber, on_fault: Callable[[MonitorFault], None] | None) -> None:
        self._scrubber = scrubber
        self._on_fault = on_fault

    def __call__(self, event: Event, _hint: Hint) -> Event | None:
        try:
            clean: Any = _cut(self._scrubber.data(event))
        except Exception as error:  # noqa: BLE001 - fail closed
            if self._on_fault is not None:
                detail = f"a crash report was dropped: scrubbing failed with {type(error).__name__}"
                self._on_fault(MonitorFault(kind=FaultKind.SENTRY, detail=detail))
            return None
        return clean  # type: ignore[no-any-return]


def _cut(value: object) -> object:
    match value:
        case str():
            return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
        case dict():
            return {key: _cut(item) for key, item in value.items()}
        case list():
            return [_cut(item) for item in value]
        case _:
            return value
