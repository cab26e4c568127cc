"""The status as a public document; `schemas/status.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from exporter.recorder.sights import Failed, Untold
from exporter.run_json import maybe_moment, moment
from exporter.web.pages.status_view import Line, View, sentence_of
from exporter.web.pages.strip_picture import Day
from probes.incident import Incident
from probes.words import Standing

Scrub = Callable[[str], str]


def document_of(view: View, scrub: Scrub) -> dict[str, object]:
    """All probes that fit what was asked for, the worst first; the sentence and the counts are of all there are."""
    overall = view.overall
    return {
        "as_of": moment(view.now),
        "sentence": scrub(sentence_of(overall, len(view.incidents)).as_text()),
        "standing": overall.standing,
        "problem": overall.problem,
        "failing_since": maybe_moment(overall.since),
        "counts": {"probes": overall.probes, "degraded": overall.degraded}
        | {standing.value: overall.counts.get(standing, 0) for standing in Standing},
        "incidents": [_incident(each) for each in view.incidents],
        "maintenance": [
            {"targets": each.targets, "from": moment(each.starts_at), "to": moment(each.ends_at), "reason": each.reason}
            for each in view.maintenance
        ],
        "bookings_stopped": [{"target": target, "reason": scrub(reason)} for target, reason in view.stopped],
        "uncounted_before": maybe_moment(view.uncounted_before),
        "monitor_troubles": [{"kind": kind, "detail": scrub(detail)} for kind, detail in view.troubles],
        "probes": [_probe(line, scrub) for group in view.groups for line in group.lines],
    }


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "incident_id": incident.incident_id,
        "path": f"/incidents/{incident.incident_id}",
        "target": incident.cause.target,
        "kind": incident.cause.kind,
        "operation": incident.cause.operation,
        "scenarios": incident.scenarios,
        "blame": incident.blame,
        "first_failed_at": moment(incident.first_failed_at),
    }


def _probe(line: Line, scrub: Scrub) -> dict[str, object]:
    row, judged = line.row, line.row.sight.judged
    return {
        "target": row.target,
        "environment": row.environment,
        "scenario": row.scenario,
        "every_seconds": row.every_seconds,
        "standing": line.standing,
        "outcome": row.outcome,
        "reason": None if judged is None else judged.reason,
        "since": None if judged is None else maybe_moment(judged.since),
        "run_id": None if judged is None else judged.run_id,
        "ended_at": None if judged is None else moment(judged.ended_at),
        "age_seconds": row.age_seconds,
        "stale": line.standing is Standing.STALE,
        "failure": None if judged is None or judged.failed is None else _failed(judged.failed, scrub),
        "untold": None if row.sight.untold is None else _untold(row.sight.untold),
        "last_24h": _day(line.day),
    }


def _failed(failed: Failed, scrub: Scrub) -> dict[str, object]:
    return {
        "run_id": failed.run_id,
        "step": failed.step,
        "kind": failed.kind,
        "expected": scrub(failed.expected),
        "observed": scrub(failed.observed),
        "blame": failed.blame,
        "request_id": None if failed.request_id is None else scrub(failed.request_id),
    }


def _untold(untold: Untold) -> dict[str, object]:
    return {
        "outcome": untold.outcome,
        "reason": untold.reason,
        "count": untold.count,
        "at": moment(untold.at),
        "run_id": untold.run_id,
    }


def _day(day: Day) -> dict[str, object]:
    return {
        "runs": day.runs,
        "failed": day.failed,
        "degraded": day.degraded,
        "not_judged": day.untold,
        "availability": day.availability,
        "last_failed_at": maybe_moment(day.last_failed_at),
        "strip": [{"told": told, "half_hours": len(list(alike))} for told, alike in groupby(day.told)],
    }
