"""The verdict of `audit` as public JSON; `schemas/audit.schema.json` describes it.

Every text passes the scrubber. Durations are in seconds, moments are RFC 3339 in UTC, days are ISO dates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from exporter.run_json import moment
from exporter.scrubbed_json import scrubbed
from probes.readiness.evidence import Attestation, AuditReport, Judgement, SituationRun
from probes.readiness.evidence_json import digest_of_json, exchange_json
from probes.readiness.words import SituationName

Scrub = Callable[[str], str]


def audit_as_json(report: AuditReport, scrub: Scrub) -> dict[str, object]:
    """The whole report, ready for a JSON encoder."""
    evidence = report.evidence
    texts = {
        "sentence": report.sentence,
        "build": report.build,
        "compared_with": report.compared_with,
        "notes": report.notes,
        "changes": None if report.changes is None else [asdict(change) for change in report.changes],
        "rules": [_rule(each) for each in report.judgements],
        "attestations": [_attestation(each) for each in evidence.attestations],
    }
    exchanges, evidence_sha256 = _exchanges(report, scrub)
    facts = {
        "verdict": report.verdict,
        "kind": report.kind,
        "suite_version": report.suite_version,
        "monitor_version": report.monitor_version,
        "started_at": moment(report.started_at),
        "duration_seconds": round(report.duration_seconds, 6),
        "evidence_sha256": evidence_sha256,
        "situations": _situations(report),
        "exchanges": exchanges,
    }
    return facts | {name: scrubbed(value, scrub) for name, value in texts.items()}


def _exchanges(report: AuditReport, scrub: Scrub) -> tuple[list[object], str]:
    """All of them, and their digest: of what stands in the document, if a secret is masked that came up later."""
    kept = [exchange_json(seen) for seen in report.evidence.exchanges]
    clean = [scrubbed(each, scrub) for each in kept]
    return clean, report.evidence_sha256 if clean == kept else digest_of_json(clean)


def _rule(judgement: Judgement) -> dict[str, object]:
    return {
        "id": judgement.rule,
        "state": judgement.state,
        "source": judgement.source,
        "detail": judgement.detail,
        "exchanges": [exchange_json(seen) for seen in judgement.exchanges],
        "exercised_by": list(judgement.exercised_by),
        "attestation": None if judgement.attestation is None else _attestation(judgement.attestation),
    }


def _attestation(attestation: Attestation) -> dict[str, object]:
    return asdict(attestation) | {"on": attestation.on.isoformat()}


def _situations(report: AuditReport) -> list[dict[str, object]]:
    counts: dict[SituationName | None, int] = {}
    for seen in report.evidence.exchanges:
        counts[seen.situation] = counts.get(seen.situation, 0) + 1
    return [_situation(run, counts.get(run.situation, 0)) for run in report.evidence.situations]


def _situation(run: SituationRun, requests: int) -> dict[str, object]:
    return {
        "name": run.situation,
        "requests": requests,
        "exit_code": run.exit_code,
        "timed_out": run.timed_out,
        "reached": run.reached,
        "began_seconds": round(run.began_seconds, 6),
        "ended_seconds": round(run.ended_seconds, 6),
    }
