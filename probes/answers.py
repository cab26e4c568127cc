"""Reading an answer: headers and body in, the parts that the guide names out. Pure, and never surprised.

Shapes: the guide's "API conventions" and the published examples of the endpoint pages. Whatever is
absent or of another type reads as None; judging that is the work of `contract` and `expectations`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from probes.errors import ValueMissingError
from probes.model import Answer
from probes.redaction import bounded
from probes.templates import dig
from probes.words import Envelope

_DEEPEST = 100
_LONGEST_WAIT_SECONDS = 86_400.0
_LONGEST_TEXT = 4_096
_PLAIN_ID = re.compile(r"(?!\.+\Z)[!-~]{1,200}")


class _NotStrictError(ValueError):
    """The body is JSON that two readers may understand differently."""


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotStrictError("a key stands twice in one object")
    return found


def _no_constants(name: str) -> object:
    raise _NotStrictError(f"{name} is not JSON")


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _whole_characters(value: object) -> object:
    """The same without halves of characters, which no database, log or page takes: an assistant cuts an emoji."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_whole_characters(name): _whole_characters(item) for name, item in value.items()}
        case list():
            return [_whole_characters(item) for item in value]
        case _:
            return value


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NotStrictError("a number is beyond reason")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constants, parse_float=_finite)


def _too_deep(content: bytes) -> bool:
    if content.count(b"[") + content.count(b"{") <= _DEEPEST:
        return False
    depth = deepest = 0
    in_string = escaped = False
    for byte in content:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest > _DEEPEST


def decode_json(content: bytes) -> tuple[object, str | None]:
    """The value and None, or None and why the body is not strict JSON.

    NaN, duplicate keys, invalid UTF-8, numbers beyond reason and nesting beyond a hundred levels are
    refused (decision 7).
    """
    try:
        if not content:
            raise _NotStrictError("the body is empty")
        if _too_deep(content):
            raise _NotStrictError(f"nested deeper than {_DEEPEST} levels")
        value = _DECODER.decode(content.decode("utf-8"))
        return (_whole_characters(value) if _SURROGATE.search(content) else value), None
    except UnicodeDecodeError:
        problem = "the body is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at character {error.pos}"
    except _NotStrictError as error:
        problem = str(error)
    except (ValueError, RecursionError):
        problem = "a number or a nesting is beyond reason"
    return None, problem


def _text(value: object) -> str | None:
    return bounded(value, _LONGEST_TEXT) if isinstance(value, str) and value else None


def _id(value: object) -> str | None:
    """An id that can be sent back and shown: anything else is as good as none."""
    return value if isinstance(value, str) and _PLAIN_ID.fullmatch(value) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _envelope(body: object) -> Envelope | None:
    match body:
        case {"data": dict()}:
            return Envelope.SUCCESS
        case {"success": False, "error": str(), "code": str()}:
            return Envelope.GATEWAY
        case {"success": False, "error": str(), "code": None}:
            return Envelope.VALIDATION  # a 409 has no code, and no document says whether it is left out or null
        case {"success": False, "error": str(), "code": _}:
            return None
        case {"success": False, "error": str()}:
            return Envelope.VALIDATION
        case _:
            return None


def count_of(value: str | None) -> int | None:
    """A header's whole number, if that is what it holds."""
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else None


def wait_seconds(value: str | None, now: datetime) -> float | None:
    """What `retry-after` asks for, in seconds from now, from 0 to a day; None if it can't be read."""
    if value is None:
        return None
    seconds = count_of(value.strip())
    if seconds is not None:
        return min(float(seconds), _LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_WAIT_SECONDS)


def read(status_code: int, headers: Iterable[tuple[str, str]], content: bytes, *, now: datetime) -> Answer:
    """All that later code may want to know of an answer, read once."""
    by_name = {name.lower(): value for name, value in headers}
    body, problem = decode_json(content)
    top = _mapping(body)
    data = _mapping(top.get("data"))
    result = _mapping(data.get("result"))
    return Answer(
        status_code=status_code,
        headers=by_name,
        content=content,
        body=body,
        json_problem=problem,
        envelope=_envelope(body),
        code=_text(top.get("code")),
        error=_text(top.get("error")),
        chat_status=_text(result.get("status")),
        artifacts=_mapping(result.get("artifacts")),
        session_id=_id(data.get("sessionId")),
        actor_id=_text(_mapping(data.get("actor")).get("actorId")),
        event_id=_id(_mapping(data.get("event")).get("id")),
        trace_id=_id(result.get("traceId")),
        header_request_id=_id(by_name.get("x-request-id")),
        body_request_id=_id(top.get("requestId")),
        partner_id=_id(by_name.get("x-partner-id")),
        ratelimit_limit=count_of(by_name.get("x-ratelimit-limit")),
        ratelimit_remaining=count_of(by_name.get("x-ratelimit-remaining")),
        retry_after_seconds=wait_seconds(by_name.get("retry-after"), now),
    )


def artifacts_in(content: bytes) -> Mapping[str, object]:
    """The artifacts of a turn's answer, as `read` finds them; none in what is no such answer."""
    return _mapping(_mapping(_mapping(_mapping(decode_json(content)[0]).get("data")).get("result")).get("artifacts"))


def value_at(answer: Answer, path: str) -> object:
    """The value at a path inside the artifacts, else inside `data`; raises ValueMissingError."""
    try:
        return dig(answer.artifacts, path)
    except ValueMissingError:
        return dig(_mapping(answer.body).get("data"), path)


def snapshot_statuses(answer: Answer | None, session_id: str | None) -> tuple[str, ...] | None:
    """The statuses in a snapshot of this session, in order; None where there are none, or of another one."""
    if answer is None or answer.status_code != 200 or answer.session_id != session_id:
        return None
    has_history = isinstance(_mapping(_mapping(answer.body).get("data")).get("events"), list)
    return event_statuses(answer) if has_history else None


def event_statuses(answer: Answer) -> tuple[str, ...]:
    """The statuses of a snapshot's events, in order."""
    events = _mapping(_mapping(answer.body).get("data")).get("events")
    if not isinstance(events, list):
        return ()
    return tuple(status for event in events if (status := _text(_mapping(event).get("resultStatus"))))
