"""Rows of the journal become facts again: what a run showed, as far as it was kept. Pure.

Texts are as stored: redacted and bounded. A word that this version doesn't know stays the word that it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from probes import answers
from probes.journal.kept import KeptExchange, KeptRun, RunSummary, Unanswered
from probes.journal.moments import moment_of
from probes.journal.texts import ANSWER_CHARACTERS
from probes.model import Answer, Booking, Exchange, Failure, Finding, Phases, Run, StepResult, Transition
from probes.words import (
    BookingState,
    CorrelationState,
    Envelope,
    FailureKind,
    FindingKind,
    Operation,
    Outcome,
    Settlement,
    Word,
)
from probes.words import word_of as word_of  # noqa: PLC0414 - whoever reads rows finds it here, beside the rest

Record = Row[Any]

_PHASES = ("dns", "connect", "tls", "send", "wait", "receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The rows that belong to one run, each kind in its order."""

    steps: Sequence[Record] = ()
    exchanges: Sequence[Record] = ()
    transitions: Sequence[Record] = ()
    findings: Sequence[Record] = ()
    bookings: Sequence[Record] = ()
    intents: Sequence[Record] = ()


def _word_or_none(words: type[Word], text: str | None) -> Word | None:
    return None if text is None else word_of(words, text)


def summary_of(row: Record) -> RunSummary:
    """One line of a list of runs."""
    return RunSummary(
        run_id=row.run_id,
        target=row.target,
        scenario=row.scenario,
        started_at=moment_of(row.started_at),
        outcome=_word_or_none(Outcome, row.outcome),
        reason=row.reason,
        detail=row.detail,
        duration_seconds=row.duration_seconds,
        failed_step=row.failed_step,
        failure_kind=row.failure_kind,
        recheck=row.recheck,
    )


def run_of(row: Record, children: Children) -> KeptRun:
    """The run with all that it showed."""
    exchanges = tuple(map(_kept_exchange, children.exchanges))
    steps, cleanup = _steps_of(children, exchanges)
    bookings = tuple(_booking_of(row.target, booking) for booking in children.bookings)
    run = Run(
        run_id=row.run_id,
        target=row.target,
        scenario=row.scenario,
        outcome=word_of(Outcome, row.outcome or Outcome.UNKNOWN),
        started_at=moment_of(row.started_at),
        duration_seconds=row.duration_seconds or 0.0,
        location=row.location,
        reason=row.reason,
        detail=row.detail,
        steps=steps,
        cleanup=cleanup,
        bookings=bookings,
        recheck=row.recheck,
    )
    heard_of = {each.exchange.idempotency_key for each in exchanges} | {""}
    lost = [each for each in children.intents if each.idempotency_key not in heard_of]
    return KeptRun(
        run=run,
        under_way=row.outcome is None,
        exchanges=exchanges,
        bookings=bookings,
        unanswered=tuple(_unanswered(each) for each in lost if each.settlement != Settlement.VERDICT),
    )


def _unanswered(row: Record) -> Unanswered:
    return Unanswered(
        idempotency_key=row.idempotency_key,
        session_id=row.session_id,
        intended_at=moment_of(row.intended_at),
        body=row.body,
        settlement=_word_or_none(Settlement, row.settlement),
    )


def _booking_of(target: str, row: Record) -> Booking:
    return Booking(
        run_id=row.run_id,
        target=target,
        session_id=row.session_id,
        state=word_of(BookingState, row.state),
        booking_id=row.booking_id,
    )


def _steps_of(
    children: Children, exchanges: Sequence[KeptExchange]
) -> tuple[tuple[StepResult, ...], tuple[StepResult, ...]]:
    if not children.steps:
        return tuple(_cut_off_steps(exchanges)), ()
    last = children.steps[-1].position
    transitions = _by_position(children.transitions, last)
    findings = _by_position(children.findings, last)
    results: dict[bool, list[StepResult]] = {False: [], True: []}
    for row in children.steps:
        own = range(row.first_seq, row.first_seq + row.exchanges) if row.first_seq is not None else ()
        result = StepResult(
            name=row.name,
            outcome=word_of(Outcome, row.outcome),
            duration_seconds=row.duration_seconds,
            failure=_failure_of(row),
            exchanges=tuple(each.exchange for each in exchanges if each.seq in own),
            transitions=tuple(map(_transition_of, transitions.get(row.position, ()))),
            findings=tuple(map(_finding_of, findings.get(row.position, ()))),
            gap=row.gap,
        )
        results[bool(row.cleanup)].append(result)
    return tuple(results[False]), tuple(results[True])


