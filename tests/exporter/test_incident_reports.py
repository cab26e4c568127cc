"""The report of an incident that a real service made of real runs against the sandbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
from support.markup import Parsed
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


@asynccontextmanager
async def an_outage(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, Incident]]:
    """A service whose API answers no JSON, once it has made an incident of that."""
    async with SandboxServer(faults=["not_json"]) as sandbox:
        settings = settings_for(sandbox, url)
        scrubber = Scrubber(settings.secrets)
        service = Service(settings, scrubber=scrubber, new_journal=keeping(settings, scrubber, command="serve"))
        await service.start()
        try:
            async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
                yield client, await first_incident(url)
        finally:
            await service.aclose()


def settings_for(sandbox: SandboxServer, url: str) -> Settings:
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    return Settings(
        service=ServiceSettings(listen_port=0, journal=url, location="test"),
        targets={target.name: target},
        probes=(Probe(scenario="quick_search", target=target.name, every_seconds=0.2, deadline_seconds=2.0),),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


async def first_incident(url: str) -> Incident:
    async with asyncio.timeout(30):
        while True:
            with closing(Reader(url)) as reader:
                if found := next(reader.incidents(IncidentFilter()), None):
                    return found
            await asyncio.sleep(0.1)


async def test_an_incident_of_real_runs_has_its_page_and_its_twins(sqlite_url: str) -> None:
    async with an_outage(sqlite_url) as (client, incident):
        address = f"/incidents/{incident.incident_id}"
        page = await client.get(address)
        program = (await client.get(f"{address}?format=json")).json()
        markdown = (await client.get(f"{address}?format=markdown")).text
        email = (await client.get(f"{address}?format=email")).text
        unknown = await client.get("/incidents/i000000000000000000")

    assert (page.status_code, unknown.status_code) == (200, 404)
    assert Parsed(page.text).complaints == []
    assert "OPEN" in page.text
    assert program["incident"]["incident_id"] == incident.incident_id
    assert all(program["headline"].split(" (")[0] in " ".join(told.split()) for told in (page.text, email))
    assert all(re.search(r"requestId +[0-9a-f-]{36}", told) for told in (page.text, markdown, email))
