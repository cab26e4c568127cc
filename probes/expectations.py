"""Judging one exchange: pure functions, an exchange and what the step wanted in, a failure or nothing out.

Where several things are wrong, the first in the order of `FailureKind` is told: `judge` asks in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from probes.answers import event_statuses, value_at
from probes.errors import ValueMissingError
from probes.model import Answer, Exchange, Failure
from probes.redaction import bounded
from probes.scenario import Expect
from probes.templates import dig
from probes.words import KEY_REFUSED, NO_CODE, ChatStatus, Envelope, FailureKind, Leaves, Operation

_KIND_OF_STATUS = {
    400: FailureKind.INVALID_REQUEST,
    401: FailureKind.AUTH_MISSING,
    403: FailureKind.AUTH_REJECTED,
    404: FailureKind.NOT_FOUND,
    409: FailureKind.CONFLICT,
    429: FailureKind.RATE_LIMITED,
}
ANOTHER_VALUE = "another one"
SAME_VALUE = "the same once more"
_ERROR_ENVELOPES = (Envelope.GATEWAY, Envelope.VALIDATION)
_API_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_LONGEST_OBSERVED = 200
_cut = partial(bounded, limit=_LONGEST_OBSERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a step wants of its last exchange, and whose conversation it is.

    `booked_before` says that the run is cleaning up, `booking_known` that a booking of this session was seen before;
    `earlier` holds the values that `expect.same` and `expect.new` speak of, `document_problem` what is wrong with a
    fetched document.
    """

    expect: Expect
    operation: Operation
    leaves: Leaves
    booked_before: bool = False
    booking_known: bool = False
    own_key: bool = True
    session_id: str | None = None
    actor_id: str | None = None
    earlier: Mapping[str, object] | None = None
    document_problem: str | None = None

    @property
    def status_codes(self) -> frozenset[int]:
        """The status codes asked for."""
        return status_codes_wanted(self.expect.status_codes, self.operation)


@lru_cache(maxsize=256)
def status_codes_wanted(asked: tuple[int, ...], operation: Operation) -> frozenset[int]:
    """The status codes asked for; by default a success (200 and, on create, 201: the documents disagree)."""
    if asked:
        return frozenset(asked)
    match operation:
        case Operation.CREATE_SESSION:
            return frozenset({200, 201})
        case Operation.ATTACH_CARD:
            return frozenset(range(200, 300))
        case _:
            return frozenset({200})


def failure_kind_of_status(status_code: int, operation: Operation, *, own_key: bool = True) -> FailureKind:
    """The kind that an unwanted status code has.

    The portal never gets the partner key, so its 4xx answers say nothing about credentials; nor does an answer to a
    request that carried no key or a wrong one on purpose (`own_key`).
    """
    if 300 <= status_code < 400:
        return FailureKind.REDIRECT
    if status_code >= 500:
        return FailureKind.SERVER_ERROR
    if operation is Operation.ATTACH_CARD and status_code != 429:
        return FailureKind.PORTAL
    if status_code in KEY_REFUSED and not own_key:
        return FailureKind.STATUS_CODE
    return _KIND_OF_STATUS.get(status_code, FailureKind.STATUS_CODE)


def _status_code(answer: Answer, wanted: Wanted) -> Failure | None:
    if answer.status_code in wanted.status_codes:
        return None
    said = answer.error or answer.code
    return Failure(
        kind=failure_kind_of_status(answer.status_code, wanted.operation, own_key=wanted.own_key),
        expected="HTTP " + (" or ".join(map(str, sorted(wanted.status_codes)[:3]))),
        observed=_cut(f"HTTP {answer.status_code}" + (f": {said}" if said else "")),
    )


def _json(answer: Answer, wanted: Wanted) -> Failure | None:
    if wanted.operation not in _API_OPERATIONS:
        return None
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.json_problem is not None:
        observed = f"{answer.json_problem} (content-type {content_type or 'absent'})"
    elif content_type != "application/json" and not content_type.endswith("+json"):
        observed = f"content-type {content_type or 'absent'}"
    else:
        return None
    return Failure(kind=FailureKind.NOT_JSON, expected="a JSON body", observed=_cut(observed))


def _missing_parts(answer: Answer, operation: Operation) -> str | None:
    if answer.session_id is None:
        return "a success without a usable data.sessionId"
    if operation is Operation.SEND_EVENT and answer.chat_status is None:
        return "a success without data.result.status"
    return None


def _envelope(answer: Answer, wanted: Wanted) -> Failure | None:
    if wanted.operation not in _API_OPERATIONS:
        return None
    success = answer.status_code < 300
    allowed = wanted.expect.envelopes or ((Envelope.SUCCESS,) if success else _ERROR_ENVELOPES)
    if answer.envelope not in allowed:
        observed = "another shape" if answer.envelope is None else f"the {answer.envelope} envelope"
        return Failure(kind=FailureKind.ENVELOPE, expected=f"the {' or '.join(allowed)} envelope", observed=observed)
    missing = _missing_parts(answer, wanted.operation) if success else None
    if missing is not None:
        return Failure(kind=FailureKind.ENVELOPE, expected="the documented fields", observed=missing)
    absent = [name for name in wanted.expect.headers if not answer.headers.get(name.lower(), "").strip()]
    if absent:
        return Failure(kind=FailureKind.ENVELOPE, expected=f"header {', '.join(absent)}", observed="no such header")
    return None


