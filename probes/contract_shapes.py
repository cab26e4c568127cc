"""Brek's documents, transcribed once: what a request holds, what an answer looks like, which words it may use.

Shapes are JSON Schema. One without `additionalProperties` may hold more than is told here. Sources: the guide's
"API conventions", "Authentication", "Status-driven integration model" and "Error catalog", the tables and published
examples of the three endpoint pages, and the head of the published OpenAPI file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.words import WRITE_KINDS, AuthHeader, ChatStatus, Envelope, ErrorCode, Operation

Shape = dict[str, object]

OPENAPI_VERSION = "3.0"
API_VERSION = "1.0.0"
PROMISED_HEADERS = ("x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-partner-id")
AUTH_STYLES = frozenset(AuthHeader)

_TEXT: Shape = {"type": "string", "minLength": 1}
_OPEN: Shape = {"type": "object"}
_URL: Shape = {"type": ["string", "null"]}


def _closed(*, required: tuple[str, ...] = (), **properties: object) -> Shape:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _success(data: Shape) -> Shape:
    return _closed(required=("data",), data=data)


_EVENT = _closed(
    required=("eventId", "kind", "resultStatus", "recordedAt"),
    eventId=_TEXT,
    kind=_TEXT,
    resultStatus={"type": ["string", "null"]},
    recordedAt=_TEXT,
)

SUCCESS_SHAPES: Mapping[Operation, Shape] = {
    Operation.CREATE_SESSION: _success(
        {"type": "object", "properties": {"sessionId": _TEXT}, "required": ["sessionId"]}
    ),
    Operation.SEND_EVENT: _success(
        _closed(
            required=("sessionId", "event", "result"),
            sessionId=_TEXT,
            event=_closed(required=("id", "kind"), id=_TEXT, kind=_TEXT),
            result=_closed(
                required=("traceId", "status", "message"),
                traceId=_TEXT,
                status=_TEXT,
                message=_closed(required=("text",), text={"type": "string"}),
                artifacts={
                    "type": ["object", "null"],
                    "properties": {
                        "shortlist": {"type": ["array", "null"], "items": _OPEN},
                        "payment": {"type": ["object", "null"], "properties": {"setupUrl": _URL}},
                        "booking": {"type": ["object", "null"], "properties": {"confirmationUrl": _URL}},
                    },
                },
            ),
        )
    ),
    Operation.GET_SESSION: _success(
        _closed(
            required=("sessionId", "tenantId", "actor", "events"),
            sessionId=_TEXT,
            tenantId=_TEXT,
            actor=_closed(required=("actorId",), actorId=_TEXT),
            events={"type": "array", "items": _EVENT},
        )
    ),
}

ERROR_SHAPES: Mapping[Envelope, Shape] = {
    Envelope.GATEWAY: _closed(
        required=("success", "error", "code", "details", "requestId"),
        success={"const": False},
        error=_TEXT,
        code=_TEXT,
        details={},
        requestId=_TEXT,
    ),
    Envelope.VALIDATION: _closed(
        required=("success", "error", "requestId"), success={"const": False}, error=_TEXT, requestId=_TEXT
    ),
}

REQUEST_SHAPES: Mapping[Operation, Shape] = {
    Operation.CREATE_SESSION: _closed(
        required=("actor",),
        actor=_closed(required=("actorId",), actorId=_TEXT, timezoneOffsetMinutes={"type": "number"}),
        channel=_closed(workspaceId=_TEXT),
        conversation=_closed(channelId=_TEXT, id=_TEXT, threadTs=_TEXT),
    ),
    Operation.SEND_EVENT: _closed(
        required=("sessionId",),
        sessionId=_TEXT,
        actor=_closed(actorId=_TEXT),
        text=_TEXT,
        kind=_TEXT,
        payload=_OPEN,
        idempotencyKey=_TEXT,
    ),
}

SUCCESS_CODES: Mapping[Operation, frozenset[int]] = {
    Operation.CREATE_SESSION: frozenset({200, 201}),  # the OpenAPI file says the one, the endpoint page the other
    Operation.SEND_EVENT: frozenset({200}),
    Operation.GET_SESSION: frozenset({200}),
}

_EVERYWHERE = frozenset({400, 401, 403, 429})
ERROR_STATUSES: Mapping[Operation, frozenset[int]] = {
    Operation.CREATE_SESSION: _EVERYWHERE,
    Operation.SEND_EVENT: _EVERYWHERE | {404, 409},
    Operation.GET_SESSION: _EVERYWHERE | {404},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words that a field may hold.

    `needed` may not go; one beyond `known` is news if it has one of the prefixes: other words are nowhere listed.
    """

    needed: frozenset[str]
    known: frozenset[str]
    prefixes: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How an error status is answered, where only one way is documented: a 400 may come in either envelope."""

    envelope: Envelope
    code: Vocabulary | None = None


def _code(code: ErrorCode) -> Vocabulary:
    return Vocabulary(needed=frozenset({code}), known=frozenset(ErrorCode))


REFUSALS: Mapping[int, Refusal] = {
    401: Refusal(envelope=Envelope.GATEWAY, code=_code(ErrorCode.MISSING_PARTNER_API_KEY)),
    403: Refusal(envelope=Envelope.GATEWAY, code=_code(ErrorCode.INVALID_PARTNER_API_KEY)),
    404: Refusal(envelope=Envelope.GATEWAY, code=_code(ErrorCode.SESSION_NOT_FOUND)),
    409: Refusal(envelope=Envelope.VALIDATION),
    429: Refusal(envelope=Envelope.GATEWAY, code=_code(ErrorCode.RATE_LIMITED)),
}


CHAT_STATUSES = Vocabulary(needed=frozenset(ChatStatus), known=frozenset(ChatStatus))
KINDS = Vocabulary(
    needed=WRITE_KINDS, known=WRITE_KINDS, prefixes=("action_", "command_")
)  # only writing ones are listed

REQUEST_WORDS: Mapping[Operation, Mapping[str, Vocabulary]] = {Operation.SEND_EVENT: {"kind": KINDS}}
ANSWER_WORDS: Mapping[Operation, Mapping[str, Vocabulary]] = {
    Operation.SEND_EVENT: {"data.result.status": CHAT_STATUSES},
    Operation.GET_SESSION: {"data.events[].resultStatus": CHAT_STATUSES},
}
