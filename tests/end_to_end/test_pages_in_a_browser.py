"""Every page of a real service in a real browser, light and dark, on a desk and on a phone.

The pages are those of the app's routes: one that is added later is looked at without a change here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from support.browser import Seen, chromium, open_context, visited
from support.examples import examples, unknown_examples, without_example
from support.living import Living, living, make_history
from support.watched_pages import (
    asked_elsewhere,
    barriers,
    barriers_in_every_look,
    changed,
    complained,
    each_seen,
    html_pages,
    not_skipped,
    sideways_on_a_phone,
    times,
    unreached,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
module_fixture = partial(pytest_asyncio.fixture, scope="module", loop_scope="module")
ELSEWHERE = {"timezone_id": "Asia/Kolkata", "locale": "en-GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was noticed of one page, nearly all of it to complain of."""

    console: list[str]
    elsewhere: list[str]
    times: list[tuple[str, str]]
    changed: list[str]
    sideways: list[str]
    barriers: list[str]
    keyboard: list[str]


@module_fixture()
async def life(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with living(tmp_path_factory.mktemp("service")) as started:
        await make_history(started)
        yield started


@module_fixture()
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@module_fixture()
async def pages(life: Living) -> list[str]:
    async with httpx.AsyncClient(base_url=life.service.url, trust_env=False) as client:
        return await html_pages(client, examples(life.app.routes, life.known()))


@module_fixture()
async def looked(life: Living, browser: Browser, pages: list[str]) -> dict[str, Looked]:
    """Each page is loaded once, by a reader in Kolkata."""
    base = life.service.url

    async def look(seen: Seen) -> Looked:
        return Looked(
            times=await times(seen.page),
            changed=await changed(seen),
            barriers=await barriers_in_every_look(seen.page),
            sideways=await sideways_on_a_phone(seen.page),
            keyboard=[*await not_skipped(seen.page), *await unreached(seen.page)],
            console=seen.complaints,
            elsewhere=asked_elsewhere(seen, base),
        )

    async with open_context(browser, **ELSEWHERE) as context:
        return await each_seen(context, base, pages, look)


async def test_every_route_has_an_example_address(life: Living) -> None:
    assert without_example(life.app.routes) == []


async def test_a_route_without_an_example_address_is_told() -> None:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    routes = [Route("/fine", answer), Route("/new/{id}", answer), Mount("/mounted", routes=[])]

    assert without_example(routes) == ["/mounted", "/new/{id}"]


async def test_all_places_that_the_frame_leads_to_are_looked_at(
    life: Living, browser: Browser, pages: list[str]
) -> None:
    async with open_context(browser) as context:
        page = (await visited(context, f"{life.service.url}/")).page
        places = await page.evaluate("[...document.querySelectorAll('header nav a')].map(each => each.pathname)")

    assert len(places) >= 4
    assert set(places) <= set(pages)


async def test_no_page_complains_in_the_console(looked: dict[str, Looked]) -> None:
    assert complained({address: each.console for address, each in looked.items()}) == {}


async def test_no_page_asks_for_anything_elsewhere(looked: dict[str, Looked]) -> None:
    assert complained({address: each.elsewhere for address, each in looked.items()}) == {}


async def test_no_page_scrolls_sideways_on_a_phone(looked: dict[str, Looked]) -> None:
    assert complained({address: each.sideways for address, each in looked.items()}) == {}


async def test_axe_finds_no_serious_violation_in_light_or_dark_on_a_desk_or_a_phone(looked: dict[str, Looked]) -> None:
    assert complained({address: each.barriers for address, each in looked.items()}) == {}


async def test_the_keyboard_leads_past_what_all_pages_share_and_to_everything_else(looked: dict[str, Looked]) -> None:
    assert complained({address: each.keyboard for address, each in looked.items()}) == {}


async def test_scripts_change_times_and_nothing_else(looked: dict[str, Looked]) -> None:
    """So that whoever has no JavaScript is told the same."""
    assert complained({address: each.changed for address, each in looked.items()}) == {}


async def test_times_are_those_of_the_reader_with_utc_on_hover(life: Living, looked: dict[str, Looked]) -> None:
    documents = {f"/incidents/{incident_id}" for incident_id in life.known().incidents}
    told = [time for address in looked.keys() - documents for time in looked[address].times]

    assert told
    assert [text for text, _ in told if not text.endswith("GMT+5:30")] == []
    assert [title for _, title in told if not title.endswith("UTC")] == []


async def test_without_javascript_times_are_in_utc(life: Living, browser: Browser, pages: list[str]) -> None:
    async with open_context(browser, java_script_enabled=False, **ELSEWHERE) as context:
        seen = await each_seen(context, life.service.url, pages, lambda seen: times(seen.page))
    told = [text for each in seen.values() for text, _ in each]

    assert told
    assert [text for text in told if not text.endswith("UTC")] == []


async def test_pages_that_know_nothing_have_no_serious_violation_either(life: Living, browser: Browser) -> None:
    base = life.service.url
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        missing = await html_pages(client, unknown_examples(life.app.routes), 404)

    async def look(seen: Seen) -> list[str]:
        return [*await sideways_on_a_phone(seen.page), *await barriers(seen.page), *asked_elsewhere(seen, base)]

    async with open_context(browser, "dark") as context:
        told = await each_seen(context, base, missing, look)

    assert missing
    assert complained(told) == {}
