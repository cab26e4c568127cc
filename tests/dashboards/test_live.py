"""The demo's service as it runs, scraped by a real Prometheus with our rules: every board is full within a minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.board_files import PROVISIONED_SOURCE, UIDS, Board, boards, panel_queries, variables
from support.board_queries import View, defaults, filled
from support.board_trial import Answer, Look, answers
from support.prometheus_server import Prometheus, prometheus
from support.rules import RULES, read

from exporter.demo import demo_sandbox, demo_settings
from exporter.serve import keeping
from exporter.service import Service, running
from probes.redaction import Scrubber

FAULTS = ("server_error@confirm", "wrong_status@decline", "mismatched_ids")
LOOK_BACK = {"window": "15m"}
EVERY_SCENARIO = "count(brek_probe_success) == scalar(count(brek_probe_interval_seconds))"
LAST_SCRAPE = "timestamp(up) and up == 1"
FAILING = "sum(brek_incidents_open) > 0"
NOT_IN_A_DEMO: Mapping[str, str] = {
    "brekwatch-overview: Certificate ends in: A": "the sandbox speaks plain HTTP",
    "brekwatch-monitor: Notices that wait, runs under way: A": "nobody is to be told",
    "brekwatch-monitor: Results that wait for the journal, or are lost: B": "the journal lost nothing",
} | {f"{uid}: annotation Maintenance": "none was announced" for uid in UIDS}
"""What a demo rightly has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the boards showed, what their exemplars were, and what `/find/<id>` said to each."""

    answers: tuple[Answer, ...]
    exemplars: tuple[Mapping[str, str], ...]
    found: Mapping[str, int]


@asynccontextmanager
async def demonstrated(folder: Path) -> AsyncIterator[tuple[Prometheus, str]]:
    """The demo's service, all well at first, then with faults; and the Prometheus that scrapes it."""
    async with demo_sandbox() as sandbox:
        settings = demo_settings(sandbox, 0, folder / "brekwatch.db")
        scrubber = Scrubber(settings.secrets)
        service = Service(settings, scrubber=scrubber, new_journal=keeping(settings, scrubber, "demo"))
        async with running(service, 3.0):
            address = service.url.removeprefix("http://")
            async with prometheus(folder, address, rules=RULES, alertmanager="127.0.0.1:9") as server:
                await server.until(EVERY_SCENARIO, 30)
                sandbox.set_faults(FAULTS)
                await server.until(FAILING, 40)
                yield server, service.url


async def look(folder: Path) -> Seen:
    async with demonstrated(folder) as (server, url):
        (scraped_at,) = (await server.until(LAST_SCRAPE)).values()
        view = Look(at=scraped_at, range_seconds=60, changed=LOOK_BACK, scrape_seconds=1)
        shown = [answer for one in boards() for answer in await answers(server, one, view)]
        exemplars = [labels for one in boards() for labels in await exemplars_of(server, one)]
        ids = {value for labels in exemplars[-40:] for value in labels.values()}
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            found = {each: (await client.get(f"/find/{each}")).status_code for each in sorted(ids)}
    return Seen(answers=tuple(shown), exemplars=tuple(exemplars), found=found)


async def exemplars_of(server: Prometheus, one: Board) -> list[dict[str, str]]:
    """Those of the queries that ask for them, whatever is chosen."""
    anything = {each["name"]: ".*" for each in variables(one) if each["type"] == "query"}
    view = View(chosen=defaults(one, {}) | anything | LOOK_BACK)
    marked = [query for query in panel_queries(one) if query.exemplar]
    return [labels for query in marked for labels in await server.exemplars(filled(query.expr, view))]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(look(tmp_path_factory.mktemp("live")))


def test_no_panel_of_a_demo_is_empty(seen: Seen) -> None:
    assert {answer.query.where for answer in seen.answers if not answer.series} <= set(NOT_IN_A_DEMO)


def test_exemplars_lead_to_the_run_they_came_from(seen: Seen) -> None:
    (source,) = read(PROVISIONED_SOURCE)["datasources"]
    leads = {each["name"] for each in source["jsonData"]["exemplarTraceIdDestinations"]}

    assert leads == {name for labels in seen.exemplars for name in labels}
    assert set(seen.found.values()) == {200}
