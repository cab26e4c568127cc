"""How a journal's database is opened, from its URL: to write, from one thread; to read, beside it.

A SQLite journal is a file in WAL mode that only its owner may read; PostgreSQL is reached by psycopg.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from probes.errors import EmptyJournalError, JournalError

BUSY_SECONDS = 1.0
"""How long a write waits for somebody who has the database locked; a promise is given up after two of these."""

READ_SECONDS = 5.0
"""How long one read may take: a reader that stays keeps SQLite's write-ahead log from being emptied."""

_FILE = "sqlite:///"
_NO_JIT = "-c jit=off"  # compiling a query for seconds, to look up a few rows
_CHECKED_EVERY = 10_000  # virtual machine steps, about a millisecond
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_SERVER_OPTIONS: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "client_encoding": "utf8",
    "application_name": "brekwatch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a journal is: a SQLite file at `path`, or a PostgreSQL database. `shown` names it without secrets."""

    url: URL | None
    path: Path | None
    shown: str


def place_of(url: str) -> Place:
    """The place that a journal's URL names. Raises JournalError for one that names none."""
    if url.startswith(_FILE) and url not in {_FILE, f"{_FILE}:memory:"}:
        named = url.removeprefix(_FILE)  # a path may hold what means something in a URL
        path = Path(os.path.realpath(named))  # the locks beside it must be the same, whatever name led there
        return Place(url=None, path=path, shown=named)
    if url.startswith("postgresql://"):
        try:
            made = make_url(url).set(drivername="postgresql+psycopg")
        except (ArgumentError, ValueError):
            raise JournalError("the journal's address is no URL") from None
        shown = f"database {made.database or 'of the user'} on {made.host or 'the local server'}"
        return Place(url=made, path=None, shown=shown)
    raise JournalError("the journal must be a SQLite file (sqlite:///PATH) or a PostgreSQL database (postgresql://…)")


def make_file(path: Path) -> bool:
    """Make the file, and its folder, for their owner alone; whether it was not there before."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def writing_engine(place: Place) -> Engine:
    """An engine for the one connection that writes. Every transaction of SQLite's begins with its write lock."""
    if place.path is None:
        return _server_engine(place.url, "-c statement_timeout=10000 -c lock_timeout=2000")
    engine = _file_engine(place.path, "rw")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # heeded while the file is empty, and later a write
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # one that reads first and writes then fails at once

    return engine


def reading_engine(place: Place) -> Engine:
    """An engine whose connections can't write, and whose queries end after five seconds.

    Raises EmptyJournalError where there is no such file.
    """
    if place.path is None:
        milliseconds = int(READ_SECONDS * 1000)
        return _server_engine(
            place.url, f"-c default_transaction_read_only=on -c statement_timeout={milliseconds} {_NO_JIT}"
        )
    if not place.path.exists():
        raise EmptyJournalError(f"there is no journal at {place.shown}")
    engine = _file_engine(place.path, "ro")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver_connection(connection).set_progress_handler(_limit(READ_SECONDS), _CHECKED_EVERY)
        connection.exec_driver_sql("BEGIN")

    return engine


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection, for what must happen outside a transaction."""
    return connection.connection.driver_connection


def _limit(seconds: float) -> Callable[[], bool]:
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() > ends_at


def _file_engine(path: Path, mode: str) -> Engine:
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA trusted_schema=OFF")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _server_engine(url: URL | None, options: str) -> Engine:
    if url is None:
        raise JournalError("a journal is a file or in a server")
    asked = url.query.get("options", "")
    asked = asked if isinstance(asked, str) else " ".join(asked)
    own = {name: value for name, value in _SERVER_OPTIONS.items() if name not in url.query}
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args={**own, "options": f"{asked} {options}".strip()},
        poolclass=NullPool,
        hide_parameters=True,
    )
