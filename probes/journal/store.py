"""The opened database of one instance, as its writer thread knows it. What differs by kind is in the two subclasses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from probes.journal.migrating import migrate
from probes.journal.moments import microseconds_of
from probes.journal.opening import Place
from probes.journal.tables import instances

_TEXT_CHARACTERS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One process that writes."""

    instance_id: str
    command: str
    host: str
    pid: int
    started_at: datetime


class Locks(Protocol):
    """What processes that share a journal agree by."""

    def take_service(self) -> None:
        """Be the only service, where there may be but one. Raises JournalInUseError."""

    def writing(self) -> AbstractContextManager[None]:
        """Alone among processes, where the database needs that. Raises LockedError."""

    def keep_instance(self) -> None:
        """Show that this instance is there; asked again every few seconds."""

    def gone(self, instance_ids: set[str]) -> set[str]:
        """Which of these instances have ended without saying so."""

    def release(self) -> None:
        """This process is done with the journal."""


class Store(ABC):
    """Opens, and opens again after trouble. Everything here may raise what the database or the disk raises."""

    def __init__(
        self, place: Place, instance: Instance, locks: Locks, engine: Engine, now: Callable[[], datetime]
    ) -> None:
        self.place = place
        self.instance = instance
        self.locks = locks
        self._engine = engine
        self._now = now
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        return self._connection is not None

    @abstractmethod
    def open(self) -> bool:
        """Connect, bring the tables up to date, and register; whether another journal stands where one stood before.

        Raises NewerJournalError and JournalError, too.
        """

    @abstractmethod
    def be_durable(self, connection: Connection, *, durable: bool) -> None:
        """Whether the next commit waits for the disk: it must survive a power cut."""

    @abstractmethod
    def look(self) -> None:
        """Make sure that what was opened is still what is there. Raises CorruptError, OSError."""

    @abstractmethod
    def tidy(self) -> None:
        """Housekeeping between batches."""

    @abstractmethod
    def size_bytes(self) -> int | None:
        """How much room the journal takes; None if that isn't known."""

    @abstractmethod
    def set_aside(self) -> None:
        """Put a damaged journal out of the way, where that can be done, and let go of it."""

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Connection]:
        """One short transaction that writes, alone among processes."""
        connection = self.connection
        with self.locks.writing():
            self.look()
            with self._begun(connection, durable=durable):
                yield connection

    @property
    def connection(self) -> Connection:
        """The one that writes."""
        if self._connection is None:
            raise RuntimeError("the journal is not open")
        return self._connection

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """A short look that keeps nobody from writing."""

    def batches(self) -> int:
        """How many batches this instance has committed, as the database knows it."""
        with self.reading() as connection:
            query = select(instances.c.batches).where(instances.c.instance_id == self.instance.instance_id)
            return int(connection.execute(query).scalar_one())

    def end(self) -> None:
        """Say that this instance has ended well, and let go."""
        with self.transaction() as connection:
            ended = update(instances).where(instances.c.instance_id == self.instance.instance_id)
            connection.execute(ended.values(ended_at=microseconds_of(self._now())))

    def close(self) -> None:
        """Let go of the database; the locks of the instance stay."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()
        self._engine.dispose()

    @abstractmethod
    def _begun(self, connection: Connection, *, durable: bool) -> AbstractContextManager[object]:
        """A transaction of this kind of database."""

    def _prepare(self, connection: Connection) -> None:
        """Tables as this version knows them, and this instance's row in them."""
        migrate(connection)
        known = select(func.count()).where(instances.c.instance_id == self.instance.instance_id)
        if not connection.execute(known).scalar_one():
            row = self.instance
            connection.execute(
                insert(instances).values(
                    instance_id=row.instance_id,
                    command=row.command,
                    host=row.host[:_TEXT_CHARACTERS],
                    pid=row.pid,
                    started_at=microseconds_of(row.started_at),
                )
            )
