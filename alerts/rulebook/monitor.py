"""Rules about ourselves: whether anything is measured at all. A fault here says nothing about the API."""

from __future__ import annotations

from alerts.rulebook.model import Alert, Board, Group, Record
from alerts.rulebook.promql import PAIR, not_in_maintenance, number
from alerts.thresholds import Thresholds
from probes.words import Blame

_INTERVAL = "max by (target, scenario) (brek_probe_interval_seconds)"
_SINCE_VERDICT = "(time() - max by (target, scenario) (brek_probe_last_run_timestamp_seconds))"
_SINCE_PLANNED = "(time() - max by (target, scenario) (brek_probe_scheduled_since_timestamp_seconds))"
_OFFLINE = 'sum by (job, instance) (increase(brek_monitor_faults_total{kind="offline"}'
_HEARTBEAT_AGE = "(time() - max by (job, instance) (brek_monitor_heartbeat_timestamp_seconds))"
_SHORTEST = "min by (job, instance) (brek_probe_interval_seconds)"
_HINDERED = "target:brek_probe_hindered:timestamp"
_DOWN_FOR_SECONDS = 120.0
_JOURNAL_DOWN = "max_over_time(brek_monitor_journal_up[5m]) == 0"
_BEATS_MISSED, _BEAT_SLACK_SECONDS = 3, 60


def monitor(thresholds: Thresholds) -> Group:
    """That nobody measures is an alert, never a good sign."""
    return Group(
        name="brekwatch-monitor",
        why="Whether anything is measured, and by a monitor that is well.",
        rules=(_offline(), _hindered(), _stale(thresholds), _down(), _fault(), _watchdog()),
    )


def _hindered() -> Record:
    """When an alert that keeps probes from being played was last seen to fire.

    Once it ends, a probe of every hour has its next verdict only within the hour: until then it is stale for a reason
    that is over, and that somebody was told of.
    """
    of_key = 'ALERTS{alertname=~"BrekAuthMissing|BrekAuthRejected|BrekUnexpectedBooking",alertstate="firing"}'
    of_monitor = 'ALERTS{alertname="BrekMonitorOffline",alertstate="firing"}'
    return Record(
        record=_HINDERED,
        expr=(
            f"(group by (target) ({of_key})\n"
            f"  or group by (target) (brek_probe_target_info and on (job, instance) {of_monitor})) * time()\n"
            f"or {_HINDERED}"
        ),
    )


def _stale(thresholds: Thresholds) -> Alert:
    allowed = (
        f"on (target, scenario) ({thresholds.stale_intervals} * {_INTERVAL} + {number(thresholds.stale_slack_seconds)})"
    )
    skipped = "topk(1, sum by (reason) (increase(brek_probe_skipped_total{{target=%q,scenario=%q}}[{window}])) > 0.5)"
    reasons = (
        f'{{{{ with query (printf "{skipped.format(window="15m")}" $labels.target $labels.scenario) }}}}'
        'skipped, reason {{ . | first | label "reason" }}'
        f'{{{{ else }}}}{{{{ with query (printf "{skipped.format(window="4h")}" $labels.target $labels.scenario) }}}}'
        'skipped, reason {{ . | first | label "reason" }}'
        '{{ else }}{{ with query (printf "sum(increase(brek_probe_runs_total{target=%q,scenario=%q,'
        'outcome=\\"unknown\\"}[4h])) > 0.5" $labels.target $labels.scenario) }}'
        "its runs are unknown, by the monitor's own fault{{ else }}it was not started{{ end }}{{ end }}{{ end }}"
    )
    return Alert(
        name="BrekProbeStale",
        expr=not_in_maintenance(
            f"(({_SINCE_VERDICT} > {allowed} and on (target, scenario) {_SINCE_PLANNED} > {allowed})\n"
            f"or ({_SINCE_PLANNED} > {allowed}"
            " unless on (target, scenario) brek_probe_last_run_timestamp_seconds))\n"
            f"unless on (target, scenario) ({_INTERVAL} + {number(thresholds.stale_slack_seconds)}"
            f" + on (target) group_left () {_HINDERED} > time())"
        ),
        summary="{{ $labels.target }}: {{ $labels.scenario }} is not measured",
        description=f"No verdict for {{{{ $value | humanizeDuration }}}}. Why: {reasons}.",
        board=Board.MONITOR,
        about=PAIR,
        blame=Blame.MONITOR,
    )


