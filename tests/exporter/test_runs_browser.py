"""The pages of runs in Chromium: light and dark, at a desk and on a phone, with and without script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from support.archive import app_of, played_into
from support.browser import chromium
from support.keeping import Aware, keeping, until
from support.web import served

from probes.journal.reading import Reader

LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Of the page of a golden path that failed, retries and all."""
    url, aware = f"sqlite:///{tmp_path / 'brekwatch.db'}", Aware()
    async with keeping(url, aware) as journal:
        run = await played_into(journal, "golden_path", "server_error@name")
        await until(lambda: aware.kept)
        async with served(app_of(lambda: Reader(url))) as (server, _):
            yield f"{server.url}/runs/{run.run_id}"


async def too_wide(page: Page) -> bool:
    root = "document.documentElement"
    return bool(await page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


async def test_pages_fit_the_screen_and_nothing_is_complained_of(browser: Browser, address: str) -> None:
    complaints: list[str] = []
    wide: list[tuple[str, str, int]] = []
    for scheme, width in LOOKS:
        context = await browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]  # one of its literals
            viewport={"width": width, "height": 900},
        )
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in (address, address.rpartition("/")[0]):
            await page.goto(path)
            wide += [(path, scheme, width)] if await too_wide(page) else []
        await context.close()

    assert complaints == []
    assert wide == []


async def test_without_script_one_click_leads_to_what_failed(browser: Browser, address: str) -> None:
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 600})
    page = await context.new_page()
    await page.goto(address)
    await page.click("a.jump")
    failed = page.locator("section.telling")
    top = (await failed.bounding_box() or {})["y"]

    assert -5 <= top < 600
    assert "✕ failed" in " ".join((await failed.locator("h3").inner_text()).split())


async def test_every_phase_is_painted_with_a_pattern_and_named_in_the_key(browser: Browser, address: str) -> None:
    page = await browser.new_page()
    await page.goto(address)
    fills = await page.eval_on_selector_all("figure rect.w-bar", "all => all.map(each => each.getAttribute('fill'))")
    patterns = await page.eval_on_selector_all("pattern", "all => all.map(each => `url(#${each.id})`)")
    key = await page.locator("ul.key").inner_text()

    assert set(fills) <= set(patterns)
    assert {"send", "wait"} <= {fill.removeprefix("url(#w-").rstrip(")") for fill in fills}
    assert all(fill.removeprefix("url(#w-").rstrip(")") in key for fill in fills)
