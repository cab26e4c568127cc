"""Crash reports of the monitor itself to Sentry, off without a DSN: then sentry_sdk isn't even imported.

The SDK is held on a short leash: a client of our own and no global one, no integrations (they add headers to other
requests and collect what they find), no local variables, no source lines, no breadcrumbs. What it would send is
scrubbed by value, whole, and dropped if that fails (design decision 8).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from probes.errors import UsageError
from probes.listening import Listener
from probes.model import MonitorFault
from probes.redaction import Scrubber, Secret
from probes.words import FaultKind

if TYPE_CHECKING:
    from sentry_sdk import Client
    from sentry_sdk.transport import HttpTransport
    from sentry_sdk.types import Event, Hint

_LONGEST_TEXT = 8192
_QUIET_SECONDS = 60.0
_FLUSH_SECONDS = 2.0
_TAGS = ("run_id", "scenario", "target", "request_id")


def start(
    dsn: Secret | None,
    scrubber: Scrubber,
    *,
    environment: str = "production",
    on_fault: Callable[[MonitorFault], None] | None = None,
) -> CrashReporter | None:
    """A reporter, or None without a DSN. `on_fault` hears of reports that were lost: not scrubbed, or not taken.

    Raises UsageError for a DSN that can't be used.
    """
    if not dsn:
        return None
    from sentry_sdk import Client
    from sentry_sdk.utils import BadDsn

    scrub = _Scrub(scrubber, on_fault)
    transport = _transport(_on_this_loop(on_fault))
    try:
        client = Client(dsn=dsn.reveal(), environment=environment, before_send=scrub, transport=transport, **_leash())
    except BadDsn:
        raise UsageError("the Sentry DSN can't be used: copy it whole from the project's client keys") from None
    return CrashReporter(client)


def _on_this_loop(on_fault: Callable[[MonitorFault], None] | None) -> Callable[[str], None]:
    """Tells of a lost report where its listeners live: the SDK sends from a thread of its own."""
    loop = asyncio.get_running_loop()

    def lost(reason: str) -> None:
        if on_fault is not None:
            fault = MonitorFault(kind=FaultKind.SENTRY, detail=f"a crash report was not taken: {reason}")
            with suppress(RuntimeError):  # the loop is closed: there is nobody left to tell
                loop.call_soon_threadsafe(on_fault, fault)

    return lost


def _transport(lost: Callable[[str], None]) -> type[HttpTransport]:
    """The SDK's own, which says where a report could not be left."""
    from sentry_sdk.transport import HttpTransport

    class Transport(HttpTransport):
        def on_dropped_event(self, reason: str) -> None:
            lost(reason)

    return Transport


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
        self._sent_at: dict[tuple[str, ...], float] = {}

    def report(self, fault: MonitorFault) -> None:
        """Hands the fault to the SDK, which sends it from a thread of its own; one without an error as a message."""
        if not self._is_due(fault):
            return
        event, hint = self._event(fault)
        tags = {name: getattr(fault, name) for name in _TAGS}
        event["fingerprint"] = ["monitor_fault", *_kind_of(fault)]
        event["tags"] = {"kind": fault.kind.value} | {name: value for name, value in tags.items() if value}
        event["extra"] = {"detail": fault.detail}
        self._client.capture_event(event, hint)

    def _event(self, fault: MonitorFault) -> tuple[Event, Hint | None]:
        from sentry_sdk.utils import event_from_exception

        if fault.error is None:
            return {"message": fault.detail, "level": "error"}, None
        return event_from_exception(fault.error, client_options=self._client.options)

    def _is_due(self, fault: MonitorFault) -> bool:
        kind = _kind_of(fault)
        now = self._monotonic()
        if now - self._sent_at.get(kind, float("-inf")) < _QUIET_SECONDS:
            return False
        self._sent_at[kind] = now
        return True

    async def aclose(self) -> None:
        """Sends what is waiting, for two seconds."""
        await asyncio.to_thread(self._client.close, timeout=_FLUSH_SECONDS)


def _kind_of(fault: MonitorFault) -> tuple[str, ...]:
    """What makes two faults the same one: their kind, and that of their error."""
    return (fault.kind.value,) if fault.error is None else (fault.kind.value, type(fault.error).__name__)


class CrashListener(Listener):
    """Reports the monitor's faults. Sentry's own trouble is not told to Sentry."""

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