def _offline() -> Alert:
    return Alert(
        name="BrekMonitorOffline",
        expr=(
            f"({_OFFLINE}[10m])) > 2.5 unless on (job, instance) {_HEARTBEAT_AGE} < 120)\n"
            f"or ({_OFFLINE}[4h])) > 2.5 unless on (job, instance) {_HEARTBEAT_AGE} < 7200)"
        ),
        summary="The monitor {{ $labels.instance }} is offline",
        description=(
            '{{ $value | printf "%.0f" }} runs ended unknown since none of the reference addresses answered. Nothing is'
            " known of the API meanwhile."
        ),
        board=Board.MONITOR,
        about=(),
        blame=Blame.NETWORK,
    )


def _down() -> Alert:
    excused = (
        "sum by (job, instance) (increase(brek_probe_skipped_total[4h])) > 0",
        'sum by (job, instance) (increase(brek_probe_runs_total{outcome="unknown"}[4h])) > 0',
    )
    beats = (
        f"({_HEARTBEAT_AGE} > on (job, instance) ({_BEATS_MISSED} * {_SHORTEST} + {_BEAT_SLACK_SECONDS})\n"
        + "\n".join(f"  unless on (job, instance) ({each})" for each in excused)
        + ")"
    )
    return Alert(
        name="BrekMonitorDown",
        expr=(
            '(up{job=~".*brekwatch.*"} == 0)\n'
            'or (absent(brek_monitor_build_info) unless on () (up{job=~".*brekwatch.*"} == 0))\n'
            f"or {beats}"
        ),
        summary="The monitor{{ with $labels.instance }} {{ . }}{{ end }} is down",
        description=(
            "{{ if gt $value 1.0 }}It has committed no verdict for {{ $value | humanizeDuration }}, and says no reason."
            "{{ else }}Prometheus gets no metrics from it.{{ end }} Nothing is known of the API meanwhile."
        ),
        board=Board.MONITOR,
        about=(),
        blame=Blame.MONITOR,
        for_seconds=_DOWN_FOR_SECONDS,
    )


def _fault() -> Alert:
    return Alert(
        name="BrekMonitorFault",
        expr=(
            'sum by (job, instance, kind) (increase(brek_monitor_faults_total{kind!~"offline|cancelled"}[1h])) > 0.5\n'
            f'or label_replace({_JOURNAL_DOWN}, "kind", "journal", "", "")\n'
            'or label_replace(increase(brek_monitor_journal_lost_total[1h]) > 0.5, "kind", "journal", "", "")\n'
            "or label_replace(sum by (job, instance) ("
            'increase(brek_monitor_notices_total{state="given_up"}[1h])) > 0.5, "kind", "delivery", "", "")\n'
            'or label_replace(brek_monitor_config_last_reload_success == 0, "kind", "config", "", "")'
        ),
        summary="The monitor {{ $labels.instance }} has a fault of its own: {{ $labels.kind }}",
        description=(
            "It measures on where it can, and what it can't tell is `unknown`. Its log has a line `monitor_fault` for"
            " each; `brekwatch doctor` looks at the install."
        ),
        board=Board.MONITOR,
        about=(),
        blame=Blame.MONITOR,
    )


def _watchdog() -> Alert:
    return Alert(
        name="BrekWatchdog",
        expr="vector(1)",
        summary="Alerting works",
        description="Always firing. Whoever gets it should raise the alarm when it stops: nobody else can.",
        board=Board.MONITOR,
        about=(),
        blame=Blame.MONITOR,
        severity="none",
    )
