"""Incidents, notices and alerts as a journal keeps them, each with sound defaults, each overridable by keyword."""

from __future__ import annotations

from datetime import timedelta

from support.facts import NOON, RUN_ID, SEARCH

from probes.incident import AlertSeen, Cause, Hit, Incident, Notice
from probes.words import Blame, Ended, Environment, FailureKind, NoticeKind, NoticeState, Operation

MINUTE = timedelta(minutes=1)
INCIDENT_ID = "inc_h3c4kq"


def a_cause(**changes: object) -> Cause:
    facts = {"target": "acme", "kind": FailureKind.SERVER_ERROR, "operation": Operation.SEND_EVENT}
    return Cause(**(facts | changes))  # type: ignore[arg-type]


def a_hit(**changes: object) -> Hit:
    facts: dict[str, object] = {
        "scenario": SEARCH.name,
        "failed_runs": 3,
        "first_failed_at": NOON,
        "last_failed_at": NOON + 2 * MINUTE,
    }
    return Hit(**(facts | changes))  # type: ignore[arg-type]


def an_incident(**changes: object) -> Incident:
    facts: dict[str, object] = {
        "incident_id": INCIDENT_ID,
        "cause": a_cause(),
        "blame": Blame.API,
        "environment": Environment.SANDBOX,
        "location": "eu-1",
        "hits": (a_hit(),),
        "first_failed_run_id": RUN_ID,
        "first_failed_at": NOON,
        "detected_run_id": RUN_ID,
        "detected_at": NOON + 2 * MINUTE,
        "last_failed_run_id": RUN_ID,
        "last_failed_at": NOON + 2 * MINUTE,
    }
    return Incident(**(facts | changes))  # type: ignore[arg-type]


def a_closed_incident(**changes: object) -> Incident:
    facts: dict[str, object] = {
        "recovered_run_id": RUN_ID,
        "recovered_at": NOON + 3 * MINUTE,
        "closed_at": NOON + 4 * MINUTE,
        "ended": Ended.RECOVERED,
    }
    return an_incident(**(facts | changes))


def a_notice(**changes: object) -> Notice:
    facts: dict[str, object] = {
        "notice_id": "ntc_1",
        "receiver": "on-call",
        "kind": NoticeKind.OPENED,
        "incident_id": INCIDENT_ID,
        "document": '{"headline": "it broke"}',
        "created_at": NOON,
        "due_at": NOON,
    }
    return Notice(**(facts | changes))  # type: ignore[arg-type]


def a_settled_notice(**changes: object) -> Notice:
    facts: dict[str, object] = {"attempts": 1, "state": NoticeState.DELIVERED, "settled_at": NOON + MINUTE}
    return a_notice(**(facts | changes))


def an_alert(**changes: object) -> AlertSeen:
    facts: dict[str, object] = {
        "fingerprint": "b3c5",
        "name": "BrekServerErrors",
        "status": "firing",
        "starts_at": NOON,
        "ends_at": None,
        "target": "acme",
        "scenario": SEARCH.name,
        "incident_id": INCIDENT_ID,
        "received_at": NOON + MINUTE,
    }
    return AlertSeen(**(facts | changes))  # type: ignore[arg-type]
