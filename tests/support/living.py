"""A whole service in this process: its journal in a file, its sandbox beside it, played until there is much to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from support.examples import Known
from support.playing import Heard, target_for

from exporter.serve import keeping
from exporter.service import Service, running
from probes.incident import Incident, IncidentFilter
from probes.journal.reading import Reader
from probes.model import Exchange, Probe, Quota, Run
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import IncidentPolicy, Settings
from probes.settings import Service as ServiceSettings
from probes.words import Outcome

SEARCH, BOOKING = "quick_search", "golden_path"
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A service that is running, the sandbox that it plays to, and what was told of both."""

    service: Service
    sandbox: SandboxServer
    heard: Heard

    @property
    def app(self) -> Starlette:
        """What answers behind the guard."""
        app = self.service._web.app
        assert isinstance(app, Starlette)
        return app

    async def until(self, seen: Callable[[], bool]) -> None:
        """Returns once that is so."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not seen():
                await asyncio.sleep(0.02)

    def runs(self, *, scenario: str, outcome: Outcome) -> list[Run]:
        """Those that ended so, oldest first."""
        return [run for run in self.heard.runs if (run.scenario, run.outcome) == (scenario, outcome)]

    def incidents(self) -> tuple[Incident, ...]:
        """As the journal knows them, newest first."""
        with closing(Reader(self.service.settings.service.journal)) as reader:
            return tuple(reader.incidents(IncidentFilter()))

    def known(self) -> Known:
        """What its pages have an address for."""
        opened = next(each for each in self.incidents() if each.is_open)
        closed = next(each for each in self.incidents() if not each.is_open)
        return Known(
            target="sandbox",
            scenarios=(SEARCH, BOOKING),
            runs=(
                self.runs(scenario=BOOKING, outcome=Outcome.FAILED)[-1].run_id,
                self.runs(scenario=SEARCH, outcome=Outcome.PASSED)[-1].run_id,
            ),
            incidents=(opened.incident_id, closed.incident_id),
            request_id=_request_id(self.heard.exchanges),
        )


def _request_id(exchanges: Collection[Exchange]) -> str:
    answers = (exchange.answer for exchange in exchanges)
    return next(answer.request_id for answer in answers if answer is not None and answer.request_id is not None)


def settings_for(
    sandbox: SandboxServer, journal: Path, *, every: float, scenarios: Collection[str], **service: Any
) -> Settings:
    """These scenarios against this sandbox, and incidents that open with the second failed run."""
    known = {"listen_port": 0, "journal": f"sqlite:///{journal}", "location": "test"}
    target = target_for(sandbox, quota=Quota(share=100.0, reserve=0.0))
    return Settings(
        service=ServiceSettings(**(known | service)),
        targets={target.name: target},
        probes=tuple(
            Probe(scenario=name, target=target.name, every_seconds=every, deadline_seconds=every) for name in scenarios
        ),
        scenarios=shipped(),
        incidents=IncidentPolicy(open_after=2),
        secrets=(target.api_key,),
    )


@asynccontextmanager
async def living(
    folder: Path, *, every: float = 1.0, scenarios: Collection[str] = (SEARCH, BOOKING), **service: Any
) -> AsyncIterator[Living]:
    """A service on loopback; a later one in the same folder goes on with its journal. `service` are its settings."""
    async with SandboxServer() as sandbox:
        settings = settings_for(sandbox, folder / "journal.db", every=every, scenarios=scenarios, **service)
        scrubber, heard = Scrubber(settings.secrets), Heard()
        journal = keeping(settings, scrubber, "serve")
        service = Service(settings, scrubber=scrubber, listeners=[heard], new_journal=journal)
        async with running(service, 0.5):
            yield Living(service=service, sandbox=sandbox, heard=heard)


async def make_history(life: Living) -> None:
    """An outage that is over, and one that goes on: searches work, bookings get a wrong answer."""
    await life.until(lambda: bool(life.runs(scenario=BOOKING, outcome=Outcome.PASSED)))
    life.sandbox.set_faults(["not_json@search"])
    await life.until(lambda: any(each.is_open for each in life.incidents()))
    life.sandbox.set_faults([])
    await life.until(lambda: not any(each.is_open for each in life.incidents()))
    life.sandbox.set_faults(["wrong_status@name"])
    await life.until(lambda: any(each.is_open for each in life.incidents()))
