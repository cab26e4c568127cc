"""What the journal lets go of: by age, and where it is too big; in steps so small that no write waits for long.

Failures outlive successes, and a run whose booking may still stand outlives both. A run under way is never touched,
nor is an incident that is open, or a notice that waits; once these are over, they are kept as long as failures. So is
the process that played a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    delete,
    func,
    select,
    text,
    tuple_,
    union_all,
)

from probes.journal.moments import day_of, microseconds_of
from probes.journal.opening import driver_connection
from probes.journal.tables import (
    OF_A_RUN,
    alerts,
    bookings,
    findings,
    incidents,
    instances,
    intents,
    notices,
    reservations,
    runs,
    slots,
)
from probes.settings import Retention
from probes.words import BookingState, Outcome

ROWS_A_STEP = 500
STEP_SECONDS = 0.015

_SUCCESSES = (Outcome.PASSED, Outcome.SKIPPED)
_FAILURES = tuple(outcome for outcome in Outcome if outcome not in _SUCCESSES)
_RUNS_A_LOOK = 50
_RESERVATION_DAYS = 7
_INCREMENTAL = 2  # SQLite's number for it
_PAGES_A_BITE = 256
_FREE_SHARE = 0.05  # of the file: what was freed is soon written again
_FREE_PAGES = 256
_ONE_AT_A_TIME = 7_305_804_402_566_350_713  # any number, so long as all versions have the same


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Runs of which outcomes go, from what age on (None: only while the journal is too big), the oldest first.

    `spare` keeps those whose booking may still stand, or that have a turn whose end isn't known.
    """

    outcomes: Sequence[Outcome]
    seconds: float | None
    spare: bool


class _Budget:
    """What one step may still do."""

    def __init__(self, clock: Callable[[], float], rows: int, seconds: float) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds
        self.rows = rows

    @property
    def is_spent(self) -> bool:
        """Whether the rest is for the next step."""
        return self.rows <= 0 or self._clock() >= self._ends_at


