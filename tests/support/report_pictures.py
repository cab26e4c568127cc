"""Pictures of a report for the README: of runs that were really played to the sandbox, spread over two hours.

`make report-pictures` writes docs/report-*.png anew. Look at them before you believe them.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from support.browser import chromium, opened
from support.playing import play as play_run
from support.playing import target_for
from support.watching import Told, living, play

from alerts.report.facts import Report
from alerts.report.gathering import Setting, of_incident
from alerts.report.html import render
from alerts.report.reckoning import report_of
from probes.incident import IncidentFilter
from probes.journal.reading import Reader
from probes.model import Objective, Probe, Run, Target
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service, Settings

DOCS = Path(__file__).parents[2] / "docs"
UNTIL = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
EVERY = timedelta(minutes=5)
FAULTS = (*[""] * 9, *["server_error@book"] * 8, *[""] * 6)


def moved(value: Any, by: timedelta) -> Any:
    """The same facts at another time."""
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, tuple):
        return tuple(moved(item, by) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: moved(getattr(value, field.name), by) for field in fields(value)})
    return value


async def played(sandbox: SandboxServer, target: Target) -> Iterator[Run]:
    """A run of each scenario every five minutes, the last of them just before `UNTIL`."""
    runs = []
    for at, fault in enumerate(FAULTS):
        for late, scenario in enumerate(("golden_path", "quick_search")):
            sandbox.set_faults([fault] if fault else [])
            run = await play_run(scenario, target)
            begins = UNTIL - EVERY * (len(FAULTS) - at) + late * EVERY / 2
            runs.append(moved(replace(run, location="eu-1"), begins - run.started_at))
    return iter(runs)


def settings_for(target: Target) -> Settings:
    return Settings(
        service=Service(journal="", location="eu-1", external_url="https://brekwatch.example"),
        targets={target.name: target},
        probes=tuple(
            Probe(scenario=name, target=target.name, every_seconds=EVERY.total_seconds(), objective=Objective())
            for name in ("golden_path", "quick_search")
        ),
        scenarios=shipped(),
        secrets=(target.api_key,),
    )


async def real_report(folder: Path) -> Report:
    """Of the incident that those runs make."""
    url = f"sqlite:///{folder / 'journal.db'}"
    async with SandboxServer(random=Random(7)) as sandbox:  # noqa: S311 - known keys
        target = target_for(sandbox, name="acme")
        settings = settings_for(target)
        async with living(url, settings, Told()) as (journal, watch):
            await play(await played(sandbox, target), journal, watch)
    reader = Reader(url)
    incident = next(reader.incidents(IncidentFilter()))
    scrub = Scrubber(settings.secrets).text
    setting = Setting(now=UNTIL, version="0.1.0", scenarios=shipped(), settings=settings, scrub=scrub)
    try:
        return report_of(of_incident(reader, incident, (), setting))
    finally:
        reader.close()


async def draw() -> None:
    """Write all three."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "report.html"
        path.write_text(render(await real_report(Path(name))), "utf-8")
        async with chromium() as browser:
            for scheme in ("light", "dark"):
                page = (await opened(browser, path, scheme=scheme, width=960)).page
                await page.set_viewport_size({"width": 960, "height": 880})
                await page.screenshot(path=DOCS / f"report-{scheme}.png")
            page = (await opened(browser, path, width=718)).page  # the width of A4 within its margins
            await page.emulate_media(media="print")
            await page.set_viewport_size({"width": 718, "height": 1000})
            await page.screenshot(path=DOCS / "report-print.png")


if __name__ == "__main__":
    asyncio.run(draw())
