"""Journals of any age and shape, row by row: what a real journal would have needed months to write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, Engine, Integer, LargeBinary, Table, insert

from probes.journal.migrating import HEAD, VERSION_TABLE
from probes.journal.moments import microseconds_of
from probes.journal.opening import make_file, place_of, writing_engine
from probes.journal.tables import exchanges, ids, metadata, runs
from probes.words import IdKind

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_PLAIN: tuple[tuple[type[Any], object], ...] = (
    (Boolean, False),
    (Integer, 1),
    (BigInteger, 1),
    (Double, 0.25),
    (LargeBinary, b""),
)
_ID_COLUMNS = {
    "header_request_id": IdKind.REQUEST_ID,
    "body_request_id": IdKind.REQUEST_ID,
    "trace_id": IdKind.TRACE_ID,
    "session_id": IdKind.SESSION_ID,
    "event_id": IdKind.EVENT_ID,
    "idempotency_key": IdKind.IDEMPOTENCY_KEY,
}


def new_journal(url: str) -> Engine:
    """An engine that writes to a journal with empty tables."""
    place = place_of(url)
    if place.path is not None:
        make_file(place.path)
    engine = writing_engine(place)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')")  # noqa: S608
    return engine


def put(connection: Connection, table: Table, **columns: object) -> None:
    """A row of this table; moments may be given as such, and what must be there and isn't given is made up."""
    wanted = [column for column in table.columns if not column.nullable and column.autoincrement is not True]
    row = {column.name: _made_up(column) for column in wanted} | {
        name: microseconds_of(value) if isinstance(value, datetime) else value for name, value in columns.items()
    }
    connection.execute(insert(table).values(row))


def put_run(connection: Connection, run_id: str, **columns: object) -> None:
    """A run that passed at noon, unless told otherwise; of an outcome None it is under way."""
    plain: dict[str, object] = {
        "target": "acme",
        "scenario": "quick_search",
        "leaves": "session",
        "location": "eu-1",
        "outcome": "passed",
        "started_at": NOON,
        "duration_seconds": 1.5,
    }
    row = plain | columns
    row["finished_at"] = None if row["outcome"] is None else row.get("finished_at", row["started_at"])
    put(connection, runs, run_id=run_id, **row)


def put_exchange(connection: Connection, run_id: str, seq: int = 1, **columns: object) -> None:
    """An answered turn of a run; the ids that it has are found by the index, as in a real journal."""
    plain: dict[str, object] = {"step": "search", "operation": "send_event", "started_at": NOON, "status_code": 200}
    row = plain | columns
    put(connection, exchanges, run_id=run_id, seq=seq, **row)
    named = {(kind, row[name]) for name, kind in _ID_COLUMNS.items() if name in row}
    for kind, value in sorted(named):
        put(connection, ids, value=value, kind=kind, run_id=run_id, seq=seq)


def _made_up(column: Column[Any]) -> object:
    if column.name == "phases":
        return "{}"
    return next((value for kind, value in _PLAIN if isinstance(column.type, kind)), "")
