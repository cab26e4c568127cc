"""The report in a real browser: it asks for nothing, runs nothing, and nothing of it is cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path

import pytest
from playwright.async_api import Browser
from support.browser import chromium, opened
from support.payloads import PAYLOADS
from support.reports import SAMPLES, an_outage, with_texts

from alerts.report.html import render

WIDTHS = (390, 1280)
TELLING = {name: SAMPLES[name] for name in ("outage", "unexpected-booking", "huge")}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


def written(folder: Path, document: str) -> Path:
    path = folder / "report.html"
    path.write_text(document, "utf-8")
    return path


async def test_a_report_asks_for_nothing_and_has_nothing_to_complain_of(browser: Browser, tmp_path: Path) -> None:
    found = {}
    for name, sample in SAMPLES.items():
        seen = await opened(browser, written(tmp_path, render(sample())))
        found[name] = (seen.asked, seen.complaints)

    assert found == dict.fromkeys(SAMPLES, ([], []))


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 20))
async def test_hostile_texts_run_nothing_and_ask_for_nothing(browser: Browser, tmp_path: Path, first: int) -> None:
    """Each text of the report is another payload; `first` is that of the first one."""
    payloads = cycle(PAYLOADS[first:] + PAYLOADS[:first])
    document = render(with_texts(an_outage(), lambda _: next(payloads)))
    seen = await opened(browser, written(tmp_path, document))
    await seen.page.mouse.move(200, 120)

    assert await seen.page.evaluate("window.canary") is None
    assert (seen.asked, seen.complaints) == ([], [])


async def test_the_watcher_sees_a_page_that_does_run_and_ask(browser: Browser, tmp_path: Path) -> None:
    document = "<script>window.canary=1</script><img src='//evil.invalid/pixel'>"
    seen = await opened(browser, written(tmp_path, document))

    assert await seen.page.evaluate("window.canary") == 1
    assert [address.endswith("evil.invalid/pixel") for address in seen.asked] == [True]


async def test_the_policy_alone_stops_what_escaping_would_let_through(browser: Browser, tmp_path: Path) -> None:
    broken = "<script>window.canary=1</script><img src='https://evil.invalid/pixel'><p style='color:red'>"
    document = render(an_outage()).replace("<main>", f"<main>{broken}")
    seen = await opened(browser, written(tmp_path, document))

    assert await seen.page.evaluate("window.canary") is None
    assert seen.blocked == seen.asked == ["https://evil.invalid/pixel"]
    assert len(seen.complaints) == 3


@pytest.mark.parametrize("width", WIDTHS)
async def test_no_page_scrolls_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    wide = {}
    for name, sample in TELLING.items():
        seen = await opened(browser, written(tmp_path, render(sample())), width=width)
        await seen.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        wide[name] = await seen.page.evaluate("document.documentElement.scrollWidth")

    assert wide == dict.fromkeys(TELLING, width)


async def test_the_style_sheet_is_in_force_in_both_schemes(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, render(an_outage()))
    grounds = {}
    for scheme in ("light", "dark"):
        seen = await opened(browser, path, scheme=scheme)
        grounds[scheme] = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert grounds == {"light": "rgb(252, 252, 250)", "dark": "rgb(20, 22, 26)"}


async def test_paper_is_white_whatever_the_screen_was(browser: Browser, tmp_path: Path) -> None:
    seen = await opened(browser, written(tmp_path, render(an_outage())), scheme="dark")
    await seen.page.emulate_media(media="print", color_scheme="dark")
    ground = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground == "rgb(255, 255, 255)"


async def test_paper_shows_the_tables_that_a_screen_folds_away(browser: Browser, tmp_path: Path) -> None:
    seen = await opened(browser, written(tmp_path, render(an_outage())))
    shown = "[...document.querySelectorAll('details table')].map(table => table.checkVisibility())"
    on_screen = await seen.page.evaluate(shown)
    await seen.page.emulate_media(media="print")
    on_paper = await seen.page.evaluate(shown)

    assert (set(on_screen), set(on_paper)) == ({False}, {True})


async def test_no_label_of_the_picture_is_cut_off(browser: Browser, tmp_path: Path) -> None:
    outside = {}
    for name, sample in TELLING.items():
        seen = await opened(browser, written(tmp_path, render(sample())))
        outside[name] = await seen.page.evaluate(
            """() => { const all = document.querySelector('svg').getBoundingClientRect();
                return [...document.querySelectorAll('svg text')].filter(text => {
                    const box = text.getBoundingClientRect();
                    return box.left < all.left - 1 || box.right > all.right + 1 || box.bottom > all.bottom + 2
                        || box.top < all.top - 3; }).map(text => text.textContent) }"""
        )

    assert {name: texts for name, texts in outside.items() if texts} == {}


async def test_everything_is_reached_by_keyboard_in_the_order_of_the_page(browser: Browser, tmp_path: Path) -> None:
    seen = await opened(browser, written(tmp_path, render(an_outage())))
    stops = []
    for _ in range(14):
        await seen.page.keyboard.press("Tab")
        stops.append(await seen.page.evaluate("document.activeElement.textContent.trim()"))

    assert stops[0] == "Skip to the evidence"
    assert stops[1:4] == ["Runbook", "Open in brekwatch", "Timeline"]
