"""What is read of incidents: every look-up goes by an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, or_, select, tuple_

from probes.errors import UsageError
from probes.incident import AlertSeen, Incident, IncidentFilter, Notice
from probes.journal import finding
from probes.journal.incident_rows import alert_in, incident_in, notice_in
from probes.journal.moments import microseconds_of
from probes.journal.tables import alerts, incidents, notices
from probes.words import NoticeState

_AT_ONCE = 200


def newest_first(connection: Connection, wanted: IncidentFilter) -> Iterator[Incident]:
    """Page after page, each in a transaction of its own; `limit` is the caller's."""
    before = None if wanted.before is None else (microseconds_of(wanted.before[0]), wanted.before[1])
    while True:
        with connection.begin():
            page = connection.execute(_page(wanted, before).limit(_AT_ONCE)).all()
        found = map(incident_in, page)
        yield from (each for each in found if wanted.scenario is None or wanted.scenario in each.scenarios)
        if len(page) < _AT_ONCE:
            return
        before = (page[-1].detected_at, page[-1].incident_id)


def incident_named(connection: Connection, text: str) -> Incident | None:
    """The one of this id, or the only one that begins so. Raises UsageError if there are several."""
    if not finding.could_be_kept(text):
        return None
    exact = connection.execute(select(incidents).where(incidents.c.incident_id == text)).one_or_none()
    if exact is not None:
        return incident_in(exact)
    finding.refuse_short(text)
    begun = finding.begins_with(incidents.c.incident_id, text)
    rows = connection.execute(select(incidents).where(begun).order_by(incidents.c.incident_id).limit(2)).all()
    if len(rows) > 1:
        ids = f"{rows[0].incident_id} and {rows[1].incident_id}"
        raise UsageError(f"several incidents begin so, among them {ids}: say more of it")
    return incident_in(rows[0]) if rows else None


def waiting_notices(connection: Connection) -> tuple[Notice, ...]:
    """The first due first."""
    waits = notices.c.state == NoticeState.WAITING.value
    query = select(notices).where(waits).order_by(notices.c.due_at, notices.c.notice_id)
    return tuple(map(notice_in, connection.execute(query)))


def alerts_of(connection: Connection, incident_id: str) -> tuple[AlertSeen, ...]:
    """In the order in which they began."""
    if not finding.could_be_kept(incident_id):
        return ()
    tied = select(alerts).where(alerts.c.incident_id == incident_id)
    return tuple(map(alert_in, connection.execute(tied.order_by(alerts.c.starts_at, alerts.c.fingerprint))))


def _page(wanted: IncidentFilter, before: tuple[int, str] | None) -> Select[Any]:
    place = (incidents.c.detected_at, incidents.c.incident_id)
    query = select(incidents).order_by(*(column.desc() for column in place))
    if before is not None:
        query = query.where(tuple_(*place) < tuple_(*before))
    if wanted.target is not None:
        query = query.where(incidents.c.target == wanted.target)
    is_open = incidents.c.closed_at.is_(None)
    if wanted.open_only:
        return query.where(is_open)
    if wanted.since is not None:
        query = query.where(or_(is_open, incidents.c.closed_at >= microseconds_of(wanted.since)))
    return query
