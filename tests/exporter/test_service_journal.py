"""A service with its journal: what a restart knows, and what happens where nothing can be kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from support.playing import Heard, target_for
from support.sandbox import Partner

from exporter.serve import keeping
from exporter.service import Service
from probes.errors import JournalInUseError
from probes.journal.journal import Journal
from probes.journal.kept import RunFilter
from probes.journal.reading import Reader
from probes.model import Booking, Intent, Probe, Quota, RunStart
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.words import BookingState, Leaves, Outcome


class Kept(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.bookings: list[Booking] = []

    def booking_settled(self, booking: Booking) -> None:
        self.bookings.append(booking)


def settings_for(sandbox: SandboxServer, url: str, *scenarios: str, every: float) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    return Settings(
        service=ServiceSettings(listen_port=0, journal=url, location="test"),
        targets={target.name: target},
        probes=tuple(
            Probe(scenario=name, target=target.name, every_seconds=every, deadline_seconds=every) for name in scenarios
        ),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


@asynccontextmanager
async def serving(settings: Settings, *heard: Heard) -> AsyncIterator[httpx.AsyncClient]:
    scrubber = Scrubber(settings.secrets)
    service = Service(
        settings, scrubber=scrubber, listeners=heard, new_journal=keeping(settings, scrubber, command="serve")
    )
    await service.start()
    try:
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
            yield client
    finally:
        await service.aclose()


async def metrics_once(client: httpx.AsyncClient, line: str) -> str:
    async with asyncio.timeout(10):
        while line not in (text := (await client.get("/metrics")).text):
            await asyncio.sleep(0.05)
    return text


async def test_a_committed_verdict_beats_the_heart_and_is_there_after_a_restart(journal_url: str) -> None:
    async with SandboxServer() as sandbox:
        played = settings_for(sandbox, journal_url, "golden_path", every=0.3)
        async with serving(played) as client:
            await metrics_once(client, "brek_monitor_heartbeat_timestamp_seconds 1")
        rarely = settings_for(sandbox, journal_url, "golden_path", every=3600.0)
        async with serving(rarely) as client:
            text = await metrics_once(client, "brek_monitor_journal_up 1.0")
            page = (await client.get("/")).text
            run_id = next(Reader(journal_url).runs(RunFilter(outcome=Outcome.PASSED))).run_id
            found = await client.get(f"/find/{run_id}", headers={"accept": "application/json"})
    runs = list(Reader(journal_url).runs(RunFilter()))

    assert 'brek_probe_success{scenario="golden_path",target="sandbox"} 1.0' in text
    assert 'brek_probe_last_success_timestamp_seconds{scenario="golden_path",target="sandbox"} 1.' in text
    assert "passed" in page
    assert found.status_code == 200
    assert run_id in found.text
    assert {run.outcome for run in runs} <= {Outcome.PASSED, Outcome.UNKNOWN}
    assert Outcome.PASSED in {run.outcome for run in runs}


async def test_what_a_cut_off_run_booked_is_found_after_the_next_start(journal_url: str) -> None:
    heard = Kept()
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, journal_url, "quick_search", every=3600.0)
        session_id = await _booked_and_cut_off(sandbox, settings)
        async with serving(settings, heard) as client, asyncio.timeout(20):
            text = await metrics_once(client, 'brek_probe_bookings_total{state="left",target="sandbox"} 1.0')
        turns = [request for request in sandbox.requests if request.path.endswith("/events")]
    kept = Reader(journal_url).run("cutoff")

    assert [booking.session_id for booking in heard.bookings] == [session_id]
    assert "brek_probe_bookings_total" in text
    assert kept is not None
    assert (kept.run.outcome, kept.run.reason) == (Outcome.UNKNOWN, "cancelled")
    assert [booking.state for booking in kept.bookings] == [BookingState.LEFT]
    assert len(turns) == 5
    assert Reader(journal_url).open_intents() == ()


async def _booked_and_cut_off(sandbox: SandboxServer, settings: Settings) -> str:
    """A session that booked, and in the journal no more than the promise of its last turn."""
    async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http:
        partner = Partner(sandbox, http)
        session_id = await partner.to_consent("brekwatch_cutoff")
        journal = Journal(settings.service.journal, command="serve", scrub=str, listener=Heard())
        await journal.start()
        start = RunStart(
            run_id="cutoff",
            target="sandbox",
            scenario="golden_path",
            leaves=Leaves.BOOKING,
            started_at=datetime.now(UTC),
            location="test",
        )
        await journal.begin_run(start)
        await journal.intend(
            Intent(run_id="cutoff", target="sandbox", session_id=session_id, idempotency_key="acme:k", body=b"{}")
        )
        await partner.say(session_id, "yes, use this card", key="acme:k")
        await journal.aclose()
    return session_id


async def test_a_first_start_that_is_slow_to_make_its_journal_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.journal.journal._START_SECONDS", 0.0)
    heard = Kept()
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, f"sqlite:///{tmp_path}/brekwatch.db", "quick_search", every=3600.0)
        async with serving(settings, heard) as client:
            await metrics_once(client, "brek_monitor_journal_up 1.0")

    assert [fault.detail for fault in heard.faults] == []


async def test_a_second_service_on_one_file_refuses_to_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/brekwatch.db"
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, url, "quick_search", every=3600.0)
        async with serving(settings):
            with pytest.raises(JournalInUseError):
                async with serving(settings):
                    pass


async def test_without_a_journal_the_others_are_played_and_what_would_book_is_skipped(tmp_path: Path) -> None:
    heard = Kept()
    url = f"sqlite:///{tmp_path}/no folder/can be/made.db"
    (tmp_path / "no folder").touch()
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, url, "quick_search", "golden_path", every=0.5)
        async with serving(settings, heard) as client:
            await metrics_once(client, 'brek_probe_success{scenario="quick_search",target="sandbox"} 1.0')
            await metrics_once(client, 'brek_probe_skipped_total{reason="journal",scenario="golden_path"')
            text = await metrics_once(client, "brek_monitor_journal_up 0.0")
        booked = [request for request in sandbox.requests if b"use this card" in request.body]

    assert booked == []
    assert "brek_monitor_heartbeat_timestamp_seconds 1" not in text
    assert {run.outcome for run in heard.runs if run.scenario == "quick_search"} == {Outcome.PASSED}
    assert [fault.detail for fault in heard.faults if "can't commit" in fault.detail] == [heard.faults[0].detail]


async def test_a_journal_that_changes_needs_a_restart(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, f"sqlite:///{tmp_path}/a.db", "quick_search", every=3600.0)
        service = Service(settings, scrubber=Scrubber(()))

        with pytest.raises(Exception, match=r"service\.journal can't change while the service runs"):
            service.reload(replace(settings, service=replace(settings.service, journal=f"sqlite:///{tmp_path}/b.db")))
