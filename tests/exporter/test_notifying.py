"""A service, a sandbox with a fault, and a receiver on loopback: from the failed run to the message."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.hostile import Hostile, closed_port
from support.playing import Heard, target_for
from support.prometheus import value
from support.receivers import a_receiver, bodies, head_of, takes

from alerts.delivery import webhook
from exporter import notifying
from exporter.serve import keeping
from exporter.service import Service
from probes.journal.reading import Reader
from probes.model import Probe, Quota, Run
from probes.redaction import Scrubber, Secret
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import IncidentPolicy, Maintenance, Receiver, Settings
from probes.settings import Service as ServiceSettings
from probes.words import JUDGED_OUTCOMES, Channel, Outcome

NOTICES = "brek_monitor_notices_total"
SECRET = Secret("whsec_" + base64.b64encode(b"canary-of-the-signature").decode())


class Failed(Heard):
    """When the journal had each failed run."""

    def __init__(self) -> None:
        super().__init__()
        self.kept_at: list[datetime] = []

    def run_kept(self, run: Run) -> None:
        if run.outcome is Outcome.FAILED:
            self.kept_at.append(datetime.now(UTC))


def a_configuration(sandbox: SandboxServer, folder: Path, *receivers: Receiver, **service: object) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    probe = Probe(scenario="quick_search", target=target.name, every_seconds=0.3, deadline_seconds=0.3)
    secrets = [secret for receiver in receivers for secret in (*receiver.urls, receiver.secret) if secret is not None]
    return Settings(
        service=ServiceSettings(listen_port=0, journal=f"sqlite:///{folder}/kept.db", location="test", **service),  # type: ignore[arg-type]
        targets={target.name: target},
        probes=(probe,),
        scenarios=shipped(),
        incidents=IncidentPolicy(open_after=2, within=3, close_after=1),
        receivers=receivers,
        secrets=(target.api_key, *secrets),
    )


@asynccontextmanager
async def serving(settings: Settings, *heard: Heard) -> AsyncIterator[Service]:
    scrubber = Scrubber(settings.secrets)
    service = Service(
        settings, scrubber=scrubber, listeners=heard, new_journal=keeping(settings, scrubber, command="serve")
    )
    await service.start()
    try:
        yield service
    finally:
        await service.aclose(0.0)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def locked(journal: Path) -> sqlite3.Connection:
    """Keeps everybody away from it, readers too, until it is closed."""
    other = sqlite3.connect(journal, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    return other


async def test_an_outage_is_told_within_seconds_with_its_proof_and_so_is_its_end(tmp_path: Path) -> None:
    failed = Failed()
    async with SandboxServer(faults=["server_error"]) as sandbox, Hostile(takes()) as server:
        receiver = a_receiver(url=f"{server.url}/canary-of-the-path", secret=SECRET)
        async with serving(a_configuration(sandbox, tmp_path, receiver), failed):
            await until(lambda: len(bodies(server)) == 1)
            told_at = datetime.now(UTC)
            sandbox.set_faults([])
            await until(lambda: len(bodies(server)) == 2)
    opened, resolved = bodies(server)
    head, content = head_of(server), server.received[0].partition(b"\r\n\r\n")[2]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert (opened["type"], resolved["type"]) == ("incident.opened", "incident.resolved")
    assert opened["incident_id"] == resolved["incident_id"]
    assert opened["cause"]["kind"] == "server_error"
    assert opened["evidence"]["request_ids"]
    assert told_at - failed.kept_at[1] < timedelta(seconds=5)
    assert head["webhook-signature"] == webhook.signature(
        SECRET, head["webhook-id"], head["webhook-timestamp"], content
    )
    assert b"canary-of-the" not in kept


async def test_what_could_not_be_told_before_a_restart_is_told_after_it(tmp_path: Path) -> None:
    async with SandboxServer(faults=["server_error"]) as sandbox, Hostile(takes()) as server:
        down = a_configuration(sandbox, tmp_path, a_receiver(url=f"http://127.0.0.1:{closed_port()}/"))
        async with serving(down) as service:
            await until(lambda: value(service.recorder, NOTICES, channel="webhook", state="failed"))
        waiting = Reader(down.service.journal).waiting_notices()
        async with serving(replace(down, receivers=(a_receiver(url=server.url),))):
            await until(lambda: bodies(server))
    (opened,) = bodies(server)

    assert [notice.incident_id for notice in waiting] == [opened["incident_id"]]
    assert opened["type"] == "incident.opened"
    assert Reader(down.service.journal).waiting_notices() == ()


async def test_what_can_t_be_read_at_the_start_is_told_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_RESTORE_SECONDS", 0.3)
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    async with SandboxServer(faults=["server_error"]) as sandbox, Hostile(takes()) as server:
        down = a_configuration(sandbox, tmp_path, a_receiver(url=f"http://127.0.0.1:{closed_port()}/"))
        async with serving(down) as service:
            await until(lambda: value(service.recorder, NOTICES, channel="webhook", state="failed"))
        lock = locked(tmp_path / "kept.db")
        async with serving(replace(down, receivers=(a_receiver(url=server.url),))):
            before = bodies(server)
            lock.close()
            await until(lambda: bodies(server))

    assert before == []
    assert [document["type"] for document in bodies(server)] == ["incident.opened"]


async def test_a_restart_stops_no_heartbeat_though_the_next_run_is_hours_away(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, Hostile(takes()) as server:
        settings = a_configuration(sandbox, tmp_path)
        heard = Heard()
        async with serving(settings, heard):
            await until(lambda: any(run.outcome in JUDGED_OUTCOMES for run in heard.runs))
        seldom = replace(settings.probes[0], every_seconds=86_400.0)
        service = replace(settings.service, heartbeat_url=Secret(f"{server.url}/ping/1"))
        async with serving(replace(settings, probes=(seldom,), service=service)):
            await until(lambda: server.received)

    assert server.received[0].startswith(b"GET /ping/1 ")


async def test_the_heart_beats_while_verdicts_are_committed(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, Hostile(takes()) as server:
        settings = a_configuration(sandbox, tmp_path, heartbeat_url=Secret(f"{server.url}/ping/1"))
        async with serving(settings):
            await until(lambda: server.received)

    assert server.received[0].startswith(b"GET /ping/1 ")


async def test_in_maintenance_an_outage_wakes_nobody_and_is_measured(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with SandboxServer(faults=["server_error"]) as sandbox, Hostile(takes()) as server:
        settings = a_configuration(sandbox, tmp_path, a_receiver(url=server.url))
        window = Maintenance(
            targets=tuple(settings.targets), starts_at=now, ends_at=now + timedelta(hours=1), reason="release"
        )
        failed = Failed()
        async with serving(replace(settings, maintenance=(window,)), failed):
            await until(lambda: len(failed.kept_at) >= 4)

    assert server.received == []


async def test_a_receiver_that_a_reload_brings_is_told(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, Hostile(takes()) as server:
        settings = a_configuration(sandbox, tmp_path)
        async with serving(settings) as service:
            service.reload(replace(settings, receivers=(a_receiver(url=server.url, channel=Channel.SLACK),)))
            sandbox.set_faults(["server_error"])
            await until(lambda: bodies(server))
    (message,) = bodies(server)

    assert message["text"] == "Failing: quick_search on sandbox, server_error at create_session"
