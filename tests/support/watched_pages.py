"""What a person would notice of a page in a browser, told as complaints: none is good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeVar

import httpx
from playwright.async_api import BrowserContext, Page
from support.browser import Seen, visited

_AT_ONCE = 3
_AXE = "axe.run({resultTypes: ['violations']})"
_SIDEWAYS = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolled = each => each && (getComputedStyle(each).overflowX !== 'visible' || scrolled(each.parentElement));
  return [...document.body.querySelectorAll('*')]
    .filter(each => each.getBoundingClientRect().right > wide + 1 && !scrolled(each.parentElement))
    .slice(0, 3).map(each => `${each.tagName.toLowerCase()} ${each.className} ${each.textContent.trim().slice(0, 40)}`);
}"""
_REACHABLE = """() => {
  const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]');
  const shown = [...all].filter(each => each.checkVisibility());
  shown.forEach((each, number) => { each.dataset.number = number; });
  window.reached = {};
  document.addEventListener('focusin', ({target}) => {
    const style = getComputedStyle(target);
    window.reached[target.dataset.number] = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  });
  return shown.map(each => `${each.tagName.toLowerCase()} ${each.textContent.trim().slice(0, 40)}`);
}"""
Told = TypeVar("Told")


async def html_pages(client: httpx.AsyncClient, addresses: Iterable[str], status_code: int = 200) -> list[str]:
    """Those of the addresses that a browser shows as a page, and that answer so."""
    answers = {each: await client.get(each, headers={"accept": "text/html"}) for each in addresses}
    return [
        each
        for each, answer in answers.items()
        if answer.status_code == status_code and answer.headers["content-type"].startswith("text/html")
    ]


async def each_seen(
    context: BrowserContext, base: str, addresses: Iterable[str], look: Callable[[Seen], Awaitable[Told]]
) -> dict[str, Told]:
    """What a look at each of them tells; a few are open at the same time."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(address: str) -> Told:
        async with turn:
            seen = await visited(context, base + address)
            try:
                return await look(seen)
            finally:
                await seen.page.close()

    addresses = list(addresses)
    return dict(zip(addresses, await asyncio.gather(*map(one, addresses)), strict=True))


def complained(told: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Where there is something to complain of."""
    return {address: complaints for address, complaints in told.items() if complaints}


def asked_elsewhere(seen: Seen, base: str) -> list[str]:
    """Addresses beyond the service that a page asked for, or wanted to."""
    return [each for each in (*seen.asked, *seen.blocked) if not each.startswith(f"{base}/")]


async def sideways(page: Page) -> list[str]:
    """What makes the page wider than its window."""
    return list(await page.evaluate(_SIDEWAYS))


async def barriers(page: Page) -> list[str]:
    """Serious and critical violations of axe-core's rules."""
    await page.evaluate(_axe())
    results = await page.evaluate(_AXE)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:120]}"
        for violation in results["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"][:3]
    ]


async def unreached(page: Page) -> list[str]:
    """What the Tab key does not come to, or comes to without showing it."""
    reachable = await page.evaluate(_REACHABLE)
    for _ in range(len(reachable) + 20):
        await page.keyboard.press("Tab")
    reached = await page.evaluate("window.reached")
    return [
        f"{each}: {'not reached' if str(number) not in reached else 'focus not shown'}"
        for number, each in enumerate(reachable)
        if not reached.get(str(number))
    ]


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
