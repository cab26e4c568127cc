"""What a service asks the journal for when it starts: how each probe stood, and what its last day looked like.

Nothing here walks through the history: the newest and the oldest run of a kind are the ends of an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from probes.journal import facts
from probes.journal.kept import LastVerdict, Tally, TallyFilter, VerdictFilter
from probes.journal.moments import microseconds_of, moment_of
from probes.journal.tables import instances, runs
from probes.words import GOOD_OUTCOMES, JUDGED_OUTCOMES, Outcome

_BAD_OUTCOMES = JUDGED_OUTCOMES - GOOD_OUTCOMES
_AT_ONCE = 500
_COMMANDS: BindParameter[tuple[str, ...]] = bindparam("commands", expanding=True)


def last_verdicts(connection: Connection, wanted: VerdictFilter) -> Iterator[LastVerdict]:
    """The last judged run of each target and scenario that has one: a few questions, however many there are."""
    given = {"location": wanted.location, "commands": wanted.commands}
    ends = [row for row in connection.execute(_ends(), given) if row.passed or row.degraded or row.failed]
    run_ids = [run_id for row in ends for run_id in (row.passed, row.degraded, row.failed) if run_id is not None]
    found: dict[str, Any] = {}
    for first in range(0, len(run_ids), _AT_ONCE):
        some = run_ids[first : first + _AT_ONCE]
        found |= {row.run_id: row for row in connection.execute(_judged().where(runs.c.run_id.in_(some)))}
    for row in ends:
        yield _last_verdict(row, [found[each] for each in (row.passed, row.degraded, row.failed) if each in found])


def _judged() -> Select[Any]:
    ended = func.coalesce(runs.c.finished_at, runs.c.started_at).label("finished_at")
    return select(runs.c.run_id, runs.c.outcome, runs.c.reason, runs.c.started_at, ended)


def _last_verdict(ends: Any, newest: Sequence[Any]) -> LastVerdict:
    """`newest` are the newest run of each outcome. Of those that began at once, the one that ended last counts."""
    last = max(newest, key=lambda row: (row.started_at, row.finished_at, row.outcome in _BAD_OUTCOMES))
    good = [row.finished_at for row in newest if row.outcome in GOOD_OUTCOMES]
    firsts = (ends.passed_first, ends.degraded_first, ends.failed_first)
    return LastVerdict(
        target=ends.target,
        scenario=ends.scenario,
        outcome=facts.word_of(Outcome, last.outcome),
        reason=last.reason,
        finished_at=moment_of(last.finished_at),
        succeeded_at=moment_of(max(good)) if good else None,
        run_id=last.run_id,
        since=moment_of(min(_since(ends, last.outcome), default=last.started_at)),
        first_at=moment_of(min(each for each in firsts if each is not None)),
    )


def _since(ends: Any, outcome: str) -> Iterator[int]:
    alike = GOOD_OUTCOMES if outcome in GOOD_OUTCOMES else _BAD_OUTCOMES
    moments = (getattr(ends, f"{each}_since") for each in alike)
    return (moment for moment in moments if moment is not None)


@cache
def _ends() -> Select[Any]:
    """Each probe with the newest run of each outcome, and since when it is as it is."""
    played = _played()
    newest = {outcome: _at_end(played, outcome) for outcome in sorted(JUDGED_OUTCOMES)}
    bad_at, good_at = (
        [_at_end(played, outcome, runs.c.started_at) for outcome in outcomes]
        for outcomes in (sorted(_BAD_OUTCOMES), sorted(GOOD_OUTCOMES))
    )
    first_at = {outcome: _first(played, outcome) for outcome in sorted(JUDGED_OUTCOMES)}
    since = {outcome: _after(played, outcome, bad_at) for outcome in sorted(GOOD_OUTCOMES)}
    since |= {outcome: _after(played, outcome, good_at) for outcome in sorted(_BAD_OUTCOMES)}
    return select(
        played.c.target,
        played.c.scenario,
        *(moment.label(f"{outcome}_first") for outcome, moment in first_at.items()),
        *(moment.label(f"{outcome}_since") for outcome, moment in since.items()),
        *(run_id.label(outcome.value) for outcome, run_id in newest.items()),
    ).where(played.c.scenario.is_not(None))


def _played() -> CTE:
    """Each target and scenario that has runs: the index is asked for the next one, never walked through.

    Targets first: of a pair, SQLite would look up the target, and walk through all its runs to the scenario.
    """
    targets = _targets()
    first = select(targets.c.target, _least(runs.c.scenario, runs.c.target == targets.c.target, of=targets))
    played = first.where(targets.c.target.is_not(None)).cte("played", recursive=True)
    following = _least(
        runs.c.scenario, runs.c.target == played.c.target, runs.c.scenario > played.c.scenario, of=played
    )
    return played.union_all(select(played.c.target, following).where(played.c.scenario.is_not(None)))


def _targets() -> CTE:
    targets = select(select(func.min(runs.c.target)).scalar_subquery().label("target")).cte("targets", recursive=True)
    following = _least(runs.c.target, runs.c.target > targets.c.target, of=targets)
    return targets.union_all(select(following).where(targets.c.target.is_not(None)))


def _least(column: ColumnElement[Any], *among: ColumnElement[bool], of: CTE) -> ColumnElement[Any]:
    return select(func.min(column)).where(*among).correlate(of).scalar_subquery().label(column.key)


def _of(played: CTE, query: Select[Any], outcome: Outcome, *also: ColumnElement[bool]) -> Select[Any]:
    """Those of its runs that ended so, played where and by what is wanted."""
    of_it = (runs.c.target == played.c.target, runs.c.scenario == played.c.scenario)
    of_instance = (instances.c.instance_id == runs.c.instance_id, instances.c.command.in_(_COMMANDS))
    there = (runs.c.location == bindparam("location"), exists().where(*of_instance).correlate(runs))
    return query.where(*of_it, runs.c.outcome == outcome.value, *there, *also).correlate(played)


def _at_end(played: CTE, outcome: Outcome, column: ColumnElement[Any] = runs.c.run_id) -> ScalarSelect[Any]:
    """That of the newest run of this outcome."""
    query = _of(played, select(column), outcome)
    return query.order_by(runs.c.started_at.desc()).limit(1).scalar_subquery()


def _after(played: CTE, outcome: Outcome, others: Sequence[ScalarSelect[Any]]) -> ScalarSelect[Any]:
    """When the oldest run of this outcome began after the newest of the others."""
    later = [runs.c.started_at > func.coalesce(other, -1) for other in others]
    return _first(played, outcome, *later)


def _first(played: CTE, outcome: Outcome, *also: ColumnElement[bool]) -> ScalarSelect[Any]:
    """When the oldest run of this outcome began."""
    query = _of(played, select(runs.c.started_at), outcome, *also)
    return query.order_by(runs.c.started_at).limit(1).scalar_subquery()


def tallies(connection: Connection, wanted: TallyFilter) -> Iterator[Tally]:
    """How many runs ended how, cell by cell."""
    cell = (runs.c.started_at // (wanted.cell_seconds * 1_000_000)).label("cell")
    told = case((runs.c.outcome.in_(sorted(JUDGED_OUTCOMES)), None), else_=runs.c.reason).label("reason")
    counted = case((_left_out(wanted), 0), else_=1).label("counted")
    played_by = select(instances.c.instance_id).where(instances.c.command.in_(wanted.commands))
    recent = (
        select(runs.c.target, runs.c.scenario, cell, runs.c.outcome, told, counted, runs.c.started_at)
        .where(
            runs.c.started_at >= microseconds_of(wanted.since),
            runs.c.location == wanted.location,
            runs.c.instance_id.in_(played_by),
            runs.c.outcome.is_not(None),
        )
        # A fence: else SQLite walks through the whole index by probe, which is in the order of the groups.
        .offset(0)
        .subquery("recent")
    )
    of = recent.c
    alike = (of.target, of.scenario, of.cell, of.outcome, of.reason, of.counted)
    first, last = func.min(of.started_at).label("first_at"), func.max(of.started_at).label("last_at")
    query = select(*alike, func.count().label("runs"), first, last).group_by(*alike)
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


def _tally(row: Any) -> Tally:
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
