"""The pages of targets and scenarios, by a service that plays against a real sandbox and reads its files again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from support.places import schema_complaints
from support.reloads import Running, Site, serving

from probes.sandbox.server import SandboxServer

OWN = """\
name: ours
title: A guest of our own
leaves: session
steps:
  - create_session:
"""


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    async with (
        SandboxServer() as sandbox,
        serving(Site(folder, sandbox)) as running,
        httpx.AsyncClient(base_url=running.service.url, trust_env=False) as client,
    ):
        yield running, client


async def once_seen(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The target, once a run told of its headroom."""
    async with asyncio.timeout(10):
        while (told := (await client.get(path)).json())["targets"][0]["headroom"] is None:
            await asyncio.sleep(0.02)
    return told  # type: ignore[no-any-return]


async def test_a_run_is_seen_on_the_page_of_its_target(tmp_path: Path) -> None:
    async with playing(tmp_path) as (running, client):
        told = await once_seen(client, "/targets/sandbox.json")
        scrape = running.recorder.render("")[0].decode()
        page = await client.get("/targets/sandbox")
    (target,) = told["targets"]

    assert schema_complaints("targets", told) == []
    assert target["headroom"]["state"] == "good"
    assert target["probes"][0]["outcome"] == "passed"
    assert target["probes"][0]["run_id"] is not None
    assert f'brek_probe_ratelimit_limit{{target="sandbox"}} {target["headroom"]["limit"]:.1f}' in scrape
    assert "No run has told" not in page.text


async def test_a_reload_brings_a_scenario_and_to_its_page(tmp_path: Path) -> None:
    async with playing(tmp_path) as (running, client):
        before = await client.get("/scenarios/ours")
        (running.site.scenarios / "our-own.yaml").write_text(OWN)
        running.site.write("- {scenario: ours, every: 1s}")
        await running.reload()
        after = await client.get("/scenarios/ours")
        played = (await client.get("/targets/sandbox.json")).json()["targets"][0]["probes"]

    assert before.status_code == 404
    assert after.status_code == 200
    assert "A guest of our own" in after.text
    assert [probe["scenario"] for probe in played] == ["ours"]


async def test_a_key_that_is_turned_away_is_told_with_what_to_do(tmp_path: Path) -> None:
    async with playing(tmp_path) as (running, client):
        running.site.key_file.write_text("a-key-that-nobody-issued")
        await running.reload()
        async with asyncio.timeout(10):
            while "Its key is refused" not in (page := await client.get("/targets/sandbox")).text:
                await asyncio.sleep(0.02)

    assert '<a href="/runbooks/BrekAuthRejected">' in page.text
    assert "a-key-that-nobody-issued" not in page.text
