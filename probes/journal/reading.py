"""The journal's reading side: from any thread and any process, beside the one that writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from probes.errors import JournalError, UsageError
from probes.incident import AlertSeen, Incident, IncidentFilter, Notice
from probes.journal import beside, facts, finding, incident_reading, tallying
from probes.journal.facts import Children
from probes.journal.kept import (
    Found,
    KeptRun,
    LastVerdict,
    Neighbours,
    OpenIntent,
    RunFilter,
    RunSummary,
    Tally,
    TallyFilter,
    VerdictFilter,
)
from probes.journal.migrating import require_head
from probes.journal.moments import microseconds_of, moment_of
from probes.journal.opening import READ_SECONDS, place_of, reading_engine
from probes.journal.tables import bookings, exchanges, findings, instances, intents, runs, states, steps, transitions
from probes.journal.trouble import Trouble, diagnose
from probes.model import Run
from probes.words import BookingState, Leaves, Outcome

Rows = Sequence[Row[Any]]
More = Callable[[Connection, Sequence[str]], Mapping[str, Children]]

_SUMMARIES_AT_ONCE = 500
_WHOLE_RUNS_AT_ONCE = 50
_IN_ORDER: Mapping[str, tuple[Table, ColumnElement[Any]]] = {
    "steps": (steps, steps.c.position),
    "exchanges": (exchanges, exchanges.c.seq),
    "transitions": (transitions, transitions.c.position),
    "findings": (findings, findings.c.finding_id),
    "bookings": (bookings, bookings.c.booking_number),
    "intents": (intents, intents.c.intent_id),
}


_UNREAD = {
    Trouble.CORRUPT: "it is damaged; a running service sets it aside and begins a new one",
    Trouble.MISSING: "there is no such file any more, or its folder can't be written, as reading beside a writer needs",
    Trouble.CLOSED: "its owner, its permissions or a read-only disk are in the way",
    Trouble.LOCKED: "it was busy for too long: try again, or ask for less",
    Trouble.UNREACHABLE: "the database server can't be reached, or turned us away",
}


def why_unread(error: BaseException) -> str:
    """For people, why reading failed. What the driver says stays out: it may repeat what was asked for."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        return f"it took more than {READ_SECONDS:.0f} seconds and was given up: ask for less"
    trouble = diagnose(error)
    return _UNREAD.get(trouble, trouble.value if trouble in {Trouble.DISK, Trouble.FULL} else "the database refused")


