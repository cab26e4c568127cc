"""An exchange as rows: what was sent, what came back, and the ids by which it is found again. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from probes.journal.moments import microseconds_of
from probes.journal.texts import (
    ANSWER_CHARACTERS,
    HEADERS_CHARACTERS,
    REQUEST_CHARACTERS,
    TEXT_CHARACTERS,
    Scrub,
    kept_bytes,
    kept_id,
    kept_text,
)
from probes.model import Answer, Exchange, Failure
from probes.redaction import MASK
from probes.words import IdKind

Row = dict[str, Any]
NamedId = tuple[IdKind, str]

_MASKED_HEADERS = frozenset({"set-cookie", "set-cookie2"})
_LARGEST = 2**63 - 1
_NO_ANSWER: Row = dict.fromkeys(
    (
        "status_code envelope code error chat_status header_request_id body_request_id trace_id event_id actor_id "
        "partner_id ratelimit_limit ratelimit_remaining retry_after_seconds answer_bytes answer_headers answer_body"
    ).split()
)


def exchange_row(run_id: str, seq: int, step: str, exchange: Exchange, scrub: Scrub) -> Row:
    """The row of one attempt."""
    answer = exchange.answer
    return {
        "run_id": run_id,
        "seq": seq,
        "step": step,
        "operation": exchange.operation,
        "attempt": exchange.attempt,
        "method": exchange.method,
        "path": kept_text(exchange.path, TEXT_CHARACTERS, scrub),
        "started_at": microseconds_of(exchange.started_at),
        "duration_seconds": exchange.duration_seconds,
        "phases": json.dumps({name: value for name, value in asdict(exchange.phases).items() if value is not None}),
        "expected": exchange.expected,
        "own_key": exchange.own_key,
        "own_style": exchange.own_style,
        "idempotency_key": kept_id(exchange.idempotency_key, scrub),
        "request_id_state": exchange.request_id_state,
        "trace_id_state": exchange.trace_id_state,
        "session_id": kept_id(exchange.session_id, scrub),
        "certificate_expires_at": exchange.certificate_expires_at,
        "request_body": kept_bytes(exchange.request_body, REQUEST_CHARACTERS, scrub),
        **failure_columns(exchange.failure, scrub),
        **(_NO_ANSWER if answer is None else _answer_columns(answer, scrub)),
    }


def failure_columns(failure: Failure | None, scrub: Scrub) -> Row:
    """A failure's columns, of an exchange and of a step."""
    if failure is None:
        return {"failure_kind": None, "failure_expected": None, "failure_observed": None}
    return {
        "failure_kind": failure.kind,
        "failure_expected": kept_text(failure.expected, TEXT_CHARACTERS, scrub),
        "failure_observed": kept_text(failure.observed, TEXT_CHARACTERS, scrub),
    }


def _answer_columns(answer: Answer, scrub: Scrub) -> Row:
    def text(value: str | None) -> str | None:
        return None if value is None else kept_text(value, TEXT_CHARACTERS, scrub)

    return {
        "status_code": answer.status_code,
        "envelope": answer.envelope,
        "code": text(answer.code),
        "error": text(answer.error),
        "chat_status": text(answer.chat_status),
        "header_request_id": kept_id(answer.header_request_id, scrub),
        "body_request_id": kept_id(answer.body_request_id, scrub),
        "trace_id": kept_id(answer.trace_id, scrub),
        "event_id": kept_id(answer.event_id, scrub),
        "actor_id": text(answer.actor_id),
        "partner_id": text(answer.partner_id),
        "ratelimit_limit": _whole_number(answer.ratelimit_limit),
        "ratelimit_remaining": _whole_number(answer.ratelimit_remaining),
        "retry_after_seconds": _finite(answer.retry_after_seconds),
        "answer_bytes": len(answer.content),
        "answer_headers": _headers(answer.headers, scrub),
        "answer_body": kept_bytes(answer.content, ANSWER_CHARACTERS, scrub),
    }


def _headers(headers: Mapping[str, str], scrub: Scrub) -> str:
    """As a JSON object, whole headers only, as many as there is room for."""
    kept: dict[str, str] = {}
    room = HEADERS_CHARACTERS
    for name, value in headers.items():
        masked = name.lower() in _MASKED_HEADERS
        key, shown = (kept_text(each, TEXT_CHARACTERS, scrub) for each in (name, MASK if masked else value))
        room -= len(json.dumps([key, shown]))
        if room < 0:
            break
        kept[key] = shown
    return json.dumps(kept, ensure_ascii=False)


def _whole_number(value: int | None) -> int | None:
    """Any number that a header may hold, as far as a database can count."""
    return None if value is None else max(-_LARGEST, min(_LARGEST, value))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def ids_of(exchange: Exchange) -> Iterator[NamedId]:
    """The ids that an exchange is found by, as they came."""
    answer = exchange.answer
    named = (
        (IdKind.REQUEST_ID, None if answer is None else answer.header_request_id),
        (IdKind.REQUEST_ID, None if answer is None else answer.body_request_id),
        (IdKind.TRACE_ID, None if answer is None else answer.trace_id),
        (IdKind.SESSION_ID, exchange.session_id),
        (IdKind.EVENT_ID, None if answer is None else answer.event_id),
        (IdKind.IDEMPOTENCY_KEY, exchange.idempotency_key),
    )
    yield from dict.fromkeys((kind, value) for kind, value in named if value)
