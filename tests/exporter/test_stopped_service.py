"""A service that met a booking which nobody asked for: what it plays then, after a restart, and once it is resumed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from support.keeping import file_of, until
from support.keeping import keeping as journal_open
from support.playing import Heard, target_for
from support.stopping import a_run_that_booked

from exporter import resume_command
from exporter.serve import keeping
from exporter.service import Service, running
from probes.journal.reading import Reader
from probes.model import Probe, Quota
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.unasked import RESUMED, STOPPED
from probes.words import Outcome, SkipReason

SEARCH, GOLDEN = "quick_search", "golden_path"


class Stopped(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.stops: list[tuple[str, bool]] = []

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        self.stops.append((target, reason is not None))

    def outcomes(self, scenario: str, target: str = "sandbox") -> list[Outcome]:
        return [run.outcome for run in self.runs if (run.scenario, run.target) == (scenario, target)]

    def last(self, scenario: str, target: str = "sandbox") -> Outcome | None:
        return next(reversed(self.outcomes(scenario, target)), None)


def settings_for(sandbox: SandboxServer, url: str, *scenarios: str, every: float = 0.3) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    targets = {name: replace(target, name=name) for name in ("sandbox", "twin")}
    return Settings(
        service=ServiceSettings(listen_port=0, journal=url, location="test"),
        targets=targets,
        probes=tuple(
            Probe(scenario=scenario, target=name, every_seconds=every, deadline_seconds=5.0)
            for scenario in scenarios
            for name in targets
        ),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


def service_of(settings: Settings, heard: Heard) -> Service:
    scrubber = Scrubber(settings.secrets)
    journal = keeping(settings, scrubber, command="serve")
    return Service(settings, scrubber=scrubber, listeners=[heard], new_journal=journal)


async def test_a_booking_that_nobody_asked_for_stops_all_with_that_key_until_a_person_resumes(journal_url: str) -> None:
    heard, told_later = Stopped(), Stopped()
    async with SandboxServer(faults=["early_booked@search"]) as sandbox:
        settings = settings_for(sandbox, journal_url, SEARCH, GOLDEN)
        async with running(service_of(settings, heard), 0.0):
            await until(lambda: heard.stops)
            sandbox.set_faults([])
            await until(lambda: {heard.last(GOLDEN, name) for name in ("sandbox", "twin")} == {Outcome.SKIPPED})
        booked = len(sandbox.bookings)
        async with running(service_of(settings, told_later), 0.0):
            await until(lambda: {told_later.last(GOLDEN, name) for name in ("sandbox", "twin")} == {Outcome.SKIPPED})
            booked_since = len(sandbox.bookings) - booked
            stopped, meanwhile = resume_command.stopped(settings, "twin"), set(told_later.outcomes(GOLDEN))
            await resume_command.let_go_on(settings, stopped)
            await until(lambda: {told_later.last(GOLDEN, name) for name in ("sandbox", "twin")} == {Outcome.PASSED})

    assert booked_since == 0
    assert meanwhile == {Outcome.SKIPPED}
    assert sorted(told_later.stops) == [("sandbox", False), ("sandbox", True), ("twin", False), ("twin", True)]
    assert {run.reason for run in told_later.runs if run.outcome is Outcome.SKIPPED} == {SkipReason.SAFETY}


async def test_nothing_that_may_book_begins_while_it_is_not_known_whether_that_is_stopped(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Stopped()
    monkeypatch.setattr("exporter.service._STOPS_SECONDS", 0.1)
    file_of(sqlite_url).mkdir()
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, sqlite_url, GOLDEN)
        async with running(service_of(settings, heard), 0.0):
            await until(lambda: heard.last(GOLDEN) is Outcome.SKIPPED)
            reasons = {run.reason for run in heard.runs}
            file_of(sqlite_url).rmdir()
            await until(lambda: heard.last(GOLDEN) is Outcome.PASSED, 15)

    assert reasons == {SkipReason.JOURNAL}


async def test_a_reload_knows_the_stop(sqlite_url: str) -> None:
    heard = Stopped()
    async with SandboxServer(faults=["early_booked@search"]) as sandbox:
        settings = settings_for(sandbox, sqlite_url, SEARCH)
        service = service_of(settings, heard)
        async with running(service, 0.0):
            await until(lambda: heard.stops)
            more = settings_for(sandbox, sqlite_url, SEARCH, GOLDEN)
            third = replace(more.targets["twin"], name="third")
            probes = (*more.probes, replace(more.probes[-1], target="third"))
            service.reload(replace(more, targets={**more.targets, "third": third}, probes=probes))
            await until(lambda: heard.last(GOLDEN, "third"))

    assert set(heard.outcomes(GOLDEN, "third")) == {Outcome.SKIPPED}
    assert ("third", True) in heard.stops


async def test_who_resumed_and_when_stays_on_record(sqlite_url: str) -> None:
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, sqlite_url)
        async with journal_open(sqlite_url) as journal:
            journal.run_finished(a_run_that_booked(target="sandbox"))
        await resume_command.let_go_on(settings, resume_command.stopped(settings, "sandbox"))

    with closing(Reader(sqlite_url)) as reader:
        (record,) = reader.states(RESUMED).values()
        assert reader.states(STOPPED) == {}
    assert isinstance(record, dict)
    assert {"target", "scenario", "since", "at", "by"} == record.keys()
    assert record["by"]
