"""A journal that is written to by a test, and a look at its rows beside the product's own reading."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy

from probes.journal.journal import Journal
from probes.journal.opening import place_of
from probes.listening import Listener
from probes.model import JournalState, MonitorFault, Run


class Aware(Listener):
    """Keeps what a journal told."""

    def __init__(self) -> None:
        self.kept: list[Run] = []
        self.faults: list[MonitorFault] = []
        self.states: list[JournalState] = []

    def run_kept(self, run: Run) -> None:
        self.kept.append(run)

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)

    def journal_changed(self, state: JournalState) -> None:
        self.states.append(state)

    @property
    def problem(self) -> str | None:
        """The last that was told of it."""
        return self.states[-1].problem if self.states else None


def journal_at(url: str, listener: Listener | None = None, **options: Any) -> Journal:
    """One that nothing was asked of yet; it scrubs nothing unless told to."""
    given: dict[str, Any] = {"command": "test", "scrub": lambda text: text, **options}
    return Journal(url, listener=listener or Listener(), **given)


@asynccontextmanager
async def keeping(url: str, listener: Listener | None = None, **options: Any) -> AsyncIterator[Journal]:
    """A journal that is open inside, and has written everything afterwards."""
    journal = journal_at(url, listener, **options)
    await journal.start()
    try:
        yield journal
    finally:
        await journal.aclose()


def rows(url: str, query: str) -> list[dict[str, Any]]:
    """What a query finds, whoever else has the journal open."""
    place = place_of(url)
    target = f"sqlite:///{place.path}" if place.url is None else place.url
    engine = sqlalchemy.create_engine(target, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return [dict(row) for row in connection.exec_driver_sql(query).mappings()]


def file_of(url: str) -> Path:
    """The file of a SQLite journal."""
    return Path(url.removeprefix("sqlite:///"))


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until this is true, on the loop."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@contextmanager
def on_each(event_name: str, hook: Callable[..., None]) -> Iterator[None]:
    """Calls the hook at this event (`connect`, `commit`…) of any database's engine, in its thread."""
    sqlalchemy.event.listen(sqlalchemy.Engine, event_name, hook)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, event_name, hook)


ENDS_A_BATCH = "UPDATE instances SET batches"


class Hang:
    """At `before_cursor_execute`: a batch that doesn't come to its commit until it is let go."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()

    def __call__(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith(ENDS_A_BATCH):
            self._free.wait(60)

    def begin(self) -> None:
        """From the next batch on."""
        self._free.clear()

    def end(self) -> None:
        """Let it go."""
        self._free.set()
