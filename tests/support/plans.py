"""How a database goes about the queries that some code sends: by an index, or through a whole table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from probes.journal.tables import metadata


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[str]]:
    """The plan of each query that is sent meanwhile; PostgreSQL's as if no table were small enough to be scanned."""
    sent: list[tuple[str, Any]] = []
    plans: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    with engine.connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if not lite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in sent:
            asked = f"EXPLAIN {'QUERY PLAN ' if lite else ''}{statement}"
            plans.append("\n".join(str(row[-1]) for row in connection.exec_driver_sql(asked, parameters)))


def scans(plan: str) -> list[str]:
    """The lines of a plan that read a whole table of the journal."""
    whole = re.compile(rf"(SCAN|Seq Scan on) ({'|'.join(metadata.tables)})\b")
    return [line for line in plan.splitlines() if whole.search(line)]
