"""Every metric, declared once as data: name, kind, help, labels and buckets (design.md, section 6).

Rules, dashboards and their tests read names and labels here; only `exporter.recorder` makes series of them. All
labels come from closed sets. Buckets are sparing: each one is a series of every child of its histogram.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of a metric, as both exposition formats call them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """One metric: what it is called, what it tells, and by which labels. Bucket bounds are in its own unit.

    Compared by identity: there is one of each, and looking up its series must be quick.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind is Kind.HISTOGRAM) != bool(self.buckets):
            raise ValueError(f"{self.name}: a histogram has buckets, and nothing else has")
        if (self.kind is Kind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: a counter ends in _total, and nothing else does")


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name=name, kind=Kind.COUNTER, help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name=name, kind=Kind.GAUGE, help=text, labels=labels)


def _histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...]) -> Family:
    return Family(name=name, kind=Kind.HISTOGRAM, help=text, labels=labels, buckets=buckets)


_PHASE_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STEP_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_RUN_BUCKETS = (0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
_LATENESS_BUCKETS = (0.01, 0.1, 0.5, 1.0, 5.0, 30.0)
_LAG_BUCKETS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1.0)

SUCCESS = _gauge(
    "brek_probe_success", "Whether the last judged run was good: 1 passed or degraded, 0 failed.", "target", "scenario"
)
RECENT_FAILED_RUNS = _gauge(
    "brek_probe_recent_failed_runs",
    "Failed runs of that kind among the last judged ones that incidents look at (`incidents.within`).",
    "target",
    "scenario",
    "kind",
)
RUNS = _counter("brek_probe_runs_total", "Runs that ended, by outcome.", "target", "scenario", "outcome")
RUNS_STARTED = _counter(
    "brek_probe_runs_started_total",
    "Runs that began: at any moment the sum of those that ended and those under way.",
    "target",
    "scenario",
)
RUNS_UNDER_WAY = _gauge("brek_probe_runs_under_way", "Runs that began and have no verdict yet.", "target", "scenario")
OBJECTIVE_RUNS = _counter(
    "brek_probe_objective_runs_total",
    "Runs that count for the objective. Good: passed or degraded, within the objective's latency.",
    "target",
    "scenario",
    "result",
)
SLOW_RUNS = _counter(
    "brek_probe_slow_runs_total",
    "Passed and degraded runs that took longer than the objective's latency, outside maintenance.",
    "target",
    "scenario",
)
RUN_DURATION = _histogram(
    "brek_probe_run_duration_seconds",
    "How long passed and degraded runs took.",
    "target",
    "scenario",
    buckets=_RUN_BUCKETS,
)
STEP_DURATION = _histogram(
    "brek_probe_step_duration_seconds",
    "How long passed and degraded steps took, back-off included.",
    "target",
    "scenario",
    "step",
    buckets=_STEP_BUCKETS,
)
FAILURES = _counter(
    "brek_probe_failures_total",
    "Failed runs, by the step that failed after its retries, what was wrong, and who has to act.",
    "target",
    "scenario",
    "step",
    "kind",
    "blame",
)
HTTP_REQUESTS = _counter(
    "brek_probe_http_requests_total",
    "HTTP attempts. Expected: the status code is one that the step asked for.",
    "target",
    "operation",
    "status_code",
    "code",
    "expected",
)
HTTP_PHASE_DURATION = _histogram(
    "brek_probe_http_phase_duration_seconds",
    "Where the time of HTTP attempts went.",
    "target",
    "operation",
    "phase",
    buckets=_PHASE_BUCKETS,
)
CHAT_TRANSITIONS = _counter(
    "brek_probe_chat_transitions_total",
    "Changes of data.result.status between two turns.",
    "target",
    "scenario",
    "from_status",
    "to_status",
    "documented",
)
RATELIMIT_LIMIT = _gauge("brek_probe_ratelimit_limit", "The key's minute quota, as the last run was told it.", "target")
RATELIMIT_REMAINING = _gauge(
    "brek_probe_ratelimit_remaining", "The lowest remaining quota that the last run was told.", "target"
)
RATELIMIT_HEADROOM = _gauge("brek_probe_ratelimit_headroom_ratio", "Remaining over limit, at that moment.", "target")
RATELIMIT_OBSERVED = _gauge(
    "brek_probe_ratelimit_observed_timestamp_seconds", "When the quota gauges were true.", "target"
)
CORRELATION = _counter(
    "brek_probe_correlation_total",
    "Whether answers carried the ids that support asks for, whether their copies agree, and whether they came again.",
    "target",
    "operation",
    "id",
    "state",
)
CONTRACT_FINDINGS = _counter(
    "brek_probe_contract_findings_total",
    "What answers, and a published OpenAPI file, show that the documents don't allow, short of a failure.",
    "target",
    "operation",
    "kind",
)
SKIPPED = _counter(
    "brek_probe_skipped_total", "Slots and runs that were not played, by reason.", "target", "scenario", "reason"
)
BOOKINGS = _counter("brek_probe_bookings_total", "What became of bookings that runs made.", "target", "state")
LAST_RUN = _gauge("brek_probe_last_run_timestamp_seconds", "When the last judged run ended.", "target", "scenario")
LAST_SUCCESS = _gauge(
    "brek_probe_last_success_timestamp_seconds", "When the last good run ended.", "target", "scenario"
)
SCHEDULED_SINCE = _gauge(
    "brek_probe_scheduled_since_timestamp_seconds", "Since when the probe is scheduled.", "target", "scenario"
)
TARGET_INFO = _gauge("brek_probe_target_info", "What a target is; always 1.", "target", "environment", "location")
INTERVAL = _gauge("brek_probe_interval_seconds", "The time between two slots, as configured.", "target", "scenario")
OBJECTIVE = _gauge(
    "brek_probe_objective_ratio", "The share of good runs to reach, as configured.", "target", "scenario"
)
LATENCY_OBJECTIVE = _gauge(
    "brek_probe_latency_objective_seconds", "How long a good run may take, as configured.", "target", "scenario"
)
MAINTENANCE = _gauge("brek_probe_maintenance", "Whether the target is in announced maintenance.", "target")
BOOKINGS_STOPPED = _gauge(
    "brek_probe_bookings_stopped",
    "Whether what leaves a booking is stopped on the target, since a run booked unasked, until a person resumes it.",
    "target",
)
INCIDENTS_OPEN = _gauge("brek_incidents_open", "Open incidents, by who has to act.", "target", "blame")

