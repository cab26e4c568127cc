"""Pictures of the service's pages for the README: a day of runs that were really played, moved to their hours.

`make page-pictures` writes docs/page-*.png anew. Look at them before you believe them.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from playwright.async_api import Page
from support.browser import chromium, open_context
from support.living import Living
from support.playing import Heard, target_for
from support.playing import play as play_run
from support.report_pictures import DOCS, moved
from support.watching import Told, play
from support.watching import living as keeping_runs

from exporter.serve import keeping
from exporter.service import Service, running
from probes.model import Objective, Probe, Run, Target
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.words import Outcome

EVERY = timedelta(minutes=15)
A_DAY = 95
LOCATION = "eu-1"
PLAYED = ("golden_path", "quick_search", "decline_payment", "golden_path_to_payment")
# What was wrong at which target, by the number of the round: an outage in the night, and one that goes on.
FAULTS: Mapping[str, Mapping[range, str]] = {
    "acme": {range(22, 29): "server_error@search", range(60, 61): "not_json@name"},
    "acme-staging": {range(40, 43): "wrong_status@name", range(92, 99): "server_error@confirm"},
}
PAGES = {"status": "/", "run": "/runs/{failed}", "targets": "/targets"}
_PLENTY = 1_000_000  # requests a minute: a day is played within one
_HEIGHTS = {"status": 800, "run": 1000, "targets": 620}


def a_sandbox(**options: int) -> SandboxServer:
    """One whose keys are the same in every picture."""
    return SandboxServer(random=Random(7), **options)  # noqa: S311 - known keys


def targets_of(sandboxes: Mapping[str, SandboxServer]) -> dict[str, Target]:
    """As a configuration names them."""
    return {name: target_for(sandbox, name=name) for name, sandbox in sandboxes.items()}


def fault_at(target: str, number: int) -> list[str]:
    """What the sandbox shows in this round."""
    return [fault for rounds, fault in FAULTS[target].items() if number in rounds]


async def a_day(sandboxes: Mapping[str, SandboxServer], targets: Mapping[str, Target]) -> Iterator[Run]:
    """All scenarios on all targets every quarter of an hour, until just now."""
    until, runs = datetime.now(UTC), []
    for number in range(A_DAY):
        for name, target in targets.items():
            sandboxes[name].set_faults(fault_at(name, number))
            for late, scenario in enumerate(PLAYED):
                run = replace(await play_run(scenario, target), location=LOCATION)
                begins = until - EVERY * (A_DAY - number) + late * EVERY / len(PLAYED)
                runs.append(moved(run, begins - run.started_at))
    return iter(sorted(runs, key=lambda run: run.started_at))


def settings_for(targets: Mapping[str, Target], journal: str) -> Settings:
    """As somebody would configure it."""
    return Settings(
        service=ServiceSettings(listen_port=0, journal=journal, location=LOCATION),
        targets=dict(targets),
        probes=tuple(
            Probe(scenario=name, target=target, every_seconds=EVERY.total_seconds(), objective=Objective())
            for target in targets
            for name in PLAYED
        ),
        scenarios=shipped(),
        secrets=tuple(target.api_key for target in targets.values()),
    )


@asynccontextmanager
async def after_a_day(folder: Path) -> AsyncIterator[Living]:
    """A service that has just played each probe once more."""
    async with AsyncExitStack() as stack:
        played = {name: await stack.enter_async_context(a_sandbox(minute_quota=_PLENTY)) for name in FAULTS}
        sandboxes = {name: await stack.enter_async_context(a_sandbox()) for name in FAULTS}
        settings = settings_for(targets_of(sandboxes), f"sqlite:///{folder / 'journal.db'}")
        async with keeping_runs(settings.service.journal, settings, Told()) as (journal, watch):
            await play(await a_day(played, targets_of(played)), journal, watch)
        scrubber, heard = Scrubber(settings.secrets), Heard()
        new_journal = keeping(settings, scrubber, "serve")
        service = Service(settings, scrubber=scrubber, listeners=[heard], new_journal=new_journal)
        life = Living(service=service, sandbox=sandboxes["acme-staging"], heard=heard)
        sandboxes["acme-staging"].set_faults(fault_at("acme-staging", A_DAY))
        await stack.enter_async_context(running(service, 0.5))
        for probe in settings.probes:
            service._probing.scheduler.play_extra(probe)
        await life.until(lambda: len(heard.runs) >= len(settings.probes))
        yield life


async def draw_page(page: Page, address: str, name: str) -> None:
    """What is seen of it without scrolling."""
    await page.goto(address)
    await page.set_viewport_size({"width": 1120, "height": _HEIGHTS[name.partition("-")[0]]})
    await page.screenshot(path=DOCS / f"page-{name}.png")


async def draw() -> None:
    """Write all of them, light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        async with after_a_day(Path(folder)) as life, chromium() as browser:
            failed = life.runs(scenario="golden_path", outcome=Outcome.FAILED)[-1].run_id
            for scheme in ("light", "dark"):
                async with open_context(browser, scheme, 1120, locale="en-GB") as context:
                    page = await context.new_page()
                    for name, path in PAGES.items():
                        await draw_page(page, life.service.url + path.format(failed=failed), f"{name}-{scheme}")


if __name__ == "__main__":
    asyncio.run(draw())
