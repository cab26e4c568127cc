"""What a service asks the journal for when it starts: how each probe stood, and what its last day looked like.

Nothing here walks through the history: the newest and the oldest run of a kind are the ends of an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, false, func, or_, select, tuple_, union_all

from probes.journal import facts
from probes.journal.kept import LastVerdict, Tally, TallyFilter
from probes.journal.moments import microseconds_of, moment_of
from probes.journal.tables import instances, runs
from probes.words import GOOD_OUTCOMES, JUDGED_OUTCOMES, Outcome

_BAD_OUTCOMES = JUDGED_OUTCOMES - GOOD_OUTCOMES


def last_verdicts(connection: Connection) -> Iterator[LastVerdict]:
    """The last judged run of each target and scenario that has one."""
    for first in _played(connection):
        verdict = _last_verdict(connection, first)
        if verdict is not None:
            yield verdict


def _played(connection: Connection) -> Iterator[Any]:
    """The first run of each target and scenario that has runs: the index is asked for the next pair, never walked."""
    pair = tuple_(runs.c.target, runs.c.scenario)
    order = (runs.c.target, runs.c.scenario, runs.c.started_at)
    query = select(*order).order_by(*order).limit(1)
    row = connection.execute(query).one_or_none()
    while row is not None:
        yield row
        row = connection.execute(query.where(pair > tuple_(row.target, row.scenario))).one_or_none()


def _last_verdict(connection: Connection, first: Any) -> LastVerdict | None:
    target, scenario = first.target, first.scenario
    newest = (_newest(target, scenario, outcome).subquery() for outcome in sorted(JUDGED_OUTCOMES))
    rows = connection.execute(union_all(*(select(each) for each in newest))).all()
    if not rows:
        return None
    last = max(rows, key=lambda row: row.started_at)
    good = [row.finished_at for row in rows if row.outcome in GOOD_OUTCOMES]
    return LastVerdict(
        target=target,
        scenario=scenario,
        outcome=Outcome(last.outcome),
        reason=last.reason,
        finished_at=moment_of(last.finished_at),
        succeeded_at=moment_of(max(good)) if good else None,
        run_id=last.run_id,
        since=_since(connection, target, scenario, rows),
        first_at=moment_of(first.started_at),
    )


def _since(connection: Connection, target: str, scenario: str, newest: Sequence[Row[Any]]) -> datetime:
    """When the first run began after the last that ended the other way; `newest` are the newest of each outcome."""
    last = max(newest, key=lambda row: row.started_at)
    alike = GOOD_OUTCOMES if last.outcome in GOOD_OUTCOMES else _BAD_OUTCOMES
    other = max((row.started_at for row in newest if row.outcome not in alike), default=-1)
    oldest = (_oldest(target, scenario, outcome, after=other).subquery() for outcome in sorted(alike))
    found = connection.execute(union_all(*(select(each) for each in oldest))).scalars()
    return moment_of(min(found))


def _newest(target: str, scenario: str, outcome: Outcome) -> Select[Any]:
    ended = func.coalesce(runs.c.finished_at, runs.c.started_at).label("finished_at")
    columns = (runs.c.run_id, runs.c.outcome, runs.c.reason, runs.c.started_at, ended)
    return select(*columns).where(*_of_it(target, scenario, outcome)).order_by(runs.c.started_at.desc()).limit(1)


def _oldest(target: str, scenario: str, outcome: Outcome, *, after: int) -> Select[Any]:
    of_it = (*_of_it(target, scenario, outcome), runs.c.started_at > after)
    return select(runs.c.started_at).where(*of_it).order_by(runs.c.started_at).limit(1)


def _of_it(target: str, scenario: str, outcome: Outcome) -> tuple[ColumnElement[bool], ...]:
    return (runs.c.target == target, runs.c.scenario == scenario, runs.c.outcome == outcome.value)


def tallies(connection: Connection, wanted: TallyFilter) -> Iterator[Tally]:
    """How many runs ended how, cell by cell."""
    cell = (runs.c.started_at // (wanted.cell_seconds * 1_000_000)).label("cell")
    told = case((runs.c.outcome.in_(sorted(JUDGED_OUTCOMES)), None), else_=runs.c.reason).label("reason")
    counted = case((_left_out(wanted), 0), else_=1).label("counted")
    alike = (runs.c.target, runs.c.scenario, cell, runs.c.outcome, told, counted)
    first, last = func.min(runs.c.started_at).label("first_at"), func.max(runs.c.started_at).label("last_at")
    played_by = select(instances.c.instance_id).where(instances.c.command.in_(wanted.commands))
    query = (
        select(*alike, func.count().label("runs"), first, last)
        # Else SQLite walks through the whole index by probe, which is in the order of the groups.
        .with_hint(runs, "INDEXED BY runs_started", "sqlite")
        .where(
            runs.c.started_at >= microseconds_of(wanted.since),
            runs.c.location == wanted.location,
            runs.c.instance_id.in_(played_by),
            runs.c.outcome.is_not(None),
        )
        .group_by(*alike)
    )
    yield from map(_tally, connection.execute(query))


def _left_out(wanted: TallyFilter) -> ColumnElement[bool]:
    """A recheck, or announced maintenance."""
    within = (
        and_(
            runs.c.target.in_(apart.targets),
            runs.c.started_at >= microseconds_of(apart.starts_at),
            runs.c.started_at < microseconds_of(apart.ends_at),
        )
        for apart in wanted.apart
    )
    return or_(runs.c.recheck, false(), *within)


def _tally(row: Row[Any]) -> Tally:
    return Tally(
        target=row.target,
        scenario=row.scenario,
        cell=row.cell,
        outcome=facts.word_of(Outcome, row.outcome),
        reason=row.reason,
        counted=bool(row.counted),
        runs=row.runs,
        first_at=moment_of(row.first_at),
        last_at=moment_of(row.last_at),
    )
