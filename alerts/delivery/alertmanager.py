"""Incidents for Alertmanager, without a Prometheus before it: all that are open, every minute, to every instance.

Alertmanager resolves what it isn't told of any more, so one missed post must not count: each is good for four minutes.
An alert is the same one as long as its labels are, so they are those that the incident had when it was first posted.
What is told once, and again, and to whom, is Alertmanager's own to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.delivery.documents import Document
from alerts.delivery.line import STUCK_AFTER
from alerts.delivery.posting import Request, Send
from alerts.delivery.waiting import Held
from alerts.thresholds import severity_of
from probes.incident import Incident
from probes.redaction import Secret
from probes.settings import Receiver
from probes.words import NO_STATUS, Severity, Telling

ALERT_NAME = "BrekIncident"
_GOOD_FOR = timedelta(minutes=4)
_RESOLVED_FOR = timedelta(minutes=5)
_EVERY_SECONDS = 60.0
_AGAIN_AFTER_SECONDS = 10.0
_PATH = "/api/v2/alerts"
_MOST_A_POST = 200

Documents = Callable[[Incident], Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is posted of an incident: its labels and texts for good, and its end once it has one."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    started_at: datetime
    link: str | None
    ended_at: datetime | None = None

    def posted(self, now: datetime) -> dict[str, Any]:
        """As the API wants it, at a moment: one that ends before it starts is refused, so a clock may be set back."""
        alert = {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": min(self.started_at, self.ended_at or now).isoformat(),
            "endsAt": (self.ended_at or now + _GOOD_FOR).isoformat(),
        }
        return alert if self.link is None else alert | {"generatorURL": self.link}


def alert_of(incident: Incident, document: Document) -> Alert:
    """Labels from closed sets and the configuration alone; what a server said is in the description."""
    links = document["links"]
    operation = incident.cause.operation
    annotations = {
        "summary": document["summary"],
        "description": document["description"],
        "incident_id": incident.incident_id,
        "incident_url": links["incident"],
        "runbook_url": links["runbook"],
        "dashboard_url": links["dashboard"],
    }
    return Alert(
        labels={
            "alertname": ALERT_NAME,
            "target": incident.cause.target,
            "kind": str(incident.cause.kind),
            "operation": NO_STATUS if operation is None else str(operation),
            "blame": str(incident.detected_blame or incident.blame),
            "severity": document["severity"],
            "location": incident.location,
        },
        annotations={name: text for name, text in annotations.items() if text},
        started_at=incident.detected_at,
        link=links["incident"],
    )


def requests(receiver: Receiver, url: Secret, alerts: Sequence[Alert], now: datetime) -> Iterable[Request]:
    """What one instance is sent, in portions."""
    headers = {"content-type": "application/json"}
    if receiver.secret is not None:
        headers["authorization"] = f"Bearer {receiver.secret.reveal()}"
    for first in range(0, len(alerts), _MOST_A_POST):
        posted = [alert.posted(now) for alert in alerts[first : first + _MOST_A_POST]]
        yield Request(url=Secret(url.reveal() + _PATH), content=json.dumps(posted).encode(), headers=headers)


def _wakes_now(incident: Incident, known: Alert) -> bool:
    severity = severity_of(incident.cause, incident.scenarios, incident.blame)
    return severity is Severity.PAGE and known.labels["severity"] == Severity.TICKET


class Board:
    """What Alertmanager is to be told now: pure but for its memory."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._alerts: dict[str, Alert] = {}

    def change(
        self, still_open: Iterable[Incident], ended: Iterable[Incident], document_of: Documents, now: datetime
    ) -> bool:
        """Know what is open; whether that is news. What opens in a maintenance is posted after it.

        What was a ticket and is a page now is another alert: nobody is woken by the first.
        """
        news = False
        for incident in still_open:
            known = self._alerts.get(incident.incident_id)
            if (known is None or _wakes_now(incident, known)) and not self._held(incident.cause.target):
                if known is not None:
                    self._alerts[f"{incident.incident_id} {Severity.TICKET}"] = replace(known, ended_at=now)
                self._alerts[incident.incident_id] = alert_of(incident, document_of(incident))
                news = True
        for incident in ended:
            known = self._alerts.get(incident.incident_id)
            if known is not None and known.ended_at is None:
                self._alerts[incident.incident_id] = replace(known, ended_at=incident.closed_at or now)
                news = True
        return news

    def alerts(self, now: datetime) -> list[Alert]:
        """Those that are open, and for a while those that ended."""
        self._alerts = {
            key: alert
            for key, alert in self._alerts.items()
            if alert.ended_at is None or now - alert.ended_at < _RESOLVED_FOR
        }
        return list(self._alerts.values())


class Instance:
    """One Alertmanager of a receiver, told in its own time."""

    def __init__(
        self, receiver: Receiver, url: Secret, board: Board, *, send: Send, now: Callable[[], datetime]
    ) -> None:
        self.receiver = receiver
        self._url = url
        self._board = board
        self._send = send
        self._now = now
        self._failing_since: datetime | None = None
        self.woken = asyncio.Event()

    def problem(self) -> str | None:
        """Why it can't be called told."""
        if self._failing_since is None or self._now() - self._failing_since < STUCK_AFTER:
            return None
        return f"the receiver {self.receiver.name} was not reached for {STUCK_AFTER.seconds // 60} minutes"

    async def post(self) -> tuple[Telling, str] | None:
        """Tell all there is; None where there is nothing."""
        now = self._now()
        alerts = self._board.alerts(now)
        for request in requests(self.receiver, self._url, alerts, now):
            answer = await self._send(request)
            if not answer.taken:
                self._failing_since = self._failing_since or now
                return Telling.FAILED, str(answer)
        self._failing_since = None
        return (Telling.DELIVERED, "") if alerts else None

    async def run(self, tell: Callable[[Receiver, Telling, str], None]) -> None:
        """Every minute, at once after a change, and sooner after a failure."""
        while True:
            self.woken.clear()
            told = await self.post()
            if told is not None:
                tell(self.receiver, *told)
            failed = told is not None and told[0] is Telling.FAILED
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_AFTER_SECONDS if failed else _EVERY_SECONDS):
                    await self.woken.wait()
