"""Which incident an alert of Prometheus is about. Pure functions.

The two are reckoned apart, from the same runs: Prometheus sees counters, brekwatch sees verdicts. So an alert may start
a while before its incident opens or after it closed, and what ties them is what both are about: target, scenario, kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.thresholds import ALERT_OF_KIND
from probes.incident import Incident
from probes.words import FailureKind

SLACK = timedelta(minutes=15)
"""The rules' fast path looks back 10 minutes, and an evaluation and a group's wait come on top."""

_ANY = frozenset(FailureKind)
_NONE: frozenset[FailureKind] = frozenset()
_TALK = frozenset({FailureKind.CHAT_STATUS, FailureKind.ARTIFACT})

KINDS_OF_ALERT: Mapping[str, frozenset[FailureKind]] = {
    **{name: frozenset({kind}) for kind, name in ALERT_OF_KIND.items()},
    "BrekHiddenByRetries": frozenset({FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR}),
    "BrekGoldenPathFailing": _ANY,
    "BrekScenarioFailing": _ANY,
    "BrekUnexpectedTransition": _TALK,
    "BrekHeadroomLow": frozenset({FailureKind.RATE_LIMITED}),
    "BrekLatencyHigh": frozenset({FailureKind.TIMEOUT}),
    "BrekErrorBudgetBurnFast": _ANY,
    "BrekErrorBudgetBurnSlow": _ANY,
    "BrekCorrelationMissing": _NONE,
    "BrekContractDrift": _NONE,
    "BrekCertificateExpiring": frozenset({FailureKind.TLS}),
    "BrekBookingsLeft": _NONE,
    "BrekProbeStale": _NONE,
    "BrekMonitorOffline": _NONE,
    "BrekMonitorDown": _NONE,
    "BrekMonitorFault": _NONE,
    "BrekWatchdog": _NONE,
    "BrekIncident": _ANY,
}
"""Of which failures an alert speaks; those without any are about no incident. BrekIncident names its kind itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAlert:
    """One alert as Alertmanager told it. `kind` and `scenario` are labels that not every alert has."""

    fingerprint: str
    name: str
    status: str
    starts_at: datetime
    ends_at: datetime | None
    target: str | None
    scenario: str | None
    kind: str | None


def incident_of(alert: ToldAlert, incidents: Iterable[Incident], now: datetime) -> Incident | None:
    """The incident that this alert is about; of several, one that was going on when it started, then the newest."""
    fitting = [incident for incident in incidents if _speaks_of(alert, incident) and _overlap(alert, incident, now)]
    return max(fitting, key=lambda incident: _nearness(alert, incident), default=None)


def _speaks_of(alert: ToldAlert, incident: Incident) -> bool:
    if alert.target != incident.cause.target or incident.cause.kind not in KINDS_OF_ALERT.get(alert.name, _NONE):
        return False
    if alert.kind is not None and alert.kind != incident.cause.kind:
        return False
    return alert.scenario is None or alert.scenario in incident.scenarios


def _overlap(alert: ToldAlert, incident: Incident, now: datetime) -> bool:
    began, ended = incident.first_failed_at - SLACK, (incident.closed_at or now) + SLACK
    return alert.starts_at <= ended and (alert.ends_at or now) >= began


def _nearness(alert: ToldAlert, incident: Incident) -> tuple[bool, bool, datetime]:
    ended = incident.closed_at
    began_before = incident.first_failed_at <= alert.starts_at + SLACK
    was_going_on = began_before and (ended is None or alert.starts_at <= ended)
    return was_going_on, incident.is_open, incident.detected_at
