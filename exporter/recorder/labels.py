"""Label values from closed sets: whatever a server invents becomes `other`, so it can add no series."""

from __future__ import annotations

from probes.words import NO_STATUS, OTHER, ChatStatus, ErrorCode, SkipReason

_LISTED = {code: str(code) for code in (200, 201, 400, 401, 403, 404, 409, 429, 500, 502, 503, 504)}
_CLASSES = {number: f"{number}xx" for number in range(1, 6)}
_CODES = {code.value: code.value for code in ErrorCode}
_SKIP_REASONS = frozenset(SkipReason)
_CHAT_STATUSES = {status.value: status.value for status in ChatStatus} | {NO_STATUS: NO_STATUS}


def status_code_label(status_code: int | None) -> str:
    """A listed HTTP status as it is, another as its class (`5xx`), none where no answer came."""
    if status_code is None:
        return NO_STATUS
    return _LISTED.get(status_code) or _CLASSES.get(status_code // 100, OTHER)


def code_label(code: str | None) -> str:
    """A documented error code as it is."""
    return NO_STATUS if code is None else _CODES.get(code, OTHER)


def chat_status_label(chat_status: str) -> str:
    """A documented chat status as it is, or `none` for the start of a conversation."""
    return _CHAT_STATUSES.get(chat_status, OTHER)


def skip_reason_label(reason: str | None) -> str:
    """A reason of the closed set; a skip without one is a bug of ours, still counted."""
    return reason if reason in _SKIP_REASONS else OTHER


def truth_label(truth: bool) -> str:
    """A yes or no as Prometheus users write it."""
    return "true" if truth else "false"
