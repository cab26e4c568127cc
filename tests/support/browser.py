"""Chromium, headless, that says what a page asked for, complained of and left on the window."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Seen:
    """What happened in a page since it was opened; `asked` are addresses beyond the document's own.

    Of these the browser itself has refused to ask those `blocked`.
    """

    page: Page
    document: str = ""
    asked: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def opened(browser: Browser, file: Path, *, scheme: str = "light", width: int = 1280) -> Seen:
    """The document in a page of its own, fully loaded."""
    return await visited(await _context(browser, scheme, width), file.as_uri())


@asynccontextmanager
async def open_context(
    browser: Browser, scheme: str = "light", width: int = 1280, **options: Any
) -> AsyncIterator[BrowserContext]:
    """Where pages are shown so; `options` are playwright's."""
    context = await _context(browser, scheme, width, **options)
    try:
        yield context
    finally:
        await context.close()


async def _context(browser: Browser, scheme: str, width: int, **options: Any) -> BrowserContext:
    looks: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    return await browser.new_context(**looks, **options)


async def visited(context: BrowserContext, address: str) -> Seen:
    """The address in a page of its own, fully loaded."""
    page = await context.new_page()
    seen = Seen(page)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("requestfailed", lambda request: seen.blocked.append(request.url) if request.failure == "csp" else None)
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    if (response := await page.goto(address)) is not None:
        seen.document = await response.text()
    seen.asked.remove(address)
    return seen
