"""A journal seen from outside, as another program would: plain SQL, nothing of the product's own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

_NOT_THERE_YET = (sqlite3.OperationalError, psycopg.errors.UndefinedTable, psycopg.OperationalError)

Rows = list[tuple[Any, ...]]


def file_of(url: str) -> Path:
    """Where a SQLite journal is."""
    return Path(url.removeprefix("sqlite:///"))


def is_file(url: str) -> bool:
    """Whether the journal is a file, and no server's."""
    return url.startswith("sqlite:///")


def _connect(url: str, mode: str) -> Any:
    if is_file(url):
        return sqlite3.connect(f"file:{file_of(url)}?mode={mode}", uri=True, isolation_level=None, timeout=5)
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


class Onlooker:
    """Looks at what is committed, between `open` and `close`: nothing, where there is no journal yet."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    def rows(self, query: str) -> Rows:
        """All rows of a query; none where the journal or a table is not there."""
        try:
            if self._connection is None:
                self._connection = _connect(self._url, "ro")
            found: Rows = self._connection.execute(query).fetchall()
        except _NOT_THERE_YET:
            self.close()
            return []
        return found

    def count(self, what: str) -> int:
        """How many rows, such as `runs WHERE outcome IS NULL`."""
        found = self.rows(f"SELECT count(*) FROM {what}")  # noqa: S608 - a text of the tests
        return int(found[0][0]) if found else 0

    def close(self) -> None:
        """Look no more, so that nobody who opens the journal next finds somebody there."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


@contextmanager
def held(url: str) -> Iterator[None]:
    """Nobody else can write meanwhile: another program has the journal's lock."""
    connection = _connect(url, "rw")
    in_server = ("BEGIN", "LOCK TABLE instances IN EXCLUSIVE MODE")  # where each batch is counted
    statements = ("BEGIN EXCLUSIVE",) if is_file(url) else in_server
    try:
        for statement in statements:
            connection.execute(statement)
        yield
    finally:
        with contextlib.suppress(psycopg.OperationalError):  # its server may have gone meanwhile
            connection.execute("ROLLBACK")
        connection.close()
