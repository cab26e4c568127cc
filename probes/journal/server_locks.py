"""The same locks for PostgreSQL: advisory ones, held by a session of their own.

A server that restarts, or a line that breaks, frees the locks of processes that are well. So they are taken again
within seconds, and a free lock counts only when it is free twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

TWICE_SECONDS = 5.0
"""How far apart the two looks are; an instance looks after its own lock far more often."""

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted AND objsubid = 1 "
    "AND ((classid::bigint << 32) | objid::bigint) = :key"
)


class ServerLocks:
    """The locks of a journal in PostgreSQL."""

    def __init__(self, engine: Engine, instance_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._own = _key(instance_id)
        self._clock = clock
        self._session: Connection | None = None
        self._seen_free: dict[str, float] = {}

    def take_service(self) -> None:
        """Several services may share a server."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The server keeps writers apart."""
        yield

    def keep_instance(self) -> None:
        """Show that this instance is there, anew where the session was lost. Raises SQLAlchemyError."""
        try:
            session = self._connected()
            if not session.execute(_HELD, {"key": self._own}).scalar_one():
                session.execute(_TRY, {"key": self._own})
        except SQLAlchemyError:
            self.release()
            raise

    def gone(self, instance_ids: set[str]) -> set[str]:
        """Which of these instances have ended without saying so. Raises SQLAlchemyError."""
        free = {instance_id for instance_id in instance_ids if self._is_free(instance_id)}
        now = self._clock()
        self._seen_free = {instance_id: self._seen_free.get(instance_id, now) for instance_id in free}
        return {instance_id for instance_id, since in self._seen_free.items() if now - since >= TWICE_SECONDS}

    def release(self) -> None:
        """This process is done with the journal, or its session is of no use any more."""
        self._seen_free.clear()
        if self._session is not None:
            with suppress(SQLAlchemyError):
                self._session.close()
            self._session = None

    def _is_free(self, instance_id: str) -> bool:
        session, key = self._connected(), {"key": _key(instance_id)}
        free = bool(session.execute(_TRY, key).scalar_one())
        if free:
            session.execute(_UNLOCK, key)
        return free

    def _connected(self) -> Connection:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._session


def _key(instance_id: str) -> int:
    """Never negative, so that it reads in `pg_locks` as it was given."""
    return int.from_bytes(hashlib.sha256(instance_id.encode()).digest()[:8]) >> 1
