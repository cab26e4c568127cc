"""That a page which is wrong is told so: what the browser tests complain with can complain."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page
from support.browser import chromium, open_context
from support.watched_pages import barriers, barriers_in_every_look, not_skipped, sideways_on_a_phone, unreached

SOUND = """<!doctype html><html lang="en"><head><title>Sound</title><style>{style}</style></head>
<body><a href="#main">Skip to the content</a><main id="main" tabindex="-1"><h1>Sound</h1>{main}</main></body></html>"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser, open_context(browser) as context:
        yield await context.new_page()


async def shown(page: Page, main: str = "", style: str = "") -> None:
    await page.set_content(SOUND.format(main=main, style=style))


async def test_of_a_sound_page_there_is_nothing_to_complain(page: Page) -> None:
    await shown(page, "<p>Text</p>")

    assert await barriers_in_every_look(page) == []
    assert await sideways_on_a_phone(page) == []
    assert await not_skipped(page) == []
    assert await unreached(page) == []


async def test_a_picture_without_words_is_a_barrier(page: Page) -> None:
    await shown(page, '<img src="data:,">')

    assert [each.partition(" ")[0] for each in await barriers(page)] == ["image-alt"]


async def test_text_that_can_be_read_in_light_only_is_a_barrier(page: Page) -> None:
    dark = "@media (prefers-color-scheme: dark) { body { background: #111; color: #222 } a { color: #fff } }"
    await shown(page, "<p>Text</p>", dark)
    told = await barriers_in_every_look(page)

    assert told
    assert all(each.startswith("dark, ") and "color-contrast" in each for each in told)


async def test_what_is_wider_than_a_phone_is_told(page: Page) -> None:
    await shown(page, '<p class="wide">Text</p>', ".wide { width: 900px }")

    assert await sideways_on_a_phone(page) == ["p wide Text"]


async def test_a_first_link_that_leads_nowhere_is_told(page: Page) -> None:
    await page.set_content('<a href="#gone">Skip</a><main id="main">Text</main>')

    assert await not_skipped(page) == ["the first link does not lead to the content"]


async def test_what_the_keyboard_does_not_reach_or_does_not_show_is_told(page: Page) -> None:
    await shown(
        page, '<a href="#main" tabindex="-1">Never</a> <a href="#main" id="bare">Bare</a>', "#bare { outline: 0 }"
    )

    assert await unreached(page) == ["a Never: not reached", "a Bare: focus not shown"]
