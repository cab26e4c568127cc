"""Every page of a real service in a real browser, light and dark, on a desk and on a phone.

The pages are those of the app's routes: one that is added later is looked at without a change here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from support.browser import Seen, chromium, looks
from support.examples import Known, examples, unknown_examples, without_example
from support.living import Living, living, make_history
from support.watched_pages import (
    asked_elsewhere,
    barriers,
    complained,
    each_seen,
    html_pages,
    sideways,
    unreached,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
module_fixture = partial(pytest_asyncio.fixture, scope="module", loop_scope="module")
LOOKS = [("light", 1280), ("light", 390), ("dark", 1280), ("dark", 390)]
FACTS = "[...document.querySelectorAll('h1, h2, h3, th, dt, caption, summary, label, nav a')].map(e => e.textContent.trim())"
TIMES = """[...document.querySelectorAll('time:not(.ago)')].filter(e => e.checkVisibility())
  .map(e => [e.textContent, e.title, e.dateTime])"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was noticed of one page."""

    complaints: list[str]
    elsewhere: list[str]
    sideways: list[str]
    barriers: list[str]


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


@module_fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
async def looked(
    request: pytest.FixtureRequest, life: Living, browser: Browser, pages: list[str]
) -> AsyncIterator[dict[str, Looked]]:
    base = life.service.url

    async def look(seen: Seen) -> Looked:
        return Looked(
            sideways=await sideways(seen.page),
            barriers=await barriers(seen.page),
            complaints=seen.complaints,
            elsewhere=asked_elsewhere(seen, base),
        )

    context = await browser.new_context(**looks(*request.param))
    yield await each_seen(context, base, pages, look)
    await context.close()


async def test_every_route_has_an_example_address(life: Living) -> None:
    assert without_example(life.app.routes) == []


async def test_a_route_without_an_example_address_is_told() -> None:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    routes = [Route("/fine", answer), Route("/new/{id}", answer), Mount("/mounted", routes=[])]

    assert without_example(routes) == ["/mounted", "/new/{id}"]


async def test_all_places_that_the_frame_leads_to_are_looked_at(life: Living, pages: list[str]) -> None:
    async with httpx.AsyncClient(base_url=life.service.url, trust_env=False) as client:
        status = (await client.get("/")).text

    assert {path for path in examples(life.app.routes, Known()) if f'<a href="{path}"' in status} <= set(pages)
    assert len(pages) >= 8


async def test_no_page_complains_in_the_console(looked: dict[str, Looked]) -> None:
    assert complained({address: each.complaints for address, each in looked.items()}) == {}


async def test_no_page_asks_for_anything_elsewhere(looked: dict[str, Looked]) -> None:
    assert complained({address: each.elsewhere for address, each in looked.items()}) == {}


async def test_no_page_scrolls_sideways(looked: dict[str, Looked]) -> None:
    assert complained({address: each.sideways for address, each in looked.items()}) == {}


async def test_axe_finds_no_serious_violation(looked: dict[str, Looked]) -> None:
    assert complained({address: each.barriers for address, each in looked.items()}) == {}


async def test_pages_that_know_nothing_have_no_serious_violation_either(life: Living, browser: Browser) -> None:
    base = life.service.url
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        missing = await html_pages(client, unknown_examples(life.app.routes), 404)

    async def look(seen: Seen) -> list[str]:
        return [*await sideways(seen.page), *await barriers(seen.page), *asked_elsewhere(seen, base)]

    context = await browser.new_context(**looks("dark", 390))
    told = await each_seen(context, base, missing, look)
    await context.close()

    assert missing == unknown_examples(life.app.routes)
    assert complained(told) == {}


async def test_the_tab_key_comes_to_everything_and_shows_where_it_is(
    life: Living, browser: Browser, pages: list[str]
) -> None:
    context = await browser.new_context(**looks("light", 1280))
    told = await each_seen(context, life.service.url, pages, lambda seen: unreached(seen.page))
    await context.close()

    assert complained(told) == {}


async def test_the_first_link_of_every_page_leads_past_what_all_pages_share(
    life: Living, browser: Browser, pages: list[str]
) -> None:
    async def look(seen: Seen) -> tuple[str, bool]:
        await seen.page.keyboard.press("Tab")
        await seen.page.keyboard.press("Enter")
        await seen.page.wait_for_function("location.hash")
        found = await seen.page.evaluate("document.querySelector(location.hash) !== null")
        return await seen.page.evaluate("location.hash"), bool(found)

    context = await browser.new_context(**looks("light", 1280))
    told = await each_seen(context, life.service.url, pages, look)
    await context.close()

    assert {found for _, found in told.values()} == {True}


async def test_without_javascript_every_page_tells_the_same(life: Living, browser: Browser, pages: list[str]) -> None:
    async def look(seen: Seen) -> list[str]:
        return list(await seen.page.evaluate(FACTS))

    told = []
    for javascript in (True, False):
        context = await browser.new_context(**looks("light", 1280), java_script_enabled=javascript)
        told.append(await each_seen(context, life.service.url, pages, look))
        await context.close()

    assert told[0] == told[1]


async def test_without_javascript_times_are_in_utc(life: Living, browser: Browser, pages: list[str]) -> None:
    context = await browser.new_context(
        **looks("light", 1280), java_script_enabled=False, timezone_id="Asia/Kolkata", locale="en-GB"
    )
    told = await each_seen(context, life.service.url, pages, lambda seen: seen.page.evaluate(TIMES))
    await context.close()
    texts = [text for times in told.values() for text, _, _ in times]

    assert texts
    assert [text for text in texts if not text.endswith("UTC")] == []


async def test_times_are_those_of_the_reader_with_utc_on_hover(life: Living, browser: Browser, pages: list[str]) -> None:
    context = await browser.new_context(**looks("light", 1280), timezone_id="Asia/Kolkata", locale="en-GB")
    told = await each_seen(context, life.service.url, pages, lambda seen: seen.page.evaluate(TIMES))
    await context.close()
    documents = {address for address in pages if address.startswith("/incidents/") and address != "/incidents/open"}
    times = [time for address in set(pages) - documents for time in told[address]]

    assert times
    assert [text for text, _, _ in times if not text.endswith("GMT+5:30")] == []
    assert [title for _, title, _ in times if not title.endswith("UTC")] == []
