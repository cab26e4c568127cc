"""From a fault to the pager and back: sandbox, `brekwatch serve`, Prometheus and Alertmanager, all of them real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from support.alertmanager import alertmanager
from support.commands import brekwatch, start, variables_of
from support.pager import Pager, as_shipped
from support.prometheus_server import Prometheus, free_port, prometheus

from probes.journal.reading import Reader
from probes.sandbox.server import SandboxServer

TOKEN = "a-token-of-the-tests"
CONFIG = """\
service:
  listen: 127.0.0.1:{port}
  journal: sqlite:///{folder}/journal.db
  external_url: http://127.0.0.1:{port}
  webhook_token_file: token
targets:
  sandbox:
    base_url: ${{BREK_BASE_URL}}
    api_key: ${{BREK_PARTNER_API_KEY}}
    environment: sandbox
    quota: {{share: 1.0, reserve: 0.0, limit: 100000}}
probes:
  - {{scenario: quick_search, targets: [sandbox], every: 1s}}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The whole way: what is switched at its one end, and what arrives at the other."""

    sandbox: SandboxServer
    pager: Pager
    prometheus: Prometheus
    http: httpx.AsyncClient
    journal_url: str

    async def get(self, url: str) -> Any:
        """A page of the service, as a document."""
        answer = await self.http.get(url, headers={"accept": "application/json"})
        return answer.raise_for_status().json()


def shortened(rules: Path) -> Path:
    """The rules as exported, but with a memory of seconds: nobody waits ten minutes for the end of `increase()`.

    Those of budgets look back for hours, and have tests of their own.
    """
    (rules / "objectives.rules.yml").unlink()
    for file in rules.glob("*.rules.yml"):
        file.write_text(file.read_text().replace("[10m]", "[10s]"))
    return rules


@asynccontextmanager
async def alert_path(folder: Path) -> AsyncIterator[Way]:
    port = free_port()
    (folder / "brekwatch.yaml").write_text(CONFIG.format(port=port, folder=folder))
    (folder / "token").touch(0o600)
    (folder / "token").write_text(TOKEN)
    async with SandboxServer(minute_quota=100_000) as sandbox, Pager() as pager:
        environment = variables_of(sandbox)
        exported = await brekwatch(
            "rules", "export", str(folder / "rules"), "-c", str(folder / "brekwatch.yaml"), environment=environment
        )
        assert exported.exit_code == 0, exported.err
        service = await start(
            "serve",
            "-c",
            str(folder / "brekwatch.yaml"),
            environment=environment,
            out=asyncio.subprocess.DEVNULL,
            err=os.open(folder / "service.log", os.O_CREAT | os.O_WRONLY),
        )
        url = f"http://127.0.0.1:{port}"
        shipped = folder / "rules" / "alertmanager.yml"
        try:
            async with (
                alertmanager(folder, as_shipped(folder, shipped, pager=pager.url, brekwatch=url)) as told,
                prometheus(folder, url[7:], rules=shortened(folder / "rules"), alertmanager=told.address) as server,
                httpx.AsyncClient(base_url=url, trust_env=False) as http,
            ):
                yield Way(sandbox, pager, server, http, f"sqlite:///{folder}/journal.db")
        finally:
            if service.returncode is None:
                service.terminate()
            await service.wait()


async def test_a_fault_pages_once_with_its_incident_and_ids_and_its_end_resolves(tmp_path: Path) -> None:
    async with alert_path(tmp_path) as way:
        await way.prometheus.until("brek_probe_success == 1", 30)
        way.sandbox.set_faults(["server_error@search"])
        page = await way.pager.until("firing", 60)
        (alert,) = page["alerts"]
        listed = await way.get(alert["annotations"]["incident_url"])
        answer = await way.http.post("/alerts", json=page, headers={"authorization": f"Bearer {TOKEN}"})
        (entry,) = answer.raise_for_status().json()["alerts"]
        found = [await way.get(f"/find/{request_id}") for request_id in entry["request_ids"]]
        way.sandbox.set_faults([])
        await way.pager.until("resolved", 60)
        await way.prometheus.until('(1 - sum(brek_incidents_open{target="sandbox"})) == 1', 30)
    reader = Reader(way.journal_url)
    incident = reader.incident(entry["incident_id"])
    seen = reader.alerts_of(entry["incident_id"])
    reader.close()

    assert way.pager.told("firing") == ["BrekServerErrors"]
    assert way.pager.told("resolved") == ["BrekServerErrors"]
    assert (alert["labels"]["severity"], alert["labels"]["blame"]) == ("page", "api")
    assert [each["incident_id"] for each in listed["incidents"]] == [entry["incident_id"]]
    assert incident is not None
    assert (incident.cause.kind, incident.blame, incident.ended) == ("server_error", "api", "recovered")
    assert {each.name for each in seen} >= {"BrekServerErrors"}
    assert found
    assert {each["status_code"] for answer in found for each in answer["sightings"]} == {500}
