"""A journal of a million exchanges, made in about a minute: rows in bulk, the indexes afterwards."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from probes.journal.migrating import HEAD, VERSION_TABLE
from probes.journal.moments import microseconds_of
from probes.journal.opening import make_file
from probes.journal.tables import exchanges, ids, metadata, runs, steps
from probes.words import IdKind

EXCHANGES_A_RUN = 7
REPEATED = "one-id-that-a-server-tells-in-every-run"
_EVERY_SECONDS = 20
_RUNS_AT_ONCE = 2_000
_FAILED_EVERY = 20
_ANSWER = '{"data": {"sessionId": "%s", "result": {"status": "shortlist", "traceId": "%s", "message": "%s"}}}'
_MESSAGE = "Here are three hotels that are cheap and refundable. " * 3
Row = tuple[Any, ...]


def run_id_of(number: int) -> str:
    """As random as a real one, and the same in every seeding."""
    return hashlib.blake2b(f"run {number}".encode(), digest_size=13).hexdigest()


def ids_of(number: int, seq: int) -> dict[IdKind, str]:
    """The ids of one exchange of a run."""
    raw = hashlib.blake2b(f"{number} {seq}".encode(), digest_size=16).hexdigest()
    session = f"sess_{1_771_456_953_407 + number}_{run_id_of(number)[:8]}"
    event = f"evt_{raw[:13]}"
    return {
        IdKind.REQUEST_ID: f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}",
        IdKind.TRACE_ID: f"demo-tenant:partner_api:partner-chat:{session}:{event}",
        IdKind.SESSION_ID: session,
        IdKind.EVENT_ID: event,
        IdKind.IDEMPOTENCY_KEY: f"brekwatch:{session}:turn:{seq:03}",
    }


def seed(path: Path, run_count: int, newest: datetime) -> None:
    """Make the journal: a run every twenty seconds until `newest`, one of twenty failed."""
    make_file(path)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
    connection.execute("CREATE TEMP TABLE unsorted (value, kind, run_id, seq)")
    connection.execute("BEGIN")
    for first in range(0, run_count, _RUNS_AT_ONCE):
        numbers = range(first, min(first + _RUNS_AT_ONCE, run_count))
        began = microseconds_of(newest) - (run_count - first) * _EVERY_SECONDS * 1_000_000
        _insert(connection, numbers, began)
    connection.execute("INSERT INTO ids SELECT * FROM unsorted ORDER BY value, kind, run_id, seq")
    for table in metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
    connection.execute(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)")
    connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES (?)", (HEAD,))  # noqa: S608 - a name of ours
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.close()


def _insert(connection: sqlite3.Connection, numbers: range, began: int) -> None:
    moments = {number: began + place * _EVERY_SECONDS * 1_000_000 for place, number in enumerate(numbers)}
    _put(connection, runs, _RUN_COLUMNS, (_run(number, at) for number, at in moments.items()))
    _put(connection, steps, _STEP_COLUMNS, (row for number in numbers for row in _steps(number)))
    _put(connection, exchanges, _EXCHANGE_COLUMNS, (row for each in moments.items() for row in _exchanges(*each)))
    rows = (row for number in numbers for row in _ids(number))
    connection.executemany("INSERT INTO unsorted VALUES (?, ?, ?, ?)", rows)


def _put(connection: sqlite3.Connection, table: Table, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    places = ", ".join("?" for _ in columns)
    connection.executemany(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})", rows)  # noqa: S608


_RUN_COLUMNS = tuple(
    "run_id instance_id target scenario leaves location recheck started_at finished_at outcome duration_seconds "
    "stored_bytes".split()
)


def _run(number: int, at: int) -> Row:
    outcome = "passed" if number % _FAILED_EVERY else "failed"
    target = f"target{number % 5}"
    return (run_id_of(number), "seed", target, "golden_path", "booking", "eu-1", 0, at, at + 9, outcome, 9.0, 6_000)


_STEP_COLUMNS = tuple("run_id position cleanup name outcome duration_seconds first_seq exchanges".split())


def _steps(number: int) -> Iterator[Row]:
    for position in range(EXCHANGES_A_RUN):
        yield run_id_of(number), position, 0, f"step{position}", "passed", 1.0, position, 1


_EXCHANGE_COLUMNS = tuple(
    "run_id seq step operation attempt method path started_at duration_seconds phases expected own_key own_style "
    "idempotency_key status_code envelope chat_status header_request_id request_id_state trace_id trace_id_state "
    "session_id event_id answer_bytes request_body answer_headers answer_body".split()
)


def _exchanges(number: int, at: int) -> Iterator[Row]:
    for seq in range(EXCHANGES_A_RUN):
        known = ids_of(number, seq)
        session, trace = known[IdKind.SESSION_ID], known[IdKind.TRACE_ID]
        yield (
            *(run_id_of(number), seq, f"step{seq}", "send_event", 1, "POST", "/api/partner/v1/core-chat/events"),
            *(at + seq, 0.25, '{"wait": 0.2}', 1, 1, 1, known[IdKind.IDEMPOTENCY_KEY], 200, "success", "shortlist"),
            *(known[IdKind.REQUEST_ID], "present", trace, "present", session, known[IdKind.EVENT_ID], 400),
            *(f'{{"sessionId": "{session}", "text": "option 1"}}', "{}", _ANSWER % (session, trace, _MESSAGE)),
        )


def _ids(number: int) -> Iterator[Row]:
    run_id = run_id_of(number)
    for seq in range(EXCHANGES_A_RUN):
        for kind, value in ids_of(number, seq).items():
            if seq == 0 or kind is not IdKind.SESSION_ID:
                yield value, kind.value, run_id, seq
    yield REPEATED, IdKind.REQUEST_ID.value, run_id, 0


assert ids.columns.keys() == ["value", "kind", "run_id", "seq"]
