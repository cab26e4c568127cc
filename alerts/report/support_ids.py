"""The ids that Brek's support asks for: of each failed run's deciding exchange, and as one block to copy. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.pages import utc
from alerts.report.evidence import Evidence, Witness
from alerts.report.facts import Ids
from alerts.report.phrases import shown
from alerts.report.stretch import Stretch, failed_exchange

MOST_IDS = 20


def ids_of(evidence: Evidence, stretch: Stretch) -> tuple[tuple[Ids, ...], int]:
    """The newest of them, newest first, and how many there are in all."""
    failing = {line.run_id for line in stretch.failing}
    found = [_ids(each) for each in reversed(evidence.witnesses) if each.run.run_id in failing]
    known = [each for each in found if each is not None]
    return tuple(known[:MOST_IDS]), len(known)


def support_block(ids: Iterable[Ids]) -> str:
    """Plain text, a paragraph for each exchange; what an answer didn't carry is said as such."""
    return "\n\n".join(map(_paragraph, ids))


def _ids(witness: Witness) -> Ids | None:
    found = failed_exchange(witness)
    if found is None:
        return None
    step, exchange = found
    answer = exchange.answer
    return Ids(
        at=exchange.started_at,
        run_id=witness.run.run_id,
        step=shown(step),
        status_code=exchange.status_code,
        request_id=_id(answer and answer.request_id),
        trace_id=_id(answer and answer.trace_id),
        session_id=_id(exchange.session_id),
        event_id=_id(answer and answer.event_id),
        idempotency_key=_id(exchange.idempotency_key),
    )


def _id(text: object) -> str | None:
    return shown(text, 256) if isinstance(text, str) and text else None


def _paragraph(ids: Ids) -> str:
    status = "no answer" if ids.status_code is None else f"HTTP {ids.status_code}"
    named = (
        ("requestId", ids.request_id),
        ("traceId", ids.trace_id),
        ("sessionId", ids.session_id),
        ("eventId", ids.event_id),
        ("idempotencyKey", ids.idempotency_key),
        ("our run", ids.run_id),
    )
    lines = (f"  {name:<15} {value or 'none was sent'}" for name, value in named)
    return "\n".join((f"{utc(ids.at)}  {status} at step {ids.step}", *lines))
