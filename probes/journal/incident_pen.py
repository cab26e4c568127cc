"""What is written of incidents, in the caller's transaction: the last word on each wins, what is settled stays so."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table

from probes.incident import AlertSeen, Incident, Notice
from probes.journal.exchange_rows import Row
from probes.journal.incident_rows import alert_row, incident_row, notice_row
from probes.journal.inserting import insert_into, plain
from probes.journal.tables import alerts, incidents, notices
from probes.journal.texts import Scrub
from probes.words import NoticeState


def write_incidents(connection: Connection, known: Iterable[Incident], scrub: Scrub) -> None:
    """As they are now."""
    for incident in known:
        _replace(connection, incidents, incident_row(incident, scrub))


def write_notices(connection: Connection, new: Iterable[Notice], scrub: Scrub) -> None:
    """Those that are not there yet: one that was tried, or is settled, stays as it is."""
    for notice in new:
        connection.execute(insert_into(connection, notices).on_conflict_do_nothing(), plain(notice_row(notice, scrub)))


def settle_notice(connection: Connection, notice: Notice, scrub: Scrub) -> None:
    """As it stands now, if it still waited; also where the journal that knew of it is gone."""
    row = plain(notice_row(notice, scrub))
    new = insert_into(connection, notices)
    changed = {name: new.excluded[name] for name in ("due_at", "attempts", "state", "settled_at")}
    waits = notices.c.state == NoticeState.WAITING.value
    connection.execute(new.on_conflict_do_update(index_elements=["notice_id"], set_=changed, where=waits), row)


def write_alerts(connection: Connection, seen: Iterable[AlertSeen], scrub: Scrub) -> None:
    """As they were told last."""
    for alert in seen:
        _replace(connection, alerts, alert_row(alert, scrub))


def _replace(connection: Connection, table: Table, row: Row) -> None:
    new = insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    changed = {name: new.excluded[name] for name in row if name not in keys}
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), plain(row))
