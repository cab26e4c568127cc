"""What a person does to a journal, beside a service that may be writing to it: check it, back it up, prune it now.

All of it raises JournalError with a sentence.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from probes.errors import JournalError
from probes.journal.assembling import store_of
from probes.journal.locks import LockedError
from probes.journal.migrating import HEAD, require_head
from probes.journal.opening import Place, driver_connection, place_of, reading_engine
from probes.journal.reading import why_unread
from probes.journal.retention import Pruning, used_bytes
from probes.journal.store import Store
from probes.journal.tables import intents, metadata, runs
from probes.journal.trouble import CorruptError
from probes.settings import Retention

_PAGES_A_COPY = 1024  # 4 MiB
_PAUSE_SECONDS = 0.03  # longer than another process waits between two looks at the write lock
_PATIENCE_SECONDS = 30.0
_THERE = "{} is there already: name a file that is not"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def check(url: str) -> Iterator[str]:
    """Line by line, that the journal is sound, and what it holds. Raises JournalError at what is not.

    Each table is read in a transaction of its own, however long that takes.
    """
    place = place_of(url)
    yield f"journal: {place.shown}"
    with _unlimited(place) as connection:
        require_head(connection)
    yield f"version: {HEAD}"
    for table in metadata.sorted_tables:
        with _unlimited(place) as connection:
            yield f"{table.name}: {_examined(connection, table)}"
    with _unlimited(place) as connection:
        yield f"size: {used_bytes(connection) / 1024**2:.1f} MiB"
        under_way = select(func.count()).where(runs.c.outcome.is_(None))
        yield f"runs under way: {connection.execute(under_way).scalar_one()}"
        unsettled = select(func.count()).where(intents.c.settled_at.is_(None))
        yield f"turns whose end is not known: {connection.execute(unsettled).scalar_one()}"


def _examined(connection: Connection, table: Table) -> str:
    """How many rows it has; of a file, also that they and their indexes are sound. A server looks after its own."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text(f"PRAGMA integrity_check({table.name})")).scalars().all()
        if found != ["ok"]:
            raise JournalError(f"the journal is damaged, in {table.name}: {str(found[0]).splitlines()[-1]}")
    rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return f"{rows} row{'' if rows == 1 else 's'}"


def _nobody(_: float) -> None:
    """Nobody wants to hear."""


def backup(url: str, destination: Path, tell: Callable[[float], None] = _nobody) -> None:
    """Copy a file's journal as it is at this moment, into one file for its owner alone; writers go on meanwhile.

    `tell` hears the share that is copied. What is there already is never overwritten, and a copy that isn't whole never
    gets the name. As long as it takes, SQLite's log of writes can't be emptied.
    """
    place = place_of(url)
    if place.path is None:
        raise JournalError(
            'a journal in PostgreSQL is backed up by the server\'s own tool: pg_dump --format=custom --file=FILE "$URL"'
        )
    if destination.exists():
        raise JournalError(_THERE.format(destination))
    with _unlimited(place) as source:
        require_head(source)
        with _told(Place(url=None, path=destination, shown=f"the copy at {destination}")):
            _copy(driver_connection(source), destination, tell)


def _copy(source: sqlite3.Connection, destination: Path, tell: Callable[[float], None]) -> None:
    def progress(_status: int, remaining: int, total: int) -> None:
        tell(1.0 - remaining / total)

    descriptor, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    partial = Path(name)
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            source.backup(copy, pages=_PAGES_A_COPY, progress=progress)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, that can be read where nothing may be written
        os.fsync(descriptor)
        _name(partial, destination)
    finally:
        os.close(descriptor)
        partial.unlink(missing_ok=True)
        partial.with_name(f"{partial.name}-journal").unlink(missing_ok=True)


def _name(partial: Path, destination: Path) -> None:
    """Give the copy its name, which is nobody else's, for good."""
    try:
        os.link(partial, destination)
    except FileExistsError:
        raise JournalError(_THERE.format(destination)) from None
    except OSError:  # this disk knows no second name for a file
        partial.rename(destination)
    folder = os.open(destination.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def prune(
    url: str, retention: Retention, tell: Callable[[int], None], *, now: Callable[[], datetime] = _utc_now
) -> int:
    """Let go of what is old, to the end, in the service's own small steps; how many runs went.

    `tell` hears that number as it grows. Between steps, others write.
    """
    place = place_of(url)
    with _unlimited(place) as connection:
        require_head(connection)
    pruning = Pruning(retention)
    store = store_of(url, instance_id=secrets.token_hex(16), command="journal prune", now=now)
    try:
        with _told(place):
            _patiently(store.open)
            while not pruning.sweeps:
                _patiently(lambda: _step(store, pruning, now()))
                tell(pruning.pruned)
                time.sleep(_PAUSE_SECONDS)
            _patiently(store.end)
    finally:
        store.close()
        store.locks.release()
    return pruning.pruned


def _step(store: Store, pruning: Pruning, now: datetime) -> None:
    with store.transaction() as connection:
        pruning.step(connection, now)
    store.tidy()


def _patiently(act: Callable[[], object]) -> None:
    """Do it as soon as no other process is in the way."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            act()
        except LockedError:
            if time.monotonic() > ends_at:
                raise
        else:
            return


@contextmanager
def _unlimited(place: Place) -> Iterator[Connection]:
    """A look at one moment of the journal, for as long as it takes."""
    engine = reading_engine(place)
    try:
        with _told(place), engine.connect() as connection, connection.begin():
            if connection.dialect.name == "sqlite":
                driver_connection(connection).set_progress_handler(None, 0)
            else:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """What the database or the disk has to say, as a sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, LockedError, CorruptError) as error:
        raise JournalError(f"the journal is of no use now ({place.shown}): {why_unread(error)}") from error
