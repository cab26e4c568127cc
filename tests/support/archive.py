"""A reader of whole runs that it was given, and a journal that real runs were played into."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

import httpx
from starlette.applications import Starlette
from support.playing import play, target_for
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.run_lookups import NewRunReader
from probes.errors import JournalError
from probes.incident import Incident, IncidentFilter
from probes.journal.journal import Journal
from probes.journal.kept import KeptRun, Neighbours, RunFilter, RunSummary
from probes.listening import Listener, Listeners
from probes.model import Exchange, Run, RunStart
from probes.sandbox.server import SandboxServer


class Archive:
    """Gives back what it was given, by id; `trouble` is raised instead. Who asks waits at its `gate`."""

    def __init__(self, runs: Iterable[KeptRun] = (), incidents: Sequence[Incident] = ()) -> None:
        self._runs = {kept.run.run_id: kept for kept in runs}
        self._incidents = incidents
        self.trouble: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.asked = self.closings = 0

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        self._wait()
        return iter(())

    def run(self, run_id: str) -> KeptRun | None:
        self._wait()
        return self._runs.get(run_id)

    def neighbours(self, run: Run) -> Neighbours:
        return Neighbours()

    def request_ids(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        return {}

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        return iter(self._incidents)

    def close(self) -> None:
        self.closings += 1

    def _wait(self) -> None:
        self.asked += 1
        self.gate.wait(5)
        if self.trouble is not None:
            raise self.trouble


class Mend(Listener):
    """Switches the sandbox's faults off once one of them was seen."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self._sandbox = sandbox

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        if not exchange.expected:
            self._sandbox.set_faults(())


async def played_into(journal: Journal, scenario: str, *faults: str, mended: bool = False) -> Run:
    """A run against a sandbox with these faults, kept by the journal."""
    async with SandboxServer() as sandbox:
        sandbox.set_faults(faults)
        listener = Listeners(journal, *([Mend(sandbox)] if mended else []))
        return await play(scenario, target_for(sandbox), ledger=journal, listener=listener)


def app_of(new_reader: NewRunReader) -> Starlette:
    return create_app(recorder=Recorder(), health=FakeHealth(), new_reader=new_reader)


async def asked(new_reader: NewRunReader, path: str, **headers: str) -> httpx.Response:
    async with served(app_of(new_reader)) as (_, client):
        return await client.get(path, headers=headers)


def unread() -> Archive:
    archive = Archive()
    archive.trouble = JournalError("the journal can't be read: it is damaged")
    return archive
