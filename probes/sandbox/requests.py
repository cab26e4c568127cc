"""Reading a partner's requests, field by field, as the guide's tables and the error catalogue say.

What can't be read at all is `invalid_request` in the gateway envelope; a field that is missing or wrong
is a validation message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from probes.sandbox.words import ReadKind
from probes.words import WRITE_KINDS

_LONGEST_ID = 200
_LONGEST_TEXT = 2_000
_WIDEST_OFFSET = 14 * 60

_KINDS = WRITE_KINDS | frozenset(ReadKind)
_CARD_NUMBER = re.compile(r"(?<![\w-])[2-6](?:[ -]?\d){12,18}(?![\w-])")
_NOTHING: Mapping[str, object] = {}


class MalformedError(ValueError):
    """The request can't be read: 400 `invalid_request`."""


class InvalidFieldError(ValueError):
    """A field is missing or wrong: 400 with this text as validation message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it arrived; header names in lower case. `from_loopback`: sent from this machine."""

    method: str
    target: str
    headers: Mapping[bytes, bytes]
    body: bytes
    from_loopback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """The body of POST /sessions."""

    actor_id: str
    offset_minutes: int
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """The body of POST /events; `fingerprint` tells two different requests apart."""

    session_id: str
    actor_id: str | None
    text: str
    kind: str | None
    payload: Mapping[str, object]
    idempotency_key: str | None
    fingerprint: bytes


def json_object(request: Request) -> Mapping[str, object]:
    """The body as a JSON object; raises MalformedError."""
    content_type = request.headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if content_type != b"application/json":
        raise MalformedError("The content-type must be application/json.")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise MalformedError("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise MalformedError("The request body must be a JSON object.")
    return body


def text_of(body: Mapping[str, object], name: str, *, path: str = "", required: bool = False, most: int = 0) -> str:
    """A text field, "" if absent or null; raises InvalidFieldError for another type, a blank or a long one."""
    value = body.get(name)
    shown = f"{path}{name}"
    if value is None and not required:
        return ""
    if value is None or value == "":
        raise InvalidFieldError(f"{shown} is required")
    if not isinstance(value, str):
        raise InvalidFieldError(f"{shown} must be a string")
    if not value.strip():
        raise InvalidFieldError(f"{shown} must not be blank")
    longest = most or _LONGEST_ID
    if len(value) > longest:
        raise InvalidFieldError(f"{shown} must be at most {longest} characters long")
    return value


def object_of(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A nested object, empty if absent or null; raises InvalidFieldError for another type."""
    value = body.get(name)
    if value is None:
        return _NOTHING
    if not isinstance(value, dict):
        raise InvalidFieldError(f"{name} must be an object")
    return value


def whole_number(body: Mapping[str, object], name: str, *, least: int, most: int, path: str = "") -> int | None:
    """A whole number within bounds, None if absent or null; raises InvalidFieldError."""
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise InvalidFieldError(f"{path}{name} must be a whole number from {least} to {most}")
    return value


def read_new_session(body: Mapping[str, object]) -> NewSession:
    """The body of POST /sessions; raises InvalidFieldError."""
    actor = object_of(body, "actor")
    actor_id = text_of(actor, "actorId", path="actor.", required=True)
    offset = whole_number(actor, "timezoneOffsetMinutes", least=-_WIDEST_OFFSET, most=_WIDEST_OFFSET, path="actor.")
    text_of(object_of(body, "channel"), "workspaceId", path="channel.")
    conversation = object_of(body, "conversation")
    for name in ("id", "threadTs"):
        text_of(conversation, name, path="conversation.")
    channel_id = text_of(conversation, "channelId", path="conversation.")
    return NewSession(actor_id=actor_id, offset_minutes=offset or 0, channel_id=channel_id or "default")


def read_new_event(body: Mapping[str, object]) -> NewEvent:
    """The body of POST /events; raises InvalidFieldError."""
    session_id = text_of(body, "sessionId", required=True)
    text = text_of(body, "text", most=_LONGEST_TEXT)
    kind = text_of(body, "kind") or None
    if not text and kind is None:
        raise InvalidFieldError("text or kind is required")
    if kind is not None and kind not in _KINDS:
        raise InvalidFieldError(f"kind must be one of {', '.join(sorted(_KINDS))}")
    key = text_of(body, "idempotencyKey") or None
    if kind in WRITE_KINDS and key is None:
        raise InvalidFieldError(f"idempotencyKey is required for kind={kind}")
    payload = object_of(body, "payload")
    refuse_card_numbers(text, *payload.values())
    return NewEvent(
        session_id=session_id,
        actor_id=text_of(object_of(body, "actor"), "actorId", path="actor.") or None,
        text=text,
        kind=kind,
        payload=payload,
        idempotency_key=key,
        fingerprint=b"" if key is None else orjson.dumps(body, option=orjson.OPT_SORT_KEYS),
    )


def refuse_card_numbers(*values: object) -> None:
    """Raises InvalidFieldError for a raw card number (the guide's "Security requirements")."""
    for value in values:
        if isinstance(value, str | int) and any(map(_is_card, _CARD_NUMBER.findall(str(value)))):
            raise InvalidFieldError("raw card data must not be sent; use a tokenised paymentMethodId")


def _is_card(number: str) -> bool:
    digits = [int(character) for character in number if character.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
