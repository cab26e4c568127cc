"""A service whose API fails: its gauges show the incident, and a restart shows it again before any run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
from support.playing import target_for

from exporter.serve import keeping
from exporter.service import Service
from probes.incident import Incident, IncidentFilter
from probes.journal.reading import Reader
from probes.model import Probe, Quota
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.words import Ended, FailureKind, Operation

OPEN = 'brek_incidents_open{blame="api",target="sandbox"}'
RECENT = 'brek_probe_recent_failed_runs{kind="not_json",scenario="quick_search",target="sandbox"}'


def settings_for(sandbox: SandboxServer, url: str, *, every: float) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    return Settings(
        service=ServiceSettings(listen_port=0, journal=url, location="test"),
        targets={target.name: target},
        probes=(Probe(scenario="quick_search", target=target.name, every_seconds=every, deadline_seconds=every),),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    scrubber = Scrubber(settings.secrets)
    service = Service(settings, scrubber=scrubber, new_journal=keeping(settings, scrubber, command="serve"))
    await service.start()
    try:
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
            yield client
    finally:
        await service.aclose()


async def until_shown(client: httpx.AsyncClient, *lines: str) -> None:
    async with asyncio.timeout(20):
        while True:
            text = (await client.get("/metrics")).text
            if all(line in text for line in lines):
                return
            await asyncio.sleep(0.05)


def only_in(url: str) -> Incident:
    with closing(Reader(url)) as reader:
        (incident,) = reader.incidents(IncidentFilter())
        return incident


async def test_an_outage_is_shown_kept_and_shown_again_after_a_restart_until_it_is_over(sqlite_url: str) -> None:
    async with SandboxServer() as sandbox:
        sandbox.set_faults(["not_json@search"])
        async with serving(settings_for(sandbox, sqlite_url, every=0.3)) as client:
            await until_shown(client, f"{OPEN} 1.0", f"{RECENT} 5.0")
        opened = only_in(sqlite_url)
        async with serving(settings_for(sandbox, sqlite_url, every=3600.0)) as client:
            await until_shown(client, f"{OPEN} 1.0", f"{RECENT} 5.0")
        sandbox.set_faults([])
        async with serving(settings_for(sandbox, sqlite_url, every=0.3)) as client:
            await until_shown(client, f"{OPEN} 0.0", f"{RECENT} 0.0")
    closed = only_in(sqlite_url)

    assert opened.is_open
    assert (opened.cause.kind, opened.cause.operation) == (FailureKind.NOT_JSON, Operation.SEND_EVENT)
    assert (closed.incident_id, closed.ended) == (opened.incident_id, Ended.RECOVERED)
