"""Facts as rows of the journal: scrubbed, fit for any database, bounded. Pure; an exchange's are in `exchange_rows`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from probes.journal.exchange_rows import Row, failure_columns
from probes.journal.moments import day_of, microseconds_of
from probes.journal.texts import REQUEST_CHARACTERS, TEXT_CHARACTERS, Scrub, kept_bytes, kept_id, kept_text
from probes.model import Booking, BookingCap, Finding, Intent, Probe, Run, RunStart, StepResult
from probes.words import Leaves

Span = tuple[int | None, int]
"""Which exchanges a step has: the first one's number in its run, and how many."""


def run_begun(start: RunStart, instance_id: str) -> Row:
    """A run before its first byte: it has no verdict yet."""
    return {
        "run_id": start.run_id,
        "instance_id": instance_id,
        "target": start.target,
        "scenario": start.scenario,
        "leaves": start.leaves,
        "location": start.location,
        "recheck": start.recheck,
        "started_at": microseconds_of(start.started_at),
        "stored_bytes": 0,
    }


def run_judged(run: Run, instance_id: str, stored_bytes: int, scrub: Scrub) -> Row:
    """A run with its verdict, whole: one that was refused before it began was never told of, and left nothing."""
    failed = run.failed_step
    return {
        "run_id": run.run_id,
        "instance_id": instance_id,
        "target": run.target,
        "scenario": run.scenario,
        "leaves": Leaves.NOTHING,
        "location": run.location,
        "recheck": run.recheck,
        "started_at": microseconds_of(run.started_at),
        "finished_at": microseconds_of(run.started_at + timedelta(seconds=run.duration_seconds)),
        "outcome": run.outcome,
        "reason": run.reason,
        "detail": None if run.detail is None else kept_text(run.detail, TEXT_CHARACTERS, scrub),
        "duration_seconds": run.duration_seconds,
        "failed_step": None if failed is None else failed.name,
        "failure_kind": None if failed is None or failed.failure is None else failed.failure.kind,
        "stored_bytes": stored_bytes,
    }


def step_rows(run: Run, spans: tuple[Span, ...], scrub: Scrub) -> Iterator[Row]:
    """The steps of a run and then of its cleanup, each with where its exchanges are."""
    for position, (step, (first_seq, exchanges)) in enumerate(zip(all_steps(run), spans, strict=True)):
        yield {
            "run_id": run.run_id,
            "position": position,
            "cleanup": position >= len(run.steps),
            "name": step.name,
            "outcome": step.outcome,
            "duration_seconds": step.duration_seconds,
            **failure_columns(step.failure, scrub),
            "gap": step.gap,
            "first_seq": first_seq,
            "exchanges": exchanges,
        }


def transition_rows(run: Run, scrub: Scrub) -> Iterator[Row]:
    """The transitions of all steps, in order."""
    changes = ((position, change) for position, step in enumerate(all_steps(run)) for change in step.transitions)
    for number, (position, change) in enumerate(changes):
        yield {
            "run_id": run.run_id,
            "position": number,
            "step_position": position,
            "from_status": kept_text(change.from_status, TEXT_CHARACTERS, scrub),
            "to_status": kept_text(change.to_status, TEXT_CHARACTERS, scrub),
            "documented": change.documented,
        }


def run_finding_rows(run: Run, scrub: Scrub) -> Iterator[Row]:
    """What the steps of a run found, each once a run."""
    found: dict[Finding, int] = {}
    for position, step in enumerate(all_steps(run)):
        for finding in step.findings:
            found.setdefault(finding, position)
    for finding, position in found.items():
        place = {"run_id": run.run_id, "step_position": position}
        yield finding_row(run.target, finding, run.started_at, scrub) | place


def finding_row(target: str, finding: Finding, at: datetime, scrub: Scrub) -> Row:
    """One finding, of no run."""
    return {
        "run_id": None,
        "step_position": None,
        "target": target,
        "found_at": microseconds_of(at),
        "kind": finding.kind,
        "operation": finding.operation,
        "detail": kept_text(finding.detail, TEXT_CHARACTERS, scrub),
    }


def slot_row(probe: Probe, state: str, reason: str | None, lateness_seconds: float, at: datetime) -> Row:
    """A planned start, accounted for."""
    return {
        "target": probe.target,
        "scenario": probe.scenario,
        "ended_at": microseconds_of(at),
        "state": state,
        "reason": reason,
        "lateness_seconds": lateness_seconds,
    }


def intent_row(intent: Intent, at: datetime, scrub: Scrub) -> Row:
    """The key of a turn and what it says, open. The digest is of the very bytes."""
    return {
        "run_id": intent.run_id,
        "target": intent.target,
        "session_id": kept_id(intent.session_id, scrub) or "",
        "idempotency_key": kept_id(intent.idempotency_key, scrub) or "",
        "intended_at": microseconds_of(at),
        "body": kept_bytes(intent.body, REQUEST_CHARACTERS, scrub),
        "body_digest": digest_of(intent),
    }


def digest_of(intent: Intent) -> bytes:
    """By which two turns of a run are told apart."""
    return hashlib.sha256(intent.body).digest()


def booking_row(booking: Booking, at: datetime, scrub: Scrub) -> Row:
    """One word on a booking."""
    return {
        "run_id": booking.run_id,
        "target": booking.target,
        "session_id": kept_id(booking.session_id, scrub) or "",
        "booking_id": kept_id(booking.booking_id, scrub),
        "state": booking.state,
        "told_at": microseconds_of(at),
    }


def reservation_row(start: RunStart, cap: BookingCap) -> Row:
    """What a run takes from the cap of its day."""
    return {"run_id": start.run_id, "host": cap.host, "day": day_of(start.started_at), "bookings": cap.bookings}


def state_row(kind: str, key: str, value: str, at: datetime, scrub: Scrub) -> Row:
    """A value that survives a restart, which is JSON already."""
    return {"kind": kind, "key": key, "value": scrub(value), "changed_at": microseconds_of(at)}


def all_steps(run: Run) -> tuple[StepResult, ...]:
    """Steps, then cleanup: the order of `position`."""
    return (*run.steps, *run.cleanup)
