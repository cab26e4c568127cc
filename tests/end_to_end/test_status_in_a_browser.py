"""What fails is seen on the status page, what isn't known is never green, and a page that is left open stays honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from support.browser import chromium, open_context
from support.living import BOOKING, SEARCH, Living, living
from support.onlooker import held

from probes.words import Outcome

EVERY = 1.0
REFRESHED_MS = 10_000
PATIENCE_MS = 15_000
HIDDEN = """yes => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => yes});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """With a clock that a test moves on."""
    async with chromium() as browser, open_context(browser) as context:
        page = await context.new_page()
        await page.clock.install()
        yield page


async def both_passed(life: Living) -> None:
    await life.until(lambda: all(life.runs(scenario=each, outcome=Outcome.PASSED) for each in (SEARCH, BOOKING)))


async def shown(page: Page, life: Living, scenario: str, text: str) -> None:
    """Asks for the page until the row of a probe says so."""
    row = page.locator("main tr", has_text=scenario).filter(has_text=text)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await row.count():
            await page.goto(life.service.url)


async def test_what_fails_is_seen_in_words_within_two_runs_and_gone_after_it_recovered(
    tmp_path: Path, page: Page
) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        life.sandbox.set_faults(["server_error@search"])
        before = len(life.heard.runs)
        await shown(page, life, SEARCH, "server_error")
        since = [run for run in life.heard.runs[before:] if run.scenario == SEARCH]
        failing = await page.locator("main tr", has_text=SEARCH).inner_text()
        life.sandbox.set_faults([])
        await shown(page, life, SEARCH, "passed")
        recovered = await page.locator("main tr", has_text=SEARCH).inner_text()

    assert len(since) <= 2
    assert "failed" in failing
    assert "failed" not in recovered


async def test_with_the_scheduler_frozen_the_page_says_so_and_nothing_on_it_is_fresh(
    tmp_path: Path, page: Page
) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        life.service._probing.scheduler._waker.pause()
        await life.until(lambda: life.service._probing.scheduler.problem() is not None)
        await page.goto(life.service.url)
        stale = [await page.locator("main tr.stale", has_text=each).count() for each in (SEARCH, BOOKING)]
        told = await page.locator("main [role=alert]").inner_text()

    assert "not probing" in told
    assert stale == [1, 1]


async def test_with_the_journal_refusing_what_books_is_not_shown_as_good(tmp_path: Path, page: Page) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        with held(life.service.settings.service.journal):
            await shown(page, life, BOOKING, "journal")
            row = await page.locator("main tr", has_text=BOOKING).inner_text()
        await life.until(lambda: life.heard.runs[-1].outcome is Outcome.PASSED)

    assert "skipped" in row


async def test_a_page_that_is_left_open_shows_what_changed(tmp_path: Path, page: Page) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        await page.goto(f"{life.service.url}/?of=mine")
        life.sandbox.set_faults(["server_error@search"])
        await life.until(lambda: bool(life.runs(scenario=SEARCH, outcome=Outcome.FAILED)))
        await page.clock.fast_forward(REFRESHED_MS)
        await expect(page.locator("main tr", has_text=SEARCH)).to_contain_text("server_error")

        assert page.url.endswith("/?of=mine")


async def test_a_page_that_comes_into_sight_again_shows_what_changed_at_once(tmp_path: Path, page: Page) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        await page.goto(life.service.url)
        await page.clock.pause_at(await page.evaluate("Date.now()") + 1)
        await page.evaluate(HIDDEN, True)
        life.sandbox.set_faults(["server_error@search"])
        await life.until(lambda: bool(life.runs(scenario=SEARCH, outcome=Outcome.FAILED)))
        await page.evaluate(HIDDEN, False)

        await expect(page.locator("main tr", has_text=SEARCH)).to_contain_text("server_error")


async def test_a_page_that_gets_no_answer_says_so_and_goes_grey_until_it_gets_one(tmp_path: Path, page: Page) -> None:
    async with living(tmp_path, every=EVERY) as life:
        await both_passed(life)
        await page.goto(life.service.url)
        port = life.service._web.port
    for _ in range(2):
        await page.clock.fast_forward(REFRESHED_MS)
    await expect(page.get_by_text("brekwatch does not answer")).to_be_visible()
    grey = await page.evaluate("getComputedStyle(document.querySelector('main')).filter")
    async with living(tmp_path, every=EVERY, listen_port=port):
        await page.clock.fast_forward(REFRESHED_MS)
        await expect(page.get_by_text("brekwatch does not answer")).to_be_hidden()
        again = await page.evaluate("getComputedStyle(document.querySelector('main')).filter")

    assert (grey, again) == ("grayscale(1)", "none")
