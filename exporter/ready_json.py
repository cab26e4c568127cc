"""The verdict of `ready` as public JSON; `schemas/ready.schema.json` describes it.

Every text passes the scrubber. Durations are in seconds, moments are RFC 3339 in UTC, days are ISO dates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from alerts.readiness.sorting import WaiverState, waiver_state
from exporter.run_json import moment, run_as_json
from exporter.scrubbed_json import scrubbed
from probes.readiness.model import Check, Plan, ReadyReport

Scrub = Callable[[str], str]


def ready_as_json(report: ReadyReport, scrub: Scrub) -> dict[str, object]:
    """The whole report, ready for a JSON encoder."""
    plan = report.plan
    return {
        "verdict": report.verdict,
        "sentence": scrub(report.sentence),
        "target": scrub(plan.target),
        "environment": plan.environment,
        "base_url": scrub(plan.base_url),
        "suite_version": report.suite_version,
        "monitor_version": report.monitor_version,
        "started_at": moment(report.started_at),
        "duration_seconds": round(report.duration_seconds, 6),
        "requests_sent": report.requests_sent,
        "plan": plan_as_json(plan, scrub),
        "checks": [scrubbed(_check(check, report), scrub) for check in report.checks],
        "runs": [run_as_json(run, scrub) for run in report.runs],
    }


def plan_as_json(plan: Plan, scrub: Scrub) -> object:
    """What will be sent, and what of the key's minute quota that takes."""
    document = {
        "scenarios": [asdict(each) for each in plan.scenarios],
        "left_out": [asdict(each) for each in plan.left_out],
        "requests": plan.requests,
        "limit": plan.limit,
        "limit_known": plan.limit_known,
    }
    return scrubbed(document, scrub)


def _check(check: Check, report: ReadyReport) -> dict[str, object]:
    return {
        "id": check.check_id,
        "title": check.title,
        "source": check.source,
        "state": check.state,
        "waived": check.waived,
        "waiver": _waiver(check, report),
        "expected": check.expected,
        "seen": check.seen,
        "what_to_do": check.what_to_do,
        "proofs": [asdict(proof) for proof in check.proofs],
    }


def _waiver(check: Check, report: ReadyReport) -> dict[str, object] | None:
    if check.waiver is None:
        return None
    return {
        "reason": check.waiver.reason,
        "until": check.waiver.until.isoformat(),
        "place": check.waiver.place,
        "expired": waiver_state(check, report.started_at.date()) is WaiverState.EXPIRED,
    }