def _cut_off_steps(exchanges: Sequence[KeptExchange]) -> Iterable[StepResult]:
    """The steps of a run that ended before it could tell of any: what they sent is known, how they ended is not."""
    for name, members in groupby(exchanges, key=lambda each: each.step):
        sent = tuple(member.exchange for member in members)
        lasted = (sent[-1].started_at - sent[0].started_at).total_seconds() + sent[-1].duration_seconds
        yield StepResult(name=name, outcome=Outcome.UNKNOWN, duration_seconds=max(lasted, 0.0), exchanges=sent)


def _by_position(rows: Iterable[Record], last: int) -> Mapping[int, list[Record]]:
    """By the step that they belong to; what names none was found as the run ended."""
    found: dict[int, list[Record]] = {}
    for row in rows:
        found.setdefault(last if row.step_position is None else row.step_position, []).append(row)
    return found


def _transition_of(row: Record) -> Transition:
    return Transition(from_status=row.from_status, to_status=row.to_status, documented=row.documented)


def _finding_of(row: Record) -> Finding:
    operation = _word_or_none(Operation, row.operation)
    return Finding(kind=word_of(FindingKind, row.kind), detail=row.detail, operation=operation)


def _failure_of(row: Record) -> Failure | None:
    if row.failure_kind is None:
        return None
    return Failure(
        kind=word_of(FailureKind, row.failure_kind),
        expected=row.failure_expected or "",
        observed=row.failure_observed or "",
    )


def _kept_exchange(row: Record) -> KeptExchange:
    exchange = Exchange(
        operation=word_of(Operation, row.operation),
        attempt=row.attempt,
        method=row.method,
        path=row.path,
        started_at=moment_of(row.started_at),
        duration_seconds=row.duration_seconds,
        phases=_phases_of(row.phases),
        expected=row.expected,
        request_body=row.request_body.encode(),
        idempotency_key=row.idempotency_key,
        asked_session_id=_session_asked(row),
        answer=None if row.status_code is None else _answer_of(row),
        failure=_failure_of(row),
        request_id_state=_word_or_none(CorrelationState, row.request_id_state),
        trace_id_state=_word_or_none(CorrelationState, row.trace_id_state),
        own_key=row.own_key,
        own_style=row.own_style,
        certificate_expires_at=row.certificate_expires_at,
    )
    return KeptExchange(seq=row.seq, step=row.step, exchange=exchange, answer_bytes=row.answer_bytes)


def _object_of(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _phases_of(text: str) -> Phases:
    known = _object_of(text)
    return Phases(**{name: known.get(name) for name in _PHASES})


def _answer_of(row: Record) -> Answer:
    """As the kept text of the body reads; what the whole one said, before it was cut, has columns of its own."""
    headers = {name: str(value) for name, value in _object_of(row.answer_headers).items()}
    content = (row.answer_body or "").encode()
    read = answers.read(row.status_code, headers.items(), content, now=moment_of(row.started_at))
    return replace(
        read,
        json_problem=_json_problem(row, read.json_problem),
        envelope=_word_or_none(Envelope, row.envelope),
        code=row.code,
        error=row.error,
        chat_status=row.chat_status,
        session_id=_session_answered(row, read),
        actor_id=row.actor_id,
        event_id=row.event_id,
        trace_id=row.trace_id,
        header_request_id=row.header_request_id,
        body_request_id=row.body_request_id,
        partner_id=row.partner_id,
        ratelimit_limit=row.ratelimit_limit,
        ratelimit_remaining=row.ratelimit_remaining,
        retry_after_seconds=row.retry_after_seconds,
    )


def _is_whole(row: Record) -> bool:
    """Whether the body was kept to its end; one that was cut is as long as may be and ends in an ellipsis."""
    if row.answer_body is None:
        return False
    return len(row.answer_body) < ANSWER_CHARACTERS or not row.answer_body.endswith("…")


def _session_asked(row: Record) -> str | None:
    """The row's session, unless the answer alone spoke of it."""
    if row.session_id is None or row.status_code is None:
        return row.session_id  # type: ignore[no-any-return]
    return row.session_id if row.session_id in row.path or row.session_id in row.request_body else None


def _session_answered(row: Record, read: Answer) -> str | None:
    """The row's session is the answer's, else the request's: a whole body that names none tells which."""
    if read.session_id is not None or not _is_whole(row):
        return row.session_id  # type: ignore[no-any-return]
    return None if _session_asked(row) else row.session_id


def _json_problem(row: Record, found: str | None) -> str | None:
    if found is None:
        return None
    if not _is_whole(row):
        return "the journal kept only a part of the body"
    return "something was masked in the body" if row.envelope is not None else found
