"""Runs as public JSON: what `run` and `runs` print with `--format json`; `schemas/runs.schema.json` describes it.

Texts that a server had a say in pass the scrubber. Durations are in seconds, moments are RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime

from exporter.unfinished import NO_VERDICT
from probes.journal.kept import KeptRun
from probes.model import Exchange, Failure, Run, StepResult

Scrub = Callable[[str], str]

_SAID = ("code", "chat_status", "request_id", "trace_id", "session_id", "event_id", "partner_id")


def runs_as_json(runs: Iterable[Run], scrub: Scrub) -> dict[str, object]:
    """`{"runs": [...]}`, ready for a JSON encoder."""
    return {"runs": [run_as_json(run, scrub) for run in runs]}


def moment(when: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maybe_moment(when: datetime | None) -> str | None:
    """The same of one that may not have come."""
    return None if when is None else moment(when)


def _scrubbed(text: str | None, scrub: Scrub) -> str | None:
    return None if text is None else scrub(text)


def run_as_json(run: Run, scrub: Scrub) -> dict[str, object]:
    """One of these runs."""
    return {
        "run_id": run.run_id,
        "target": run.target,
        "scenario": run.scenario,
        "outcome": run.outcome,
        "reason": run.reason,
        "detail": _scrubbed(run.detail, scrub),
        "started_at": moment(run.started_at),
        "duration_seconds": round(run.duration_seconds, 6),
        "location": run.location,
        "steps": [_step(step, scrub) for step in run.steps],
        "cleanup": [_step(step, scrub) for step in run.cleanup],
        "transitions": [
            {"from": scrub(change.from_status), "to": scrub(change.to_status), "documented": change.documented}
            for change in run.transitions
        ],
        "findings": [{"kind": finding.kind, "detail": scrub(finding.detail)} for finding in run.findings],
    }


def kept_as_json(kept: KeptRun) -> dict[str, object]:
    """One that the journal gives back, redacted already; of one under way, what it has shown so far."""
    return run_as_json(replace(kept.run, detail=NO_VERDICT) if kept.under_way else kept.run, str)


def _step(step: StepResult, scrub: Scrub) -> dict[str, object]:
    return {
        "name": step.name,
        "outcome": step.outcome,
        "duration_seconds": round(step.duration_seconds, 6),
        "failure": None if step.failure is None else _failure(step.failure, scrub),
        "exchanges": [_exchange(exchange, scrub) for exchange in step.exchanges],
    }


def _failure(failure: Failure, scrub: Scrub) -> dict[str, object]:
    return {"kind": failure.kind, "expected": scrub(failure.expected), "observed": scrub(failure.observed)}


def _exchange(exchange: Exchange, scrub: Scrub) -> dict[str, object]:
    answer = exchange.answer
    said = {name: _scrubbed(getattr(answer, name, None), scrub) for name in _SAID}
    phases = {name: None if value is None else round(value, 6) for name, value in asdict(exchange.phases).items()}
    return {
        "operation": exchange.operation,
        "attempt": exchange.attempt,
        "status_code": exchange.status_code,
        "code": said.pop("code"),
        "chat_status": said.pop("chat_status"),
        "expected": exchange.expected,
        **said,
        "ratelimit_limit": None if answer is None else answer.ratelimit_limit,
        "ratelimit_remaining": None if answer is None else answer.ratelimit_remaining,
        "started_at": moment(exchange.started_at),
        "duration_seconds": round(exchange.duration_seconds, 6),
        "phases": phases,
    }