class Reader:
    """Reads a journal and never writes to it.

    What takes long is read in pages, each in a transaction of its own, so that no reader holds back the journal's
    housekeeping. All of it raises JournalError with a sentence: missing, corrupt, of a newer version, out of reach.
    """

    def __init__(self, url: str) -> None:
        self._place = place_of(url)
        self._engine = reading_engine(self._place)
        self._known = False

    def close(self) -> None:
        """Let go of the journal."""
        self._engine.dispose()

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        """The runs that are wanted, newest first, those under way too."""
        for page, _ in self._pages(wanted, _SUMMARIES_AT_ONCE, _nothing_more):
            yield from map(facts.summary_of, page)

    def whole_runs(self, wanted: RunFilter) -> Iterator[KeptRun]:
        """The same with all their evidence; a page of them is in memory, never all."""
        for page, children in self._pages(wanted, _WHOLE_RUNS_AT_ONCE, _children):
            for row in page:
                yield facts.run_of(row, children[row.run_id])

    def run(self, run_id: str) -> KeptRun | None:
        """The run of this id, or the only one whose id begins so; UsageError if there are several."""
        with self._reading() as connection:
            row = _run_row(connection, run_id.strip())
            if row is None:
                return None
            return facts.run_of(row, _children(connection, [row.run_id])[row.run_id])

    def neighbours(self, run: Run) -> Neighbours:
        """The runs of the same target and scenario before and after this one."""
        with self._reading() as connection:
            return beside.neighbours_of(connection, run)

    def request_ids(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """By the ids of runs that failed, the requestId that proves it, where there is one."""
        with self._reading() as connection:
            return beside.request_ids_of(connection, run_ids)

    def find(self, text: str) -> Found:
        """Where an id of any kind was seen, by itself or by the beginning of it."""
        with self._reading() as connection:
            return finding.find(connection, text)

    def oldest(self) -> datetime | None:
        """When the oldest run that is kept began; None if none is."""
        query = select(func.min(runs.c.started_at))
        with self._reading() as connection:
            first = connection.execute(query).scalar_one()
        return None if first is None else moment_of(first)

    def last_verdicts(self, wanted: VerdictFilter) -> tuple[LastVerdict, ...]:
        """The last judged run of each target and scenario that has one."""
        with self._reading() as connection:
            return tuple(tallying.last_verdicts(connection, wanted))

    def tallies(self, wanted: TallyFilter) -> tuple[Tally, ...]:
        """How many runs ended how, cell by cell: only those since then are read, however long the history."""
        with self._reading() as connection:
            return tuple(tallying.tallies(connection, wanted))

    def open_intents(self) -> tuple[OpenIntent, ...]:
        """The turns of runs that were cut off, oldest first, until a snapshot settles them."""
        last_word = (
            select(bookings.c.state)
            .where(bookings.c.run_id == intents.c.run_id, bookings.c.session_id == intents.c.session_id)
            .order_by(bookings.c.booking_number.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(intents, runs.c.scenario, runs.c.leaves, last_word.label("booking_state"))
            .join_from(intents, runs, runs.c.run_id == intents.c.run_id)
            .where(intents.c.settled_at.is_(None), runs.c.outcome.is_not(None))
            .order_by(intents.c.intent_id)
        )
        with self._reading() as connection:
            return tuple(map(_open_intent, connection.execute(query)))

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Those that are wanted, the newest first by when they were detected."""
        with self._connected() as connection:
            yield from islice(incident_reading.newest_first(connection, wanted), wanted.limit)

    def incident(self, text: str) -> Incident | None:
        """That of this id, or the only one whose id begins so; UsageError if there are several."""
        with self._reading() as connection:
            return incident_reading.incident_named(connection, text.strip())

    def waiting_notices(self) -> tuple[Notice, ...]:
        """All that is not settled, due or not, the first due first."""
        with self._reading() as connection:
            return incident_reading.waiting_notices(connection)

    def alerts_of(self, incident_id: str) -> tuple[AlertSeen, ...]:
        """What Alertmanager told of an incident, in the order in which it began."""
        with self._reading() as connection:
            return incident_reading.alerts_of(connection, incident_id)

    def states(self, kind: str) -> Mapping[str, object]:
        """What was kept under this kind, by its key."""
        query = select(states.c.key, states.c.value).where(states.c.kind == kind).order_by(states.c.key)
        with self._reading() as connection:
            return {row.key: json.loads(row.value) for row in connection.execute(query)}

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                if not self._known:
                    with connection.begin():
                        require_head(connection)
                    self._known = True
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise JournalError(f"the journal can't be read ({self._place.shown}): {why_unread(error)}") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.begin():
            yield connection

    def _pages(self, wanted: RunFilter, at_once: int, more: More) -> Iterator[tuple[Rows, Mapping[str, Children]]]:
        """Page after page of runs, each from where the last one ended, and with what `more` reads of it."""
        left, before = wanted.limit, None
        with self._connected() as connection:
            while left is None or left > 0:
                size = at_once if left is None else min(at_once, left)
                with connection.begin():
                    page = connection.execute(_page(wanted, before).limit(size)).all()
                    found = more(connection, [row.run_id for row in page])
                if page:
                    yield page, found
                if len(page) < size:
                    return
                left = None if left is None else left - size
                before = page[-1]


def _nothing_more(_connection: Connection, _run_ids: Sequence[str]) -> Mapping[str, Children]:
    return {}


def _page(wanted: RunFilter, last: Row[Any] | None) -> Select[Any]:
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
    before = (last.started_at, last.run_id) if last is not None else _begins_behind(wanted)
    if before is not None:
        query = query.where(tuple_(runs.c.started_at, runs.c.run_id) < tuple_(*before))
    if wanted.since is not None:
        query = query.where(runs.c.started_at >= microseconds_of(wanted.since))
    if wanted.until is not None:
        query = query.where(runs.c.started_at < microseconds_of(wanted.until))
    if wanted.run_ids is not None:
        query = query.where(runs.c.run_id.in_(wanted.run_ids))
    if wanted.commands is not None:
        played_by = select(instances.c.instance_id).where(instances.c.command.in_(wanted.commands))
        query = query.where(runs.c.instance_id.in_(played_by))
    for column in (runs.c.outcome, runs.c.scenario, runs.c.target, runs.c.location):
        value = getattr(wanted, column.name)
        if value is not None:
            query = query.where(column == str(value))
    if wanted.failure_kind is not None:
        hidden = (runs.c.outcome == Outcome.DEGRADED.value) & (runs.c.reason == wanted.failure_kind)
        query = query.where((runs.c.failure_kind == wanted.failure_kind) | hidden)
    return query


def _begins_behind(wanted: RunFilter) -> tuple[int, str] | None:
    return None if wanted.before is None else (microseconds_of(wanted.before[0]), wanted.before[1])


def _children(connection: Connection, run_ids: Sequence[str]) -> Mapping[str, Children]:
    """What belongs to these runs: a query for each table, however many runs."""
    found: dict[str, dict[str, list[Row[Any]]]] = {run_id: {} for run_id in run_ids}
    for name, (table, order) in _IN_ORDER.items():
        query = select(table).where(table.c.run_id.in_(run_ids)).order_by(table.c.run_id, order)
        for run_id, members in groupby(connection.execute(query), key=lambda row: row.run_id):
            found[run_id][name] = list(members)
    return {run_id: Children(**lists) for run_id, lists in found.items()}


def _run_row(connection: Connection, run_id: str) -> Row[Any] | None:
    if not finding.could_be_kept(run_id):
        return None
    exact = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    if exact is not None:
        return exact
    finding.refuse_short(run_id)
    begun = finding.begins_with(runs.c.run_id, run_id)
    rows = connection.execute(select(runs).where(begun).order_by(runs.c.run_id).limit(2)).all()
    if len(rows) > 1:
        raise UsageError(f"several runs begin so, among them {rows[0].run_id} and {rows[1].run_id}: say more of it")
    return rows[0] if rows else None


def _open_intent(row: Row[Any]) -> OpenIntent:
    return OpenIntent(
        run_id=row.run_id,
        target=row.target,
        scenario=row.scenario,
        leaves=facts.word_of(Leaves, row.leaves),
        session_id=row.session_id,
        idempotency_key=row.idempotency_key,
        intended_at=moment_of(row.intended_at),
        booking_state=None if row.booking_state is None else facts.word_of(BookingState, row.booking_state),
    )
