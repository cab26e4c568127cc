"""`brekwatch notify test`: says something harmless to each receiver, over the very code that tells of an outage."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.delivery.alertmanager import Alert, requests
from alerts.delivery.channels import request_for
from alerts.delivery.documents import VERSION, moment
from alerts.delivery.posting import Request, Send
from probes.errors import UsageError
from probes.files.shapes import no_such
from probes.settings import Receiver, Settings
from probes.words import Channel, NoticeKind

_SUMMARY = "Test: brekwatch reaches this receiver"
_LINE = "Somebody ran `brekwatch notify test`. Nothing is wrong, and there is nothing to do."
_GOOD_FOR = timedelta(minutes=1)


def wanted(settings: Settings, name: str | None) -> tuple[Receiver, ...]:
    """The receivers to try; raises UsageError where there is none, or none of that name."""
    receivers = {receiver.name: receiver for receiver in settings.receivers}
    if not receivers:
        raise UsageError("there is no receiver: name a configuration with -c, and whom to tell under its `notify:`")
    if name is None:
        return tuple(receivers.values())
    if name not in receivers:
        raise UsageError(f"{name}: {no_such('receiver', name, receivers)}")
    return (receivers[name],)


async def tried(receivers: Iterable[Receiver], send: Send, say: Callable[[str], None]) -> bool:
    """Try each, and say a line of what came of it; whether all took it."""
    good = True
    for receiver in receivers:
        for which, request in _requests(receiver):
            answer = await send(request)
            good = good and answer.taken
            told = f"delivered (status {answer.status_code})" if answer.taken else f"NOT delivered: {answer}"
            say(f"{receiver.name} ({receiver.channel}{which}): {told}")
    return good


def _requests(receiver: Receiver) -> Iterable[tuple[str, Request]]:
    now = datetime.now(UTC)
    if receiver.channel is not Channel.ALERTMANAGER:
        notice_id = secrets.token_hex(13)
        yield "", request_for(receiver, _document(now), notice_id=notice_id, at=now)
        return
    alert = Alert(
        labels={"alertname": "BrekNotifyTest", "severity": "ticket"},
        annotations={"summary": _SUMMARY, "description": _LINE},
        started_at=now,
        link=None,
        ended_at=now + _GOOD_FOR,
    )
    for number, url in enumerate(receiver.urls, start=1):
        which = "" if len(receiver.urls) == 1 else f" {number} of {len(receiver.urls)}"
        yield from ((which, request) for request in requests(receiver, url, [alert], now))


def _document(now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "type": str(NoticeKind.TEST),
        "timestamp": moment(now),
        "links": {},
        "summary": _SUMMARY,
        "lines": [_LINE],
        "description": _LINE,
    }
