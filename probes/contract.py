"""What an answer shows beside the documented shapes.

What is undocumented is tolerated and becomes a finding; it is never a failure by itself. Findings name
places and types, never values: a value may be a secret.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from probes.contract_shapes import ERROR_SHAPES, PROMISED_HEADERS, SUCCESS_SHAPES
from probes.model import Answer, Finding
from probes.redaction import bounded
from probes.words import ChatStatus, Envelope, ErrorCode, FindingKind, Operation

_NUMBER_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining")
_CHAT_STATUSES = frozenset(ChatStatus)
_CODES = frozenset(ErrorCode)
_SMALL_BYTES = 8_192
_MOST_ITEMS = 50
_MOST_VALUES = 2_000
_MOST_FINDINGS = 20  # an answer that breaks everything says so often enough


@cache
def _validator(operation: Operation, envelope: Envelope) -> Any:
    import jsonschema_rs

    schema = SUCCESS_SHAPES[operation] if envelope is Envelope.SUCCESS else ERROR_SHAPES[envelope]
    return jsonschema_rs.validator_for(schema)


def _place(path: list[str | int]) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the body"


class _Sample:
    """A large body cut to what is worth looking at: the validator tells all errors at once, and takes its time."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def of(self, value: object) -> object:
        self._left -= 1
        match value:
            case dict():
                return {name: self.of(item) for name, item in value.items() if self._left > 0}
            case list():
                return [self.of(item) for item in value[:_MOST_ITEMS] if self._left > 0]
            case _:
                return value


def _shape_findings(operation: Operation, answer: Answer) -> list[Finding]:
    if answer.envelope is None:
        return []
    validator = _validator(operation, answer.envelope)
    body = answer.body if len(answer.content) <= _SMALL_BYTES else _Sample().of(answer.body)
    if validator.is_valid(body):
        return []
    found: list[Finding] = []
    for error in validator.iter_errors(body):
        keyword = error.schema_path[-1] if error.schema_path else ""
        place = _place(list(error.instance_path))
        match keyword:
            case "additionalProperties":
                names = ", ".join(sorted(map(str, error.kind.unexpected))[:_MOST_FINDINGS])
                found.append(_finding(FindingKind.UNDOCUMENTED_FIELD, f"{place}: {bounded(names, 200)}", operation))
            case "required":
                found.append(_finding(FindingKind.MISSING_FIELD, f"{place}: {error.kind.property}", operation))
            case _:
                found.append(_finding(FindingKind.WRONG_TYPE, f"{place}: breaks {keyword}", operation))
    return found


def _finding(kind: FindingKind, detail: str, operation: Operation) -> Finding:
    return Finding(kind=kind, detail=detail, operation=operation)


def _header_findings(operation: Operation, answer: Answer) -> list[Finding]:
    if answer.status_code >= 300:
        return []
    missing = [name for name in PROMISED_HEADERS if name not in answer.headers]
    found = [_finding(FindingKind.MISSING_HEADER, name, operation) for name in missing]
    unread = {
        "x-ratelimit-limit": answer.ratelimit_limit,
        "x-ratelimit-remaining": answer.ratelimit_remaining,
    }
    found += [
        _finding(FindingKind.INVALID_HEADER, f"{name} is no whole number", operation)
        for name in _NUMBER_HEADERS
        if name in answer.headers and unread[name] is None
    ]
    return found


def _word_findings(operation: Operation, answer: Answer) -> list[Finding]:
    found: list[Finding] = []
    if answer.chat_status is not None and answer.chat_status not in _CHAT_STATUSES:
        found.append(_finding(FindingKind.UNDOCUMENTED_CHAT_STATUS, bounded(answer.chat_status, 80), operation))
    documented = answer.code in _CODES or answer.status_code >= 500  # 5xx: "varies"
    if answer.code is not None and not documented:
        found.append(_finding(FindingKind.UNDOCUMENTED_CODE, bounded(answer.code, 80), operation))
    return found


def findings(operation: Operation, answer: Answer) -> tuple[Finding, ...]:
    """What this answer shows that the documents don't say; they say nothing of the portal's answers."""
    if operation not in SUCCESS_SHAPES:
        return ()
    if "retry-after" in answer.headers and answer.retry_after_seconds is None:
        retry_after = [_finding(FindingKind.INVALID_HEADER, "retry-after can't be read", operation)]
    else:
        retry_after = []
    found = (
        *_shape_findings(operation, answer),
        *_header_findings(operation, answer),
        *_word_findings(operation, answer),
        *retry_after,
    )
    return tuple(dict.fromkeys(found))[:_MOST_FINDINGS]
