"""A real Alertmanager tells a real service of alerts, and they are tied to the incidents of its journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from support.alertmanager import Alertmanager, alertmanager, tells_webhook
from support.desk import INCIDENT_ID, an_incident
from support.facts import REQUEST_ID, TRACE_ID, a_probe, a_run, a_start, a_target
from support.runbooks import commands, runbooks

from exporter.service import Service
from probes.incident import AlertSeen, IncidentChange
from probes.journal.journal import Journal
from probes.redaction import Scrubber, Secret
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.words import Outcome

TOKEN = "a-token-of-the-tests"
ALERT = ("alertname=BrekServerErrors", "target=acme", "scenario=golden_path", "severity=page")


@dataclass(frozen=True, slots=True)
class Told:
    """An Alertmanager, and the service that it tells."""

    alertmanager: Alertmanager
    service: Service
    journal: Journal

    def kept(self) -> tuple[AlertSeen, ...]:
        with closing(self.journal.reader()) as reader:
            return reader.alerts_of(INCIDENT_ID)

    async def until_kept(self, status: str) -> tuple[AlertSeen, ...]:
        async with asyncio.timeout(20):
            while status not in {seen.status for seen in self.kept()}:
                await asyncio.sleep(0.1)
        return self.kept()


@asynccontextmanager
async def telling(folder: Path, *, token: str = TOKEN) -> AsyncIterator[Told]:
    """The service has had one incident, whose first failed run is kept."""
    url = f"sqlite:///{folder / 'brekwatch.db'}"
    target = a_target(base_url="http://127.0.0.1:1")
    settings = Settings(
        service=ServiceSettings(listen_port=0, journal=url, webhook_token=Secret(TOKEN)),
        targets={target.name: target},
        probes=(a_probe(every_seconds=86_400.0),),
        scenarios=shipped(),
    )
    journals: list[Journal] = []
    scrubber = Scrubber([target.api_key, Secret(TOKEN)])

    def new_journal(listener: object) -> Journal:
        journals.append(Journal(url, command="serve", scrub=scrubber.text, listener=listener))  # type: ignore[arg-type]
        return journals[0]

    service = Service(settings, scrubber=scrubber, new_journal=new_journal)
    await service.start()
    try:
        await journals[0].begin_run(a_start())
        journals[0].run_finished(a_run(Outcome.FAILED))
        await journals[0].keep_incidents(IncidentChange(incidents=(an_incident(),)))
        async with alertmanager(folder, tells_webhook(f"{service.url}/alerts", token)) as server:
            yield Told(server, service, journals[0])
    finally:
        await service.aclose(0.0)


async def test_an_alert_arrives_is_tied_to_its_incident_and_kept_once_however_often_it_is_told(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        code, said = await told.alertmanager.amtool(
            "alert", "add", *ALERT, "--annotation=summary=acme answers HTTP 5xx"
        )
        firing = await told.until_kept("firing")
        await told.alertmanager.until_told("notifications", 3)
        again = told.kept()
        async with httpx.AsyncClient(trust_env=False) as client:
            wanted = {"target": "acme", "scenario": "golden_path", "format": "json"}
            opened = await client.get(f"{told.service.url}/incidents/open", params=wanted)

    assert (code, said) == (0, "")
    assert [(seen.name, seen.incident_id, seen.scenario) for seen in firing] == [
        ("BrekServerErrors", INCIDENT_ID, "golden_path")
    ]
    assert len(again) == 1
    assert [each["incident_id"] for each in opened.json()["incidents"]] == [INCIDENT_ID]


async def test_a_resolved_alert_is_told_too_and_closes_nothing(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        began = datetime.now(UTC) - timedelta(minutes=5)
        add = ("alert", "add", *ALERT, f"--start={began:%Y-%m-%dT%H:%M:%SZ}")
        await told.alertmanager.amtool(*add)
        await told.until_kept("firing")
        await told.alertmanager.amtool(*add, f"--end={began + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}")
        (resolved,) = await told.until_kept("resolved")
        with closing(told.journal.reader()) as reader:
            incident = reader.incident(INCIDENT_ID)

    assert resolved.ends_at is not None
    assert incident is not None
    assert incident.is_open


async def test_with_a_wrong_token_nothing_is_kept(tmp_path: Path) -> None:
    async with telling(tmp_path, token="another-token") as told:
        await told.alertmanager.amtool("alert", "add", *ALERT)
        await told.alertmanager.until_told("notifications_failed", 1)

        assert told.kept() == ()


async def test_the_answer_holds_the_ids_that_prove_it(tmp_path: Path) -> None:
    message = {
        "version": "4",
        "alerts": [
            {
                "fingerprint": "c0ffee",
                "status": "firing",
                "labels": {"alertname": "BrekServerErrors", "target": "acme"},
                "startsAt": "2026-11-24T12:03:00Z",
            }
        ],
    }
    async with telling(tmp_path) as told, httpx.AsyncClient(trust_env=False) as client:
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = await client.post(f"{told.service.url}/alerts", json=message, headers=headers)

    (entry,) = answer.json()["alerts"]
    assert (entry["incident_id"], entry["request_ids"], entry["trace_ids"]) == (INCIDENT_ID, [REQUEST_ID], [TRACE_ID])


async def test_every_silence_of_a_runbook_is_taken(tmp_path: Path) -> None:
    silences = [words for text in runbooks().values() for words in commands(text, "amtool") if "silence" in words]
    async with alertmanager(tmp_path, tells_webhook("http://127.0.0.1:1/alerts", TOKEN)) as server:
        answers = [
            await server.amtool(*(word.replace("$TARGET", "acme").replace("$SCENARIO", "x") for word in words[2:]))
            for words in silences
        ]

    assert len(answers) == len(runbooks())
    assert [said for code, said in answers if code != 0] == []
