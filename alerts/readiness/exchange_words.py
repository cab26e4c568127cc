"""One exchange of an integration in a few words: when, what was asked, what came back, and its ids."""

from __future__ import annotations

from alerts.readiness.wording import LOST
from probes.readiness.evidence import Seen
from probes.readiness.rules.conversations import field_of, session_of


def moment_of(seen: Seen) -> str:
    """How far into the audit it began: `+12.34 s`."""
    return f"+{seen.began_seconds:.2f} s"


def request_of(seen: Seen) -> str:
    """`POST /api/partner/v1/core-chat/events`."""
    return f"{seen.method} {seen.path}"


def answer_of(seen: Seen) -> str:
    """`HTTP 429, rate_limited`, or why there is no whole answer."""
    if seen.lost is not None:
        return LOST[seen.lost]
    if seen.answer is None:
        return "still under way when the audit ended"
    said = (f"HTTP {seen.answer.status_code}", seen.answer.code, seen.answer.chat_status)
    return ", ".join(part for part in said if part)


def ids_in(seen: Seen) -> tuple[tuple[str, str], ...]:
    """What Brek's support asks for, by name; only what there is."""
    answer = seen.answer
    named = (
        ("requestId", answer and answer.request_id),
        ("traceId", answer and answer.trace_id),
        ("sessionId", session_of(seen)),
        ("idempotencyKey", field_of(seen, "idempotencyKey")),
    )
    return tuple((name, value) for name, value in named if value)
