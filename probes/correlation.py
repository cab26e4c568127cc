"""Do the ids that support will ask for exist, and do their copies agree? Pure.

Sources: the guide's "API conventions" (`x-request-id`, guaranteed even on early 401 and 403) and the
endpoint page of POST /events (`traceId`: tenant, source, channel, session, event).
"""

from __future__ import annotations

from probes.model import Answer
from probes.words import CorrelationState, Envelope, Operation

_API_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_TRACE_PARTS = 5


def request_id_state(operation: Operation, answer: Answer) -> CorrelationState | None:
    """Of the header against the body's copy; None where no document promises one."""
    if operation not in _API_OPERATIONS:
        return None
    header, body = answer.header_request_id, answer.body_request_id
    if header and body and header != body:
        return CorrelationState.MISMATCHED
    header_promised = answer.status_code < 300 or answer.status_code in {401, 403}
    if header or (body and not header_promised):
        return CorrelationState.PRESENT
    return CorrelationState.MISSING


def trace_id_state(operation: Operation, answer: Answer) -> CorrelationState | None:
    """Of a turn's trace id against the session and event that the same answer named."""
    if operation is not Operation.SEND_EVENT or answer.envelope is not Envelope.SUCCESS:
        return None
    if answer.trace_id is None:
        return CorrelationState.MISSING
    parts = answer.trace_id.split(":")
    if len(parts) < _TRACE_PARTS or parts[-2:] != [answer.session_id, answer.event_id]:
        return CorrelationState.MISMATCHED
    return CorrelationState.PRESENT