class Pruning:
    """One sweep after another over the oldest runs, a small step at a time, each in its caller's transaction.

    `pruned` counts the runs that are gone, `sweeps` the sweeps that are over.
    """

    def __init__(self, retention: Retention, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._size_bytes = retention.size_bytes
        self._successes_seconds = retention.successes_seconds
        self._failures_seconds = retention.failures_seconds
        self._clock = clock
        self._rules = (
            _Rule(outcomes=_SUCCESSES, seconds=self._successes_seconds, spare=True),
            _Rule(outcomes=_FAILURES, seconds=self._failures_seconds, spare=False),
            _Rule(outcomes=_SUCCESSES, seconds=self._failures_seconds, spare=False),
            _Rule(outcomes=_SUCCESSES, seconds=None, spare=True),
            _Rule(outcomes=_FAILURES, seconds=None, spare=True),
            _Rule(outcomes=tuple(Outcome), seconds=None, spare=False),
        )
        self._rule = 0
        self._passed: tuple[int, str] | None = None
        self._server_bytes: int | None = None
        self._was_too_big = False
        self.pruned = 0
        self.sweeps = 0

    def step(self, connection: Connection, now: datetime) -> bool:
        """Deletes at most 500 rows, for a few milliseconds; whether this sweep has more to do.

        It commits nothing; an error leaves it ready for another try.
        """
        if not _alone(connection):
            return False
        budget = _Budget(self._clock, ROWS_A_STEP, STEP_SECONDS)
        while self._rule < len(self._rules):
            if not self._follow(connection, self._rules[self._rule], now, budget):
                return True
            self._rule, self._passed = self._rule + 1, None
        self._forget_what_belongs_to_no_run(connection, now, budget)
        if budget.is_spent or not _give_back(connection, budget):
            return True
        self._rule, self._server_bytes, self._was_too_big = 0, None, False
        self.sweeps += 1
        return False

    def _follow(self, connection: Connection, rule: _Rule, now: datetime, budget: _Budget) -> bool:
        """Delete what a rule asks for; False where the budget ended first, though never before a run was looked at."""
        before = None if rule.seconds is None else _cut(now, rule.seconds)
        while not budget.is_spent:
            page = connection.execute(_oldest(rule.outcomes, before, self._passed)).all()
            spared = _spared(connection, page) if rule.spare else frozenset()
            for row in page:
                if rule.seconds is None and not self._is_too_big(connection):
                    return True
                if row.run_id not in spared and not self._delete(connection, row, budget):
                    return False
                self._passed = (row.started_at, row.run_id)
                if budget.is_spent:
                    return False
            if len(page) < _RUNS_A_LOOK:
                return True
        return False

    def _delete(self, connection: Connection, run: Row[Any], budget: _Budget) -> bool:
        """A run with all that belongs to it, itself last, so that nothing is ever left without its run."""
        for table in OF_A_RUN:
            _delete_some(connection, table, table.c.run_id == run.run_id, budget)
        if budget.rows <= 0:
            return False
        budget.rows -= connection.execute(delete(runs).where(runs.c.run_id == run.run_id)).rowcount
        self.pruned += 1
        if self._server_bytes is not None:
            self._server_bytes -= run.stored_bytes
        return True

    def _is_too_big(self, connection: Connection) -> bool:
        if connection.dialect.name == "sqlite":
            size = used_bytes(connection)
        elif self._server_bytes is None:
            size = self._server_bytes = used_bytes(connection)
        else:
            size = self._server_bytes
        self._was_too_big |= size > self._size_bytes
        return size > self._size_bytes

    def _forget_what_belongs_to_no_run(self, connection: Connection, now: datetime, budget: _Budget) -> None:
        day = day_of(now) - _RESERVATION_DAYS
        under_way = select(runs.c.instance_id).where(runs.c.outcome.is_(None))
        old_failure = _cut(now, self._failures_seconds)
        gone: tuple[tuple[Table, ColumnElement[bool]], ...] = (
            (slots, slots.c.ended_at < self._oldest_slot(connection, now)),
            (findings, findings.c.run_id.is_(None) & (findings.c.found_at < old_failure)),
            (reservations, reservations.c.day < day),
            (instances, (instances.c.ended_at < old_failure) & instances.c.instance_id.not_in(under_way)),
            (incidents, incidents.c.closed_at < old_failure),
            (notices, notices.c.settled_at < old_failure),
            (alerts, (alerts.c.received_at < old_failure) & _of_no_open_incident()),
        )
        for table, condition in gone:
            if budget.is_spent:
                return
            _delete_some(connection, table, condition, budget)

    def _oldest_slot(self, connection: Connection, now: datetime) -> int:
        """Slots are kept as long as successes are, also where these had to go early."""
        aged = _cut(now, self._successes_seconds)
        if not self._was_too_big:
            return aged
        oldest = connection.execute(_oldest(_SUCCESSES, None, None).limit(1)).first()
        return max(aged, microseconds_of(now) if oldest is None else oldest.started_at)


def _of_no_open_incident() -> ColumnElement[bool]:
    still_open = select(incidents.c.incident_id).where(incidents.c.closed_at.is_(None))
    return alerts.c.incident_id.is_(None) | alerts.c.incident_id.not_in(still_open)


def used_bytes(connection: Connection) -> int:
    """How big the journal is, without the room that waits to be used again.

    Of a server, which shares its room, what its runs were measured at when they were written.
    """
    if connection.dialect.name == "sqlite":
        pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
        return pages * _pragma(connection, "page_size")
    return int(connection.execute(select(func.coalesce(func.sum(runs.c.stored_bytes), 0))).scalar_one())


def _cut(now: datetime, seconds: float) -> int:
    return microseconds_of(now) - int(seconds * 1_000_000)


def _oldest(outcomes: Sequence[Outcome], before: int | None, passed: tuple[int, str] | None) -> Select[Any]:
    """The oldest runs of these outcomes, from where the last look ended: each outcome has a part of the index."""
    heads = (_oldest_of(outcome, before, passed).subquery() for outcome in outcomes)
    found = union_all(*(select(head) for head in heads)).subquery()
    return select(found).order_by(found.c.started_at, found.c.run_id).limit(_RUNS_A_LOOK)


def _oldest_of(outcome: Outcome, before: int | None, passed: tuple[int, str] | None) -> Select[Any]:
    query = select(runs.c.run_id, runs.c.started_at, runs.c.stored_bytes).where(runs.c.outcome == outcome.value)
    if before is not None:
        query = query.where(runs.c.started_at < before)
    if passed is not None:
        query = query.where(tuple_(runs.c.started_at, runs.c.run_id) > tuple_(*passed))
    return query.order_by(runs.c.started_at, runs.c.run_id).limit(_RUNS_A_LOOK)


def _spared(connection: Connection, page: Sequence[Row[Any]]) -> frozenset[str]:
    """Those that have a booking whose last word is not `cancelled`, or a turn that is not settled."""
    run_ids = [row.run_id for row in page]
    unsettled = select(intents.c.run_id).where(intents.c.run_id.in_(run_ids), intents.c.settled_at.is_(None))
    told = select(bookings).where(bookings.c.run_id.in_(run_ids)).order_by(bookings.c.booking_number)
    last = {(row.run_id, row.session_id, row.booking_id): row.state for row in connection.execute(told)}
    standing = {run_id for (run_id, *_), state in last.items() if state != BookingState.CANCELLED}
    return frozenset(standing.union(connection.execute(unsettled).scalars()))


def _delete_some(connection: Connection, table: Table, condition: ColumnElement[bool], budget: _Budget) -> None:
    """As many rows as the budget has left."""
    if budget.rows <= 0:
        return
    keys = tuple(table.primary_key)
    key = tuple_(*keys) if len(keys) > 1 else keys[0]
    chosen = select(*keys).where(condition).limit(budget.rows)
    budget.rows -= connection.execute(delete(table).where(key.in_(chosen))).rowcount


def _alone(connection: Connection) -> bool:
    """Whether no other process prunes a shared server now; of a file, its writer is alone anyway."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_ONE_AT_A_TIME))).scalar_one())


def _give_back(connection: Connection, budget: _Budget) -> bool:
    """Return a bite of a file's free pages to the disk; False where there are more."""
    if connection.dialect.name != "sqlite" or _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        return True
    free = _pragma(connection, "freelist_count")
    kept = max(_FREE_PAGES, int(_pragma(connection, "page_count") * _FREE_SHARE))
    raw = driver_connection(connection)
    for _ in range(min(free - kept, _PAGES_A_BITE)):
        raw.execute("PRAGMA incremental_vacuum(1)")  # Python's driver does one page a call, whatever the number
        if budget.is_spent:
            break
    return _pragma(connection, "freelist_count") <= kept


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())
