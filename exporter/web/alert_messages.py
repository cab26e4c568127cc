"""What Alertmanager's webhook sends, version 4, read with suspicion: shape, bounds and moments are checked here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeGuard

import orjson

from alerts.tying import ToldAlert
from probes.redaction import printable

MOST_ALERTS = 10_000
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_LONGEST = 128
_STATUSES = frozenset({"firing", "resolved"})
_YEARS = range(1970, 9999)


class MessageError(Exception):
    """What was sent is no such message, and never will be; the text says why. It repeats nothing of it."""


def alerts_in(body: bytes) -> tuple[ToldAlert, ...]:
    """The alerts of a message, each once, as told last. Raises MessageError."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MessageError("the body is no JSON") from None
    match message:
        case {"version": "4", "alerts": list(alerts)}:
            pass
        case {"version": "4"}:
            raise MessageError("there is no list of alerts in it")
        case _:
            raise MessageError('it is no message of Alertmanager\'s webhook, whose version is "4"')
    if len(alerts) > MOST_ALERTS:
        raise MessageError(f"it holds more than {MOST_ALERTS} alerts: set max_alerts in the receiver's webhook_configs")
    told = [_alert(alert, number) for number, alert in enumerate(alerts)]
    return tuple({(alert.fingerprint, alert.starts_at): alert for alert in told}.values())


def _alert(alert: object, number: int) -> ToldAlert:
    if not isinstance(alert, dict):
        raise MessageError(f"alerts[{number}] is no object")
    match alert:
        case {"fingerprint": str(fingerprint), "status": str(status), "labels": dict(labels), "startsAt": str(starts)}:
            pass
        case _:
            raise MessageError(f"alerts[{number}] wants fingerprint, status, labels and startsAt")
    if not _FINGERPRINT.fullmatch(fingerprint) or status not in _STATUSES:
        raise MessageError(f"alerts[{number}] has no hexadecimal fingerprint, or is neither firing nor resolved")
    starts_at = _moment(starts)
    if starts_at is None:
        raise MessageError(f"alerts[{number}].startsAt is no moment as RFC 3339 writes it")
    return ToldAlert(
        fingerprint=fingerprint,
        name=_label(labels, "alertname") or "unnamed",
        status=status,
        starts_at=starts_at,
        ends_at=_moment(alert.get("endsAt")) if status == "resolved" else None,
        target=_label(labels, "target"),
        scenario=_label(labels, "scenario"),
        kind=_label(labels, "kind"),
    )


def _label(labels: dict[str, object], name: str) -> str | None:
    value = labels.get(name)
    return printable(value, _LONGEST) if _is_told(value) else None


def _is_told(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _moment(text: object) -> datetime | None:
    """An aware moment in UTC; None for what is none, and for Go's year 1, which means that there is none."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year not in _YEARS:
        return None
    return moment.astimezone(UTC)
