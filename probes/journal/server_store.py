"""A PostgreSQL journal, opened to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, text

from probes.errors import JournalError
from probes.journal.opening import Place, writing_engine
from probes.journal.server_locks import ServerLocks
from probes.journal.store import Instance, Store

_SIZE = text("SELECT pg_database_size(current_database())")
_ENCODING = text("SHOW server_encoding")
_ONE_MIGRATES = text("SELECT pg_advisory_xact_lock(5307805418041967)")  # any number, the same for all versions


class ServerStore(Store):
    """One database of a server, which other processes may share."""

    def __init__(self, place: Place, instance: Instance, now: Callable[[], datetime]) -> None:
        engine = writing_engine(place)
        super().__init__(place, instance, ServerLocks(engine, instance.instance_id), engine, now)

    def open(self) -> bool:
        """Connect; the tables are made by whoever comes first. A server never puts another database in its place."""
        self.locks.keep_instance()
        self._connection = connection = self._engine.connect()
        with connection.begin():
            if connection.execute(_ENCODING).scalar_one() != "UTF8":
                raise JournalError("its encoding is not UTF8: make a database that has it")
            connection.execute(_ONE_MIGRATES)
            self._prepare(connection)
        return False

    def be_durable(self, connection: Connection, *, durable: bool) -> None:
        """Within the transaction."""
        connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}")

    def look(self) -> None:
        """The server answers, or raises."""

    def set_aside(self) -> None:
        """Nobody but the server's operator can do that."""
        self.close()

    def tidy(self) -> None:
        """The server does that by itself."""

    def size_bytes(self) -> int | None:
        """The whole database."""
        with self.reading() as connection:
            return int(connection.execute(_SIZE).scalar_one())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """On the connection that writes."""
        with self.connection.begin():
            yield self.connection

    @contextmanager
    def _begun(self, connection: Connection, *, durable: bool) -> Iterator[None]:
        with connection.begin():
            self.be_durable(connection, durable=durable)
            yield