CERTIFICATE_EXPIRY = _gauge(
    "brek_probe_certificate_expiry_timestamp_seconds", "When the certificate that the target shows expires.", "target"
)

SLOTS = _counter("brek_monitor_slots_total", "Planned starts, by how they ended.", "state")
SLOT_LATENESS = _histogram(
    "brek_monitor_slot_lateness_seconds",
    "How late slots fired; a wait for the turn of their key is no part of it.",
    buckets=_LATENESS_BUCKETS,
)
LOOP_LAG = _histogram("brek_monitor_loop_lag_seconds", "How late the event loop wakes.", buckets=_LAG_BUCKETS)
FAULTS = _counter("brek_monitor_faults_total", "The monitor's own faults.", "kind")
HEARTBEAT = _gauge(
    "brek_monitor_heartbeat_timestamp_seconds", "When the last slot with a verdict was committed; nothing else beats."
)
JOURNAL_UP = _gauge("brek_monitor_journal_up", "Whether the journal commits what is seen (1), or it has to wait (0).")
JOURNAL_WAITING = _gauge("brek_monitor_journal_waiting_results", "Results that the journal has not committed yet.")
JOURNAL_LOST = _counter(
    "brek_monitor_journal_lost_total",
    "Results that the journal will never hold: too many waited, or they could not be written.",
)
JOURNAL_SIZE = _gauge(
    "brek_monitor_journal_size_bytes", "How much the journal holds; what is free inside its file is not counted."
)
NOTICES = _counter(
    "brek_monitor_notices_total",
    "What brekwatch itself told receivers, by channel, and how it went (delivered, failed, given_up).",
    "channel",
    "state",
)
NOTICES_WAITING = _gauge("brek_monitor_notices_waiting", "Notices that are due and not delivered yet.", "channel")
BUILD_INFO = _gauge("brek_monitor_build_info", "Which monitor this is; always 1.", "version", "python")
CONFIG_RELOAD_SUCCESS = _gauge(
    "brek_monitor_config_last_reload_success",
    "Whether the last reload of the configuration was good (1, and at start), or the one before stays in force (0).",
)

RUN_COUNTS = (RUNS, RUNS_STARTED, RUNS_UNDER_WAY)
FAMILIES: tuple[Family, ...] = (
    SUCCESS,
    RECENT_FAILED_RUNS,
    *RUN_COUNTS,
    OBJECTIVE_RUNS,
    SLOW_RUNS,
    RUN_DURATION,
    STEP_DURATION,
    FAILURES,
    HTTP_REQUESTS,
    HTTP_PHASE_DURATION,
    CHAT_TRANSITIONS,
    RATELIMIT_LIMIT,
    RATELIMIT_REMAINING,
    RATELIMIT_HEADROOM,
    RATELIMIT_OBSERVED,
    CORRELATION,
    CONTRACT_FINDINGS,
    SKIPPED,
    BOOKINGS,
    LAST_RUN,
    LAST_SUCCESS,
    SCHEDULED_SINCE,
    TARGET_INFO,
    INTERVAL,
    OBJECTIVE,
    LATENCY_OBJECTIVE,
    MAINTENANCE,
    BOOKINGS_STOPPED,
    INCIDENTS_OPEN,
    CERTIFICATE_EXPIRY,
    SLOTS,
    SLOT_LATENESS,
    LOOP_LAG,
    FAULTS,
    HEARTBEAT,
    JOURNAL_UP,
    JOURNAL_WAITING,
    JOURNAL_LOST,
    JOURNAL_SIZE,
    NOTICES,
    NOTICES_WAITING,
    BUILD_INFO,
    CONFIG_RELOAD_SUCCESS,
)
