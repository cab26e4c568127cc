"""Exchanges as the JSON document of an audit holds them, and the digest that anybody can make of that document again.

jq -cSj .exchanges audit.json | sha256sum
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from probes.readiness.evidence import Seen
from probes.readiness.rules.conversations import key_of, session_of
from probes.redaction import printable

_LONGEST_TEXT = 1024


def exchange_json(seen: Seen) -> dict[str, object]:
    """One exchange: what was asked, what was answered and when, in seconds since the audit began.

    No body, and no actor: a partner's end-user id may be somebody's name.
    """
    answer = seen.answer
    return {
        "number": seen.number,
        "situation": seen.situation,
        "began_seconds": _seconds(seen.began_seconds),
        "ended_seconds": _seconds(seen.ended_seconds),
        "started_at": _moment(seen.started_at),
        "method": _text(seen.method),
        "path": _text(seen.path),
        "operation": seen.operation,
        "session_id": _text(session_of(seen)),
        "idempotency_key": _text(key_of(seen)),
        "key_styles": list(seen.key_styles),
        "status_code": seen.status_code,
        "code": _text(answer.code) if answer else None,
        "chat_status": _text(answer.chat_status) if answer else None,
        "request_id": _text(answer.header_request_id or answer.body_request_id) if answer else None,
        "trace_id": _text(answer.trace_id) if answer else None,
        "lost": seen.lost,
    }


def digest(exchanges: Iterable[Seen]) -> str:
    """The evidence's SHA-256, in hex: of what `exchange_json` makes of each, in order."""
    return digest_of_json([exchange_json(seen) for seen in exchanges])


def digest_of_json(exchanges: Sequence[object]) -> str:
    """The same of the document's list of exchanges: JSON without blanks, keys in order, in UTF-8."""
    canonical = json.dumps(exchanges, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _text(value: str | None) -> str | None:
    """Text that is written in one way only: without control characters, halves of characters, or an end far away."""
    return None if value is None else printable(value, _LONGEST_TEXT)


def _seconds(value: float | None) -> float | None:
    """To the microsecond; a whole number without `.0`, as other programs write it."""
    if value is None:
        return None
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() else rounded


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