def _document(_answer: Answer, wanted: Wanted) -> Failure | None:
    if wanted.document_problem is None:
        return None
    return Failure(kind=FailureKind.ENVELOPE, expected="the published document", observed=_cut(wanted.document_problem))


def _error_code(answer: Answer, wanted: Wanted) -> Failure | None:
    allowed = wanted.expect.codes
    if not allowed or (answer.code or NO_CODE) in allowed:
        return None
    observed = _cut(answer.code) if answer.code else "no code"
    expected = " or ".join("no code" if code == NO_CODE else f"code {code}" for code in allowed)
    return Failure(kind=FailureKind.ERROR_CODE, expected=expected, observed=observed)


def _identity(answer: Answer, wanted: Wanted) -> Failure | None:
    if answer.envelope is not Envelope.SUCCESS or wanted.operation is Operation.CREATE_SESSION:
        return None
    ours = (("session", wanted.session_id, answer.session_id), ("actor", wanted.actor_id, answer.actor_id))
    for what, mine, theirs in ours:
        if mine is not None and theirs is not None and mine != theirs:
            return Failure(
                kind=FailureKind.IDENTITY,
                expected=f"our own {what} {mine}",
                observed=_cut(f"{what} {theirs}"),
            )
    return None


def _unexpected_booking(answer: Answer, wanted: Wanted) -> Failure | None:
    if wanted.booked_before:
        return None
    statuses = wanted.expect.chat_statuses or wanted.expect.events
    known = wanted.leaves is Leaves.BOOKING and (wanted.booking_known or ChatStatus.BOOKED in wanted.expect.events)
    booked_events = ChatStatus.BOOKED in event_statuses(answer) and not known
    booked_turn = answer.chat_status == ChatStatus.BOOKED and ChatStatus.BOOKED not in statuses
    if not booked_events and not booked_turn:
        return None
    expected = " or ".join(statuses) if statuses else "nothing booked"
    return Failure(kind=FailureKind.UNEXPECTED_BOOKING, expected=expected, observed=ChatStatus.BOOKED)


def _chat_status(answer: Answer, wanted: Wanted) -> Failure | None:
    expect = wanted.expect
    if expect.chat_statuses and answer.chat_status not in expect.chat_statuses:
        return Failure(
            kind=FailureKind.CHAT_STATUS,
            expected=" or ".join(expect.chat_statuses),
            observed=_cut(answer.chat_status or "no status"),
        )
    if expect.events and event_statuses(answer) != expect.events:
        observed = ", ".join(event_statuses(answer)) or "no events"
        return Failure(
            kind=FailureKind.CHAT_STATUS,
            expected=f"events {', '.join(expect.events)}",
            observed=_cut(observed),
        )
    return None


DOCUMENTED_ARTIFACTS: dict[str, type] = {
    "shortlist": list,
    "payment": dict,
    "payment.setupUrl": str,
    "booking": dict,
    "booking.confirmationUrl": str,
}


def _is_there(answer: Answer, path: str) -> bool:
    """Whether an artifact has a value, of the type that the guide's table gives it."""
    try:
        value = dig(answer.artifacts, path)
    except ValueMissingError:
        return False
    return value not in (None, "", [], {}) and isinstance(value, DOCUMENTED_ARTIFACTS.get(path, object))


def _artifact(answer: Answer, wanted: Wanted) -> Failure | None:
    for path in wanted.expect.artifacts:
        if not _is_there(answer, path):
            return Failure(kind=FailureKind.ARTIFACT, expected=f"artifacts.{path}", observed="it is not there")
    return _compared(answer, wanted) or _contained(answer, wanted)


def _compared(answer: Answer, wanted: Wanted) -> Failure | None:
    """`same` and `new`: the value at a path of this answer beside the one at that path of an earlier answer."""
    earlier = wanted.earlier or {}
    for asked, is_same in ((wanted.expect.same, True), (wanted.expect.new, False)):
        for expression in asked:
            path = expression.partition(".")[2]
            try:
                value = value_at(answer, path)
            except ValueMissingError:
                return Failure(kind=FailureKind.ARTIFACT, expected=path, observed="it is not there")
            if (value == earlier[expression]) is not is_same:
                expected = f"{path} {'as' if is_same else 'other than'} in step {expression.partition('.')[0]}"
                observed = ANOTHER_VALUE if is_same else SAME_VALUE
                return Failure(kind=FailureKind.ARTIFACT, expected=expected, observed=observed)
    return None


def _contained(answer: Answer, wanted: Wanted) -> Failure | None:
    text = answer.content.decode("utf-8", "replace") if wanted.expect.contains else ""
    for part in wanted.expect.contains:
        if part not in text:
            return Failure(kind=FailureKind.ARTIFACT, expected=f"a body with {part!r}", observed="it is not there")
    return None


_CHECKS: tuple[Callable[[Answer, Wanted], Failure | None], ...] = (
    _status_code,
    _json,
    _envelope,
    _document,
    _error_code,
    _identity,
    _unexpected_booking,
    _chat_status,
    _artifact,
)


def judge(exchange: Exchange, wanted: Wanted) -> Failure | None:
    """What is wrong with this exchange; None if it is what the step wanted. Latency is judged by the step."""
    if exchange.answer is None:
        return exchange.failure
    for check in _CHECKS:
        failure = check(exchange.answer, wanted)
        if failure is not None:
            return failure
    return None
