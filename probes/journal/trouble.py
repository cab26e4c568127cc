"""What an error of the database means, and how people are told of it."""

from __future__ import annotations

import errno
import sqlite3
from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError

from probes.errors import JournalError, JournalInUseError
from probes.journal.locks import LockedError
from probes.journal.migrating import NewerJournalError

_OWN_FAULT = (
    psycopg.errors.DataError,
    psycopg.errors.IntegrityError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
_NOT_OPENED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EMFILE, errno.ENFILE})
_CLOSED_TO_US = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class CorruptError(Exception):
    """A file is there that can't be the journal any more; the text says what is wrong with it."""


class Trouble(StrEnum):
    """Why the journal can't commit; the values are for people."""

    LOCKED = "another process has it locked"
    FULL = "there is no room left"
    CLOSED = "it can't be written: check its owner, its permissions, and whether the disk is read-only"
    MISSING = "it can't be opened: is its folder there, and may this process open more files?"
    CORRUPT = "it is damaged, and was set aside; a new one is begun"
    NEWER = "it is of another version"
    IN_USE = "another service writes it"
    UNREACHABLE = "the database server can't be reached"
    DISK = "the disk reports errors"
    OTHER = "it can't be written"
    ROW = "one result can't be kept, whatever the journal does"


def diagnose(error: BaseException) -> Trouble:
    """What kind of trouble an error is: of the journal, or (`ROW`) of the one thing that was to be written."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, psycopg.Error) and error.sqlstate is None and not isinstance(error, psycopg.OperationalError):
        return Trouble.ROW  # it never came to the server: what was to be sent can't be
    return next((trouble for kinds, trouble in _BY_KIND if isinstance(error, kinds)), Trouble.ROW)


_BY_KIND: tuple[tuple[tuple[type[BaseException], ...], Trouble], ...] = (
    ((LockedError,), Trouble.LOCKED),
    ((CorruptError,), Trouble.CORRUPT),
    ((NewerJournalError,), Trouble.NEWER),
    ((JournalInUseError,), Trouble.IN_USE),
    (_OWN_FAULT, Trouble.ROW),
    ((psycopg.errors.DiskFull,), Trouble.FULL),
    ((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege), Trouble.CLOSED),
    ((psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled), Trouble.LOCKED),
    ((psycopg.OperationalError,), Trouble.UNREACHABLE),
    ((sqlite3.Error, psycopg.Error, JournalError, MemoryError), Trouble.OTHER),
)
_BY_CODE = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.CLOSED,
    sqlite3.SQLITE_PERM: Trouble.CLOSED,
    sqlite3.SQLITE_CANTOPEN: Trouble.MISSING,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
    sqlite3.SQLITE_IOERR: Trouble.DISK,
    sqlite3.SQLITE_CONSTRAINT: Trouble.ROW,
    sqlite3.SQLITE_MISMATCH: Trouble.ROW,
    sqlite3.SQLITE_TOOBIG: Trouble.ROW,
    sqlite3.SQLITE_RANGE: Trouble.ROW,
}


def _of_sqlite(code: int) -> Trouble:
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return Trouble.CORRUPT
    return _BY_CODE.get(code & 0xFF, Trouble.OTHER)


def _of_system(error: OSError) -> Trouble:
    if error.errno in _NOT_OPENED:
        return Trouble.MISSING
    if error.errno in _CLOSED_TO_US:
        return Trouble.CLOSED
    return Trouble.FULL if error.errno in _FULL else Trouble.DISK
