"""Incidents, notices and alerts as rows of the journal, and back: scrubbed, fit for any database, bounded. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row as Record

from probes.incident import AlertSeen, Cause, Hit, Incident, Notice
from probes.journal.exchange_rows import Row
from probes.journal.facts import word_of
from probes.journal.moments import microseconds_of, moment_of
from probes.journal.texts import ID_CHARACTERS, NOTICE_CHARACTERS, Scrub, kept_id, kept_text
from probes.words import Blame, Ended, Environment, FailureKind, NoticeKind, NoticeState, Operation

_MOMENTS = ("first_failed_at", "detected_at", "last_failed_at", "last_good_at", "recovered_at", "closed_at")
_RUNS = ("first_failed_run_id", "detected_run_id", "last_failed_run_id", "last_good_run_id", "recovered_run_id")

Document = Mapping[str, Any]


def incident_row(incident: Incident, scrub: Scrub) -> Row:
    """An incident, whole. One that ended and doesn't say when counts as closed with its last failure."""
    cause = incident.cause
    ended_at = None if incident.is_open else incident.closed_at or incident.last_failed_at
    return {
        "incident_id": kept_id(incident.incident_id, scrub) or "",
        "target": _word(cause.target, scrub),
        "kind": _word(cause.kind, scrub),
        "operation": cause.operation,
        "detected_at": microseconds_of(incident.detected_at),
        "closed_at": _since_epoch(ended_at),
        "document": json.dumps(document_of(incident, scrub)),
    }


def document_of(incident: Incident, scrub: Scrub) -> Document:
    """An incident as JSON: its texts scrubbed and bounded, its moments as ISO 8601 in UTC."""
    cause = incident.cause
    return {
        "incident_id": kept_id(incident.incident_id, scrub) or "",
        "target": _word(cause.target, scrub),
        "kind": cause.kind,
        "operation": cause.operation,
        "blame": incident.blame,
        "detected_blame": incident.detected_blame,
        "environment": incident.environment,
        "location": _word(incident.location, scrub),
        "hits": [_hit_document(hit, scrub) for hit in incident.hits],
        "ended": incident.ended,
        **{name: kept_id(getattr(incident, name), scrub) for name in _RUNS},
        **{name: _text_of(getattr(incident, name)) for name in _MOMENTS},
    }


def incident_of(document: Document) -> Incident:
    """The incident that `document_of` wrote down. A word that another version added stays the word that it is."""
    operation, ended, detected_blame = document["operation"], document["ended"], document.get("detected_blame")
    cause = Cause(
        target=document["target"],
        kind=word_of(FailureKind, document["kind"]),
        operation=None if operation is None else word_of(Operation, operation),
    )
    return Incident(
        incident_id=document["incident_id"],
        cause=cause,
        blame=word_of(Blame, document["blame"]),
        environment=word_of(Environment, document["environment"]),
        location=document["location"],
        hits=tuple(map(_hit_of, document["hits"])),
        ended=None if ended is None else word_of(Ended, ended),
        detected_blame=None if detected_blame is None else word_of(Blame, detected_blame),
        **{name: document[name] for name in _RUNS},
        **{name: _moment_in(document[name]) for name in _MOMENTS},
    )


def incident_in(record: Record[Any]) -> Incident:
    """The incident of a row."""
    return incident_of(json.loads(record.document))


def notice_row(notice: Notice, scrub: Scrub) -> Row:
    """A notice. What it says is JSON, bounded by whoever made it: one beyond all measure is cut, and can't be sent."""
    return {
        "notice_id": kept_id(notice.notice_id, scrub) or "",
        "receiver": _word(notice.receiver, scrub),
        "kind": notice.kind,
        "incident_id": kept_id(notice.incident_id, scrub),
        "document": kept_text(notice.document, NOTICE_CHARACTERS, scrub),
        "created_at": microseconds_of(notice.created_at),
        "due_at": microseconds_of(notice.due_at),
        "attempts": notice.attempts,
        "state": notice.state,
        "settled_at": _since_epoch(notice.settled_at),
    }


def notice_in(record: Record[Any]) -> Notice:
    """The notice of a row."""
    return Notice(
        notice_id=record.notice_id,
        receiver=record.receiver,
        kind=word_of(NoticeKind, record.kind),
        incident_id=record.incident_id,
        document=record.document,
        created_at=moment_of(record.created_at),
        due_at=moment_of(record.due_at),
        attempts=record.attempts,
        state=word_of(NoticeState, record.state),
        settled_at=_moment_since(record.settled_at),
    )


def alert_row(alert: AlertSeen, scrub: Scrub) -> Row:
    """An alert, whose words are another program's."""
    return {
        "fingerprint": kept_id(alert.fingerprint, scrub) or "",
        "starts_at": microseconds_of(alert.starts_at),
        "name": _word(alert.name, scrub),
        "status": _word(alert.status, scrub),
        "ends_at": _since_epoch(alert.ends_at),
        "target": None if alert.target is None else _word(alert.target, scrub),
        "scenario": None if alert.scenario is None else _word(alert.scenario, scrub),
        "incident_id": kept_id(alert.incident_id, scrub),
        "received_at": microseconds_of(alert.received_at),
    }


def alert_in(record: Record[Any]) -> AlertSeen:
    """The alert of a row."""
    return AlertSeen(
        fingerprint=record.fingerprint,
        name=record.name,
        status=record.status,
        starts_at=moment_of(record.starts_at),
        ends_at=_moment_since(record.ends_at),
        target=record.target,
        scenario=record.scenario,
        incident_id=record.incident_id,
        received_at=moment_of(record.received_at),
    )


def _hit_document(hit: Hit, scrub: Scrub) -> Document:
    return {
        "scenario": _word(hit.scenario, scrub),
        "failed_runs": hit.failed_runs,
        "first_failed_at": _text_of(hit.first_failed_at),
        "last_failed_at": _text_of(hit.last_failed_at),
        "good_in_a_row": hit.good_in_a_row,
        "good_since": _text_of(hit.good_since),
        "every_seconds": hit.every_seconds,
        "availability": hit.availability,
    }


def _hit_of(document: Document) -> Hit:
    return Hit(
        scenario=document["scenario"],
        failed_runs=document["failed_runs"],
        first_failed_at=datetime.fromisoformat(document["first_failed_at"]),
        last_failed_at=datetime.fromisoformat(document["last_failed_at"]),
        good_in_a_row=document["good_in_a_row"],
        good_since=_moment_in(document["good_since"]),
        every_seconds=document["every_seconds"],
        availability=document["availability"],
    )


def _word(text: str, scrub: Scrub) -> str:
    return kept_text(text, ID_CHARACTERS, scrub)


def _text_of(moment: datetime | None) -> str | None:
    """By way of microseconds, so that any aware moment is in UTC."""
    return None if moment is None else moment_of(microseconds_of(moment)).isoformat()


def _moment_in(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)


def _since_epoch(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds_of(moment)


def _moment_since(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment_of(microseconds)
