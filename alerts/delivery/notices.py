"""What a change of incidents makes to be said, and to whom: pure, with ids that are the same each time it is made."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.delivery.documents import Document, Writer
from alerts.thresholds import severity_of
from probes.incident import Incident, Notice
from probes.model import Run
from probes.settings import Receiver
from probes.words import Channel, FailureKind, NoticeKind, Severity

_ID_CHARACTERS = 26
BY_EVENT = frozenset({Channel.WEBHOOK, Channel.SLACK})
"""The channels that are told once of each thing; Alertmanager is told all that is open, again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to say of an incident, not before `due_at`."""

    incident: Incident
    kind: NoticeKind
    due_at: datetime
    number: int = 0


def event_kind(incident: Incident, run: Run | None) -> NoticeKind | None:
    """What a changed incident asks to be said: that this run opened or worsened it, or that it ended; else nothing."""
    if not incident.is_open:
        return NoticeKind.RESOLVED
    if run is None:
        return None
    if incident.detected_run_id == run.run_id:
        return NoticeKind.OPENED
    return NoticeKind.WORSENED if incident.last_failed_run_id == run.run_id and _is_worse(incident, run) else None


def _is_worse(incident: Incident, by: Run) -> bool:
    """Each booking that nobody asked for is money; and a ticket is no page for whom it hits as the first."""
    cause = incident.cause
    if cause.kind is FailureKind.UNEXPECTED_BOOKING:
        return True
    others = [hit.scenario for hit in incident.hits if hit.scenario != by.scenario]
    if any(hit.scenario == by.scenario and hit.failed_runs > 1 for hit in incident.hits):
        return False
    before, after = severity_of(cause, others, incident.blame), severity_of(cause, incident.scenarios, incident.blame)
    return before is Severity.TICKET and after is Severity.PAGE


def notices_of(
    events: Iterable[Event], receivers: Iterable[Receiver], *, run: Run | None, at: datetime, writer: Writer
) -> tuple[Notice, ...]:
    """A notice for each event and each receiver that is told by event, with the run's proof."""
    told = [receiver for receiver in receivers if receiver.channel in BY_EVENT]
    if not told:
        return ()
    evidence = None if run is None else writer.evidence(run)
    found = []
    for event in events:
        document = writer.incident(event.kind, event.incident, at=at, evidence=evidence)
        found += [notice_of(event, receiver.name, document, at=at) for receiver in told]
    return tuple(found)


def notice_of(event: Event, receiver: str, document: Document, *, at: datetime) -> Notice:
    """One notice for one receiver."""
    return Notice(
        notice_id=notice_id(event.incident.incident_id, receiver, event.kind, event.number),
        receiver=receiver,
        kind=event.kind,
        incident_id=event.incident.incident_id,
        document=json.dumps(document, ensure_ascii=False),
        created_at=at,
        due_at=event.due_at,
    )


def notice_id(incident_id: str, receiver: str, kind: str, number: int) -> str:
    """26 characters that follow from what is said, to whom, for the how manieth time."""
    digest = hashlib.sha256("\0".join((incident_id, receiver, kind, str(number))).encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_ID_CHARACTERS]
