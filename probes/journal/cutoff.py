"""Runs whose process ended before their verdict get one: `unknown`, since that is the monitor's own fault."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from probes.journal.moments import microseconds_of
from probes.journal.store import Store
from probes.journal.tables import exchanges, instances, runs
from probes.words import FaultKind, Outcome

DETAIL = "the process that played it ended before its verdict"
_EXCHANGE_BYTES = 2048


def close_cut_off_runs(store: Store, now: datetime) -> int:
    """Close the runs of instances that are gone; how many. A verdict that is there stays (the first one wins)."""
    running, ended = _instances(store)
    gone = store.locks.gone(running) if running else set()
    if not gone | ended:
        return 0
    with store.transaction(durable=True) as connection:
        instance_gone = runs.c.instance_id.in_(gone | ended)
        closed = connection.execute(
            update(runs)
            .where(_without_verdict(instance_gone))
            .values(
                outcome=Outcome.UNKNOWN.value,
                reason=FaultKind.CANCELLED.value,
                detail=DETAIL,
                finished_at=microseconds_of(now),
                stored_bytes=_sent_bytes(),
            )
        )
        left = instances.c.instance_id.in_(gone) & instances.c.ended_at.is_(None)
        connection.execute(update(instances).where(left).values(ended_at=microseconds_of(now)))
    return closed.rowcount


def _instances(store: Store) -> tuple[set[str], set[str]]:
    """Other instances that didn't say that they ended; and those that did, and left runs without a verdict."""
    unfinished = select(runs.c.instance_id).where(runs.c.outcome.is_(None))
    query = select(instances.c.instance_id, instances.c.ended_at).where(
        instances.c.instance_id != store.instance.instance_id,
        or_(instances.c.ended_at.is_(None), instances.c.instance_id.in_(unfinished)),
    )
    with store.reading() as connection:
        found = connection.execute(query).all()
    return {row.instance_id for row in found if row.ended_at is None}, {
        row.instance_id for row in found if row.ended_at is not None
    }


def _without_verdict(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return condition & runs.c.outcome.is_(None)


def _sent_bytes() -> ColumnElement[int]:
    sent = select(func.count() * _EXCHANGE_BYTES).where(exchanges.c.run_id == runs.c.run_id)
    return sent.scalar_subquery()
