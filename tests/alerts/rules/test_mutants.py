"""A rule file that is a little wrong turns a promtool test red: each threshold, kind, and the maintenance clause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.rules import Mutant, complaints

_MAINTENANCE = "unless on (target) (max by (target) (brek_probe_maintenance) == 1)"
_KINDS = {
    "BrekAuthMissing": "auth_missing",
    "BrekAuthRejected": "auth_rejected",
    "BrekRateLimited": "rate_limited",
    "BrekServerErrors": "server_error",
}
_IN_MAINTENANCE = (
    *_KINDS,
    "BrekGoldenPathFailing",
    "BrekScenarioFailing",
    "BrekUnexpectedBooking",
    "BrekErrorBudgetBurnFast",
    "BrekErrorBudgetBurnSlow",
    "BrekLatencyHigh",
    "BrekHeadroomLow",
    "BrekCertificateExpiring",
    "BrekProbeStale",
)
_THRESHOLDS = (
    ("BrekHiddenByRetries", "> 0.1\n", "> 0.05\n"),
    ("BrekHiddenByRetries", "> 0.1\n", "> 0.2\n"),
    ("BrekHiddenByRetries", "> 4.5", "> 3.5"),
    ("BrekHiddenByRetries", "> 4.5", "> 5.5"),
    ("BrekHiddenByRetries", 'expected="false",', ""),
    ("BrekHiddenByRetries", ',status_code!~"2.*"', ""),
    ("BrekHiddenByRetries", "unless on (target) max_over_time(brek_probe_maintenance[1h]) == 1", ""),
    ("BrekGoldenPathFailing", ">= 3", ">= 2"),
    ("BrekGoldenPathFailing", ">= 3", ">= 4"),
    ("BrekGoldenPathFailing", "=~", "!~"),
    ("BrekGoldenPathFailing", " unless on (target, scenario) target_scenario:brek_probe_runs_failed:muted", ""),
    ("BrekGoldenPathFailing", "2 * (", "1 * ("),
    ("BrekGoldenPathFailing", "> 3.5", "> 2.5"),
    ("BrekScenarioFailing", ">= 3", ">= 2"),
    ("BrekScenarioFailing", ">= 3", ">= 4"),
    ("BrekScenarioFailing", "!~", "=~"),
    ("BrekScenarioFailing", "target, scenario, job, instance", "target, scenario"),
    ("BrekScenarioFailing", '"blame", "api"', '"blame", "network"'),
    ("BrekScenarioFailing", "(brek_probe_failures_total unless", "(brek_probe_failures_total and"),
    ("BrekUnexpectedBooking", 'kind="unexpected_booking"', 'kind="server_error"'),
    ("BrekUnexpectedBooking", 'state="unexpected"', 'state="made"'),
    ("BrekUnexpectedBooking", "brek_probe_bookings_stopped) == 1", "brek_probe_bookings_stopped) == 2"),
    ("BrekUnexpectedBooking", ">= 1", ">= 2"),
    ("BrekErrorBudgetBurnFast", "14.4 *", "14 *"),
    ("BrekErrorBudgetBurnFast", "14.4 *", "16 *"),
    ("BrekErrorBudgetBurnFast", "(6 *", "(5 *"),
    ("BrekErrorBudgetBurnFast", "(6 *", "(7 *"),
    ("BrekErrorBudgetBurnFast", "increase1h > 2.5", "increase1h > 1.5"),
    ("BrekErrorBudgetBurnFast", "increase1h > 2.5", "increase1h > 3.5"),
    ("BrekErrorBudgetBurnFast", "increase6h > 2.5", "increase6h > 1.5"),
    ("BrekErrorBudgetBurnFast", "increase6h > 2.5", "increase6h > 3.5"),
    ("BrekErrorBudgetBurnFast", "<= 60)", "<= 61)"),
    ("BrekErrorBudgetBurnFast", "<= 60)", "< 60)"),
    ("BrekErrorBudgetBurnFast", "<= 600)", "< 600)"),
    ("BrekErrorBudgetBurnFast", "ratio5m", "ratio1h"),
    ("BrekErrorBudgetBurnFast", "ratio30m", "ratio6h"),
    ("BrekErrorBudgetBurnSlow", "(1 * ", "(0.8 * "),
    ("BrekErrorBudgetBurnSlow", "(1 * ", "(1.2 * "),
    ("BrekErrorBudgetBurnSlow", "increase3d > 2.5", "increase3d > 1.5"),
    ("BrekErrorBudgetBurnSlow", "increase3d > 2.5", "increase3d > 3.5"),
    ("BrekErrorBudgetBurnSlow", "ratio6h", "ratio3d"),
    ("BrekErrorBudgetBurnSlow", "> 600)", "> 0)"),
    ("BrekLatencyHigh", "> 0.5\n", "> 0.3\n"),
    ("BrekLatencyHigh", "> 0.5\n", "> 0.7\n"),
    ("BrekLatencyHigh", '{outcome=~"degraded|passed"}', ""),
    ("BrekLatencyHigh", "[30m])) > 2.5", "[30m])) > 1.5"),
    ("BrekLatencyHigh", "[30m])) > 2.5", "[30m])) > 3.5"),
    ("BrekLatencyHigh", "[6h])) > 2.5", "[6h])) > 1.5"),
    ("BrekLatencyHigh", "[6h])) > 2.5", "[6h])) > 3.5"),
    ("BrekLatencyHigh", "[6d])) > 2.5", "[6d])) > 1.5"),
    ("BrekLatencyHigh", "[6d])) > 2.5", "[6d])) > 3.5"),
    ("BrekLatencyHigh", "<= 300)", "< 300)"),
    ("BrekLatencyHigh", "<= 3600)", "< 3600)"),
    ("BrekUnexpectedTransition", "unless on (target) max_over_time(brek_probe_maintenance[6h]) == 1", ""),
    ("BrekUnexpectedTransition", "max_over_time(brek_probe_maintenance[6h])", "brek_probe_maintenance"),
    ("BrekUnexpectedTransition", 'documented="false"', 'documented="true"'),
    ("BrekUnexpectedTransition", "or brek_monitor_build_info offset 6h", ""),
    ("BrekUnexpectedTransition", "and on (job, instance)", "or on (job, instance)"),
    ("BrekHeadroomLow", "< 0.1\n", "< 0.12\n"),
    ("BrekHeadroomLow", "< 0.1\n", "< 0.08\n"),
    ("BrekHeadroomLow", "< 600", "< 540"),
    ("BrekHeadroomLow", "< 600", "< 900"),
    ("BrekHeadroomLow", "[2m]", "[5s]"),
    ("BrekHeadroomLow", "[2m]", "[10m]"),
    ("BrekCorrelationMissing", "> 0.1\n", "> 0.07\n"),
    ("BrekCorrelationMissing", "> 0.1\n", "> 0.15\n"),
    ("BrekCorrelationMissing", "unless on (target) max_over_time(brek_probe_maintenance[1h]) == 1", ""),
    ("BrekCorrelationMissing", "max_over_time(brek_probe_maintenance[1h])", "brek_probe_maintenance"),
    ("BrekCorrelationMissing", "> 2.5", "> 1.5"),
    ("BrekCorrelationMissing", "> 2.5", "> 3.5"),
    ("BrekCorrelationMissing", 'state!="present"', 'state="missing"'),
    ("BrekContractDrift", 'kind="contract_drift"', 'kind="undocumented_field"'),
    ("BrekContractDrift", "7h", "5h"),
    ("BrekContractDrift", "time() - process_start_time_seconds < 25200 or", ""),
    ("BrekBookingsLeft", 'environment="production"', 'environment="sandbox"'),
    ("BrekBookingsLeft", "left|unclear", "left"),
    ("BrekBookingsLeft", "left|unclear", "unclear"),
    ("BrekBookingsLeft", "left|unclear", "left|unclear|cancelled"),
    ("BrekProbeStale", "(3 *", "(2 *"),
    ("BrekProbeStale", "(3 *", "(4 *"),
    ("BrekProbeStale", "+ 120", "+ 60"),
    ("BrekProbeStale", "+ 120", "+ 180"),
    ("BrekProbeStale", " unless on (target, scenario) brek_probe_last_run_timestamp_seconds", ""),
    (
        "BrekProbeStale",
        "or ((time() - max by (target, scenario) (brek_probe_scheduled",
        "and ((time() - max by (target, scenario) (brek_probe_scheduled",
    ),
    ("BrekProbeStale", "BrekAuthMissing|BrekAuthRejected", "BrekAuthMissing"),
    ("BrekProbeStale", "BrekMonitorOffline", "BrekMonitorDown"),
    ("BrekProbeStale", "\nor target:brek_probe_hindered:timestamp", ""),
    ("BrekMonitorOffline", '"offline"', '"stall"'),
    ("BrekMonitorOffline", "[10m])) > 2.5", "[10m])) > 1.5"),
    ("BrekMonitorOffline", "[4h])) > 2.5", "[4h])) > 1.5"),
    ("BrekMonitorOffline", "[4h])) > 2.5", "[4h])) > 3.5"),
    ("BrekMonitorOffline", "< 120", "< 60"),
    ("BrekMonitorOffline", "< 7200", "< 20000"),
    ("BrekMonitorDown", "brekwatch", "."),
    ("BrekMonitorDown", "absent(brek_monitor_build_info)", "absent(vector(1))"),
    ("BrekMonitorDown", "(3 *", "(30 *"),
    ("BrekMonitorDown", "min by", "max by"),
    ("BrekMonitorDown", "brek_probe_skipped_total", "brek_probe_no_such_total"),
    ("BrekMonitorDown", 'outcome="unknown"', 'outcome="passed"'),
    ("BrekMonitorFault", "offline|cancelled", "offline"),
    ("BrekMonitorFault", "offline|cancelled", "cancelled"),
    ("BrekMonitorFault", "max_over_time(brek_monitor_journal_up[5m])", "brek_monitor_journal_up"),
    ("BrekMonitorFault", "brek_monitor_journal_lost_total", "brek_monitor_no_such_total"),
    ("BrekMonitorFault", '"given_up"', '"failed"'),
    ("BrekMonitorFault", "success == 0", "success == 2"),
)


def _mutants() -> Iterator[Mutant]:
    changes = [*_THRESHOLDS, *((alert, _MAINTENANCE, "") for alert in _IN_MAINTENANCE)]
    for alert, kind in _KINDS.items():
        other = "auth_missing" if kind == "server_error" else "server_error"
        changes += [
            (alert, ">= 3", ">= 2"),
            (alert, ">= 3", ">= 4"),
            (alert, "> 2.5", "> 1.5"),
            (alert, "> 2.5", "> 3.5"),
            (alert, "<= 0.4", "<= 0.05"),
            (alert, "<= 0.4", "<= 0.6"),
            (alert, f'runs{{kind="{kind}"}}', f'runs{{kind="{other}"}}'),
            (alert, f'total{{kind="{kind}"}}', f'total{{kind="{other}"}}'),
            (alert, " unless on (target) max_over_time(brek_probe_maintenance[10m]) == 1", ""),
            (alert, " unless on (target, scenario) target_scenario:brek_probe_runs_failed:muted", ""),
        ]
    changes.append(("BrekServerErrors", "[10m]", "[30m]"))
    yield from (Mutant(alert=alert, old=old, new=new) for alert, old, new in changes)
    yield Mutant(alert="BrekCertificateExpiring", old="< 604800", new="< 604860", severity="page")
    yield Mutant(alert="BrekCertificateExpiring", old="1814400", new="1814300", severity="ticket")
    yield Mutant(alert="BrekCertificateExpiring", old="1814400", new="1814500", severity="ticket")
    yield Mutant(alert="BrekCertificateExpiring", old=">= 604800", new=">= 0", severity="ticket")


@pytest.mark.mutants
def test_each_mutated_rule_turns_a_promtool_test_red(tmp_path: Path) -> None:
    found = complaints(tuple(_mutants()), tmp_path)

    assert found == []
