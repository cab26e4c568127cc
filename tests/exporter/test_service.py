"""A service plays, measures and announces; Prometheus' own linter and parser read what it tells."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
from support.playing import Heard, target_for

from exporter.service import Service
from probes.listening import Listener
from probes.model import Probe, Quota
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Maintenance, Settings
from probes.settings import Service as ServiceSettings

NOW = datetime.now(UTC)
CONFIRM_FAILED = 'kind="server_error",scenario="golden_path",step="confirm",target="sandbox"} [1-9]'


def settings_for(sandbox: SandboxServer, *scenarios: str, every: float = 0.2) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    return Settings(
        service=ServiceSettings(listen_port=0, journal="sqlite:///:memory:", location="test"),
        targets={target.name: target},
        probes=tuple(
            Probe(scenario=name, target=target.name, every_seconds=every, deadline_seconds=every) for name in scenarios
        ),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


@asynccontextmanager
async def serving(settings: Settings, *listeners: Listener) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    service = Service(settings, scrubber=Scrubber(settings.secrets), listeners=listeners)
    await service.start()
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        yield service, client
    await service.aclose()


async def metrics_once(client: httpx.AsyncClient, line: str) -> str:
    async with asyncio.timeout(15):
        while re.search(line, text := (await client.get("/metrics")).text) is None:
            await asyncio.sleep(0.05)
    return text


async def test_a_run_that_was_not_played_neither_beats_the_heart_nor_is_judged() -> None:
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, "golden_path")
        without_portal = {"sandbox": replace(settings.targets["sandbox"], portal=None)}
        async with serving(replace(settings, targets=without_portal)) as (_, client):
            text = await metrics_once(client, r'brek_probe_skipped_total\{reason="portal",scenario="golden_path"')

    assert "brek_monitor_heartbeat_timestamp_seconds 1" not in text
    assert 'brek_probe_success{scenario="golden_path"' not in text


async def test_what_a_working_service_tells_passes_prometheus_linter_in_the_midst_of_failures() -> None:
    async with (
        SandboxServer(faults=["server_error@confirm"]) as sandbox,
        serving(settings_for(sandbox, *shipped())) as (_, client),
    ):
        text = await metrics_once(client, CONFIRM_FAILED)
    lint = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)  # noqa: S607, ASYNC221

    assert (lint.returncode, lint.stdout, lint.stderr) == (0, b"", b"")
    assert sandbox.api_key not in text


async def test_announced_maintenance_is_told_and_keeps_runs_out_of_the_objective() -> None:
    window = Maintenance(
        targets=("sandbox",), starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1), reason="release"
    )
    async with SandboxServer() as sandbox:
        settings = replace(settings_for(sandbox, "quick_search"), maintenance=(window,))
        async with serving(settings) as (_, client):
            text = await metrics_once(client, r'brek_probe_success\{scenario="quick_search",target="sandbox"\} 1.0')

    assert 'brek_probe_maintenance{target="sandbox"} 1.0' in text
    assert 'brek_probe_objective_runs_total{result="good",scenario="quick_search",target="sandbox"} 0.0' in text


async def test_health_fails_once_probes_end_no_runs_any_more() -> None:
    async with (
        SandboxServer() as sandbox,
        serving(settings_for(sandbox, "quick_search", every=0.1)) as (service, client),
    ):
        well = await client.get("/healthz")

        async def stuck(_: object) -> None:
            await asyncio.Event().wait()

        service._probing.runner.play = stuck  # type: ignore[method-assign, assignment]
        async with asyncio.timeout(5):
            while (unwell := await client.get("/healthz")).status_code == 200:
                await asyncio.sleep(0.05)

    assert well.status_code == 200
    assert unwell.status_code == 503
    assert "ended no run" in unwell.json()["reason"]


async def test_started_runs_are_all_accounted_for_after_the_drain() -> None:
    heard = Heard()
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        settings = settings_for(sandbox, *shipped(), every=0.3)
        service = Service(settings, scrubber=Scrubber(()), listeners=[heard])
        await service.start()
        await asyncio.sleep(0.5)
        await service.aclose(0.0)
        body, _ = service.recorder.render("")
    lines = [line for line in body.decode().splitlines() if line.startswith("brek_probe_runs")]
    started = sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("brek_probe_runs_started"))
    ended = sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("brek_probe_runs_total"))

    assert started == ended == len(heard.runs) > 0
