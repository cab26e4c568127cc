"""Do the ids that support will ask for exist, do their copies agree, and does each name one request alone?

Sources: the guide's "API conventions" (`x-request-id`, "request trace ID", guaranteed even on early 401 and 403) and
the endpoint page of POST /events (`traceId`: tenant, source, channel, session, event). No document says of what the
first three are copies, so they must be there, and no more is asked of them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from probes.model import Answer, Finding
from probes.origin import Origin
from probes.words import CorrelationId, CorrelationState, Envelope, FindingKind, Operation

_API_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_TRACE_PARTS = 5
_KEPT_IDS = 10_000
_KINDS = {
    CorrelationState.MISSING: FindingKind.CORRELATION_MISSING,
    CorrelationState.MISMATCHED: FindingKind.CORRELATION_MISMATCH,
    CorrelationState.REPEATED: FindingKind.CORRELATION_REPEATED,
}

_Problem = tuple[CorrelationState, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who an answer's ids belong to: one attempt. `idempotency_key` is the one in its body, if there is one."""

    origin: Origin
    run_id: str
    step: str
    attempt: int
    idempotency_key: str | None = None

    def repeats(self, other: Sender) -> bool:
        """Whether both sent the same key: a repeat may be answered with what was stored, old ids and all."""
        return self.idempotency_key is not None and (self.run_id, self.idempotency_key) == (
            other.run_id,
            other.idempotency_key,
        )

    def named_for(self, other: Sender) -> str:
        """What that other attempt calls this one."""
        step = f"step {self.step}" if self.step else "a look-up"
        return f"{step}, attempt {self.attempt}" + ("" if self.run_id == other.run_id else f", of run {self.run_id}")


class SeenIds:
    """The newest ids of a process with who had them, of all its runs; the oldest are forgotten."""

    def __init__(self, most: int = _KEPT_IDS) -> None:
        self._most = most
        self._senders: OrderedDict[tuple[Origin, CorrelationId, str], Sender] = OrderedDict()

    def sender(self, kind: CorrelationId, value: str, origin: Origin) -> Sender | None:
        """Who had this id of that deployment last."""
        return self._senders.get((origin, kind, value))

    def keep(self, kind: CorrelationId, value: str, sender: Sender) -> None:
        """This attempt has it now."""
        known = (sender.origin, kind, value)
        self._senders[known] = sender
        self._senders.move_to_end(known)
        if len(self._senders) > self._most:
            self._senders.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """What there is to say of an answer's ids; None for an id that no document promises there."""

    request_id: CorrelationState | None = None
    trace_id: CorrelationState | None = None
    findings: tuple[Finding, ...] = ()


def correlate(operation: Operation, answer: Answer, sender: Sender, seen: SeenIds) -> Correlation:
    """Judges an answer's ids, and keeps them for the answers to come. A finding holds all values that disagree."""
    if operation not in _API_OPERATIONS:
        return Correlation()
    requests = _request_id_problems(answer, sender, seen)
    traced = operation is Operation.SEND_EVENT and answer.envelope is Envelope.SUCCESS
    traces = _trace_id_problems(answer, sender, seen) if traced else []
    return Correlation(
        request_id=_state(requests),
        trace_id=_state(traces) if traced else None,
        findings=tuple(
            Finding(kind=_KINDS[state], detail=detail, operation=operation) for state, detail in (*requests, *traces)
        ),
    )


def _state(problems: list[_Problem]) -> CorrelationState:
    return problems[0][0] if problems else CorrelationState.PRESENT


def _request_id_problems(answer: Answer, sender: Sender, seen: SeenIds) -> list[_Problem]:
    """Of the header, of the body's copy, which only refusals have, and of whoever had either before."""
    header, body = answer.header_request_id, answer.body_request_id
    problems: list[_Problem] = []
    header_promised = answer.status_code < 300 or answer.status_code in {401, 403}
    if header is None and (header_promised or body is None):
        problems.append((CorrelationState.MISSING, f"no readable x-request-id; requestId: {body or 'none'}"))
    if header and body and header != body and not _is_told_again(body, sender, seen):
        problems.append((CorrelationState.MISMATCHED, f"x-request-id: {header}; requestId: {body}"))
    for value, name in {body: "requestId", header: "x-request-id"}.items():  # once, where both are the same
        if value is not None:
            problems += _repeated(CorrelationId.REQUEST_ID, name, value, sender, seen)
    return problems


def _is_told_again(body: str, sender: Sender, seen: SeenIds) -> bool:
    """Whether a body's id is that of an earlier answer to the same key."""
    before = seen.sender(CorrelationId.REQUEST_ID, body, sender.origin)
    return before is not None and sender.repeats(before)


def _trace_id_problems(answer: Answer, sender: Sender, seen: SeenIds) -> list[_Problem]:
    """Of a turn's trace id, of the session and event that the same answer named, and of whoever had it before."""
    beside = f"session: {answer.session_id or 'none'}; event: {answer.event_id or 'none'}"
    if answer.trace_id is None:
        return [(CorrelationState.MISSING, f"no readable traceId; {beside}")]
    problems: list[_Problem] = []
    parts = answer.trace_id.split(":")
    if len(parts) != _TRACE_PARTS or not all(parts):
        problems.append((CorrelationState.MISMATCHED, f"not of five parts: traceId: {answer.trace_id}; {beside}"))
    elif parts[-2:] != [answer.session_id, answer.event_id]:
        problems.append((CorrelationState.MISMATCHED, f"traceId: {answer.trace_id}; {beside}"))
    return problems + _repeated(CorrelationId.TRACE_ID, "traceId", answer.trace_id, sender, seen)


def _repeated(kind: CorrelationId, name: str, value: str, sender: Sender, seen: SeenIds) -> list[_Problem]:
    """Whether another request had this id already; from now on it is this one's."""
    before = seen.sender(kind, value, sender.origin)
    seen.keep(kind, value, sender)
    if before is None or sender.repeats(before):
        return []
    return [(CorrelationState.REPEATED, f"{name}: {value}; had before by {before.named_for(sender)}")]
