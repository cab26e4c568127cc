"""What stands beside a run in the journal: its neighbours, and the request that proves how it failed. By index, all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_

from probes.journal.kept import Neighbours
from probes.journal.moments import microseconds_of
from probes.journal.tables import exchanges, runs
from probes.model import Run

_IN_TIME = tuple_(runs.c.started_at, runs.c.run_id)


def neighbours_of(connection: Connection, run: Run) -> Neighbours:
    """The run of the same probe before this one, and the one after it, as far as they are kept."""
    place = tuple_(microseconds_of(run.started_at), run.run_id)
    of_probe = select(runs.c.run_id).where(runs.c.target == run.target, runs.c.scenario == run.scenario).limit(1)
    before = of_probe.where(place > _IN_TIME).order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
    after = of_probe.where(place < _IN_TIME).order_by(runs.c.started_at, runs.c.run_id)
    return Neighbours(previous=connection.execute(before).scalar(), following=connection.execute(after).scalar())


def request_ids_of(connection: Connection, run_ids: Sequence[str]) -> Mapping[str, str]:
    """Of each of these runs that failed, the requestId of the attempt that its failed step was judged by."""
    found: dict[str, Row[Any]] = {}
    for row in connection.execute(_of_failed_steps(run_ids)):
        first = found.setdefault(row.run_id, row)
        if row.operation == first.operation:  # not of a snapshot that was read after a lost answer
            found[row.run_id] = row
    return {run_id: row.request_id for run_id, row in found.items() if row.request_id is not None}


def _of_failed_steps(run_ids: Sequence[str]) -> Select[Any]:
    request_id: ColumnElement[Any] = func.coalesce(exchanges.c.header_request_id, exchanges.c.body_request_id)
    return (
        select(exchanges.c.run_id, exchanges.c.operation, request_id.label("request_id"))
        .join_from(runs, exchanges, exchanges.c.run_id == runs.c.run_id)
        .where(runs.c.run_id.in_(run_ids), exchanges.c.step == runs.c.failed_step)
        .order_by(exchanges.c.run_id, exchanges.c.seq)
    )
