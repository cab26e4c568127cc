"""A SQLite journal, opened to write: checked, watched, set aside when it is damaged, its log of writes kept short."""

from __future__ import annotations

import glob
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from probes.journal.locks import FileLocks
from probes.journal.migrating import version
from probes.journal.moments import day_of
from probes.journal.opening import Place, driver_connection, make_file, reading_engine, writing_engine
from probes.journal.statements import close_day
from probes.journal.store import Instance, Store
from probes.journal.tables import metadata
from probes.journal.trouble import CorruptError

_CHECK_SECONDS = 1.5  # a big journal is checked in part, or every start would wait for it
_CHECKED_EVERY = 10_000
_WAL_BYTES = 1024 * 1024  # some runs' worth: what small commits write fills a small disk with the same few pages
_WAL_TOO_BIG_BYTES = 16 * 1024 * 1024
_Identity = tuple[int, int]


class FileStore(Store):
    """One file, and the two that SQLite keeps beside it."""

    def __init__(
        self, place: Place, path: Path, instance: Instance, now: Callable[[], datetime], *, exclusive: bool = False
    ) -> None:
        super().__init__(place, instance, FileLocks(path, instance.instance_id), writing_engine(place), now)
        self._path = path
        self._exclusive = exclusive
        self._log = path.with_name(f"{path.name}-wal")
        self._identity: _Identity | None = None
        self._log_identity: _Identity | None = None
        self._reader: Engine | None = None
        self._size = 0
        self._another = False

    def open(self) -> bool:
        """Make the file if it isn't there; one that is damaged is set aside (CorruptError: open again).

        Where another file stands than before, what was reserved today isn't known: the day is closed for bookings.
        """
        make_file(self._path)
        if self._exclusive:
            self.locks.take_service()
        self.locks.keep_instance()
        with self.locks.writing():
            before, self._identity = self._identity, self._stat()
            self._another |= before is not None and before != self._identity
            with _understood():
                self._connection = self._engine.connect()
        with _understood():
            _check(driver_connection(self.connection))  # others may write meanwhile: it takes a while
        with self.locks.writing():
            self.look()
            with _understood():
                self._make_ready(self.connection)
            self._checkpoint("PASSIVE")  # so that the file holds its tables by itself
            self._stat()
            self._log_identity = _identity(self._log)
        another, self._another = self._another, False
        return another

    def _make_ready(self, connection: Connection) -> None:
        with connection.begin():
            count_lost = self._another or (version(connection) is None and self._set_aside_today())
            self._prepare(connection)
            for table in metadata.sorted_tables:
                connection.execute(select(table).limit(0))
            if count_lost:
                close_day(connection, day_of(self._now()), "set-aside")

    def _set_aside_today(self) -> bool:
        """Also by a process that did not live to begin the next one."""
        name = f"{glob.escape(self._path.name)}.corrupt-{self._now():%Y%m%d}T*"
        return next(self._path.parent.glob(name), None) is not None

    def be_durable(self, connection: Connection, *, durable: bool) -> None:
        """In WAL mode a commit waits for the disk only if it is told to."""
        driver_connection(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def look(self) -> None:
        """The same file, and not shorter than its pages. It must not be opened for that: closing it drops our locks."""
        known, size = self._identity, self._size
        try:
            found = self._stat()
        except FileNotFoundError:
            raise CorruptError("the file is gone") from None
        if known != found:
            self._identity = known
            raise CorruptError("another file stands in its place")
        if self._size < size:
            self._check_shorter()

    def tidy(self) -> None:
        """Empty the log of writes into the file; a reader may hold that up, but not for long."""
        waiting = self._wal_bytes()
        if waiting > _WAL_BYTES:
            with self.locks.writing():
                self._checkpoint("TRUNCATE" if waiting > _WAL_TOO_BIG_BYTES else "PASSIVE")

    def size_bytes(self) -> int | None:
        """The file and its log."""
        with suppress(OSError):
            return self._path.stat().st_size + self._wal_bytes()
        return None

    def set_aside(self) -> None:
        """Rename the file and its log; only then close it, so that SQLite touches neither any more.

        Where another file came to its place already, only a log that is left of the old one must not meet it.
        """
        with self.locks.writing():
            if _identity(self._path) in {None, self._identity}:
                self._rename("", "-wal", "-shm")
            elif _identity(self._log) == self._log_identity:
                self._rename("-wal", "-shm")
            self.close()
        self._another = True

    def end(self) -> None:
        """End well, with all writes in the file."""
        super().end()
        with self.locks.writing():
            self._checkpoint("TRUNCATE")
            self.close()  # the last one to close would write to the file, too

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """On a connection of its own, whose eyes are fresh: what it finds damaged, memory may hide."""
        self.look()
        with self._fresh_eyes().connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _begun(self, connection: Connection, *, durable: bool) -> Iterator[None]:
        self.be_durable(connection, durable=durable)
        with connection.begin():
            yield

    def _stat(self) -> _Identity:
        found = self._path.stat()
        self._size = found.st_size
        return found.st_dev, found.st_ino

    def _rename(self, *parts: str) -> None:
        name = f"{self._path.name}.corrupt-{self._now():%Y%m%dT%H%M%SZ}"
        for part in parts:
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + part).rename(self._path.with_name(name + part))

    def _check_shorter(self) -> None:
        """A vacuum shortens the file; whoever truncates it leaves it shorter than its pages."""
        if self._size == 0:
            raise CorruptError("the file was emptied")
        raw = driver_connection(self.connection)
        pages, page_bytes = (raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * page_bytes > self._size:
            with self._fresh_eyes().connect() as fresh:  # this one may have the lost pages in memory
                _check(driver_connection(fresh))

    def _fresh_eyes(self) -> Engine:
        self._reader = self._reader or reading_engine(self.place)
        return self._reader

    def _checkpoint(self, mode: str) -> None:
        raw = driver_connection(self.connection)
        raw.execute("PRAGMA busy_timeout=100")
        try:
            raw.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        finally:
            raw.execute("PRAGMA busy_timeout=1000")

    def _wal_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def _identity(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _understood() -> Iterator[None]:
    """Tables that tell our version and aren't ours are damaged; what SQLite says of them may not even be text."""
    try:
        yield
    except UnicodeDecodeError:
        raise CorruptError("its schema is no text") from None
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise CorruptError(str(error.orig)) from None
        raise


def _check(raw: sqlite3.Connection) -> None:
    """As much of the file as can be read in a moment. Raises CorruptError with what SQLite finds."""
    ends_at = time.monotonic() + _CHECK_SECONDS
    raw.set_progress_handler(lambda: time.monotonic() > ends_at, _CHECKED_EVERY)
    try:
        found = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        raw.set_progress_handler(None, 0)
    if found != "ok":
        raise CorruptError(str(found).splitlines()[0])
