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
_DESK, _PHONE = 1280, 390
_AXE = "rules => axe.run({resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})})"
_RULES_OF_LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")
_TIMES = """[...document.querySelectorAll('time:not(.ago)')].filter(each => each.checkVisibility())
  .map(each => [each.textContent, each.title])"""
_TEXT_OF = """shown => {
  const root = shown.body.cloneNode(true);
  for (const each of root.querySelectorAll('time')) each.textContent = each.title;
  return root.textContent;
}"""
_AS_SENT = f"html => ({_TEXT_OF})(new DOMParser().parseFromString(html, 'text/html'))"
_AS_SHOWN = f"({_TEXT_OF})(document)"
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
    """Those of the addresses that a browser shows as a page. Raises ValueError where one answers otherwise."""
    answers = {each: await client.get(each, headers={"accept": "text/html"}) for each in addresses}
    wrong = {each: answer.status_code for each, answer in answers.items() if answer.status_code != status_code}
    if wrong:
        raise ValueError(f"these were to answer {status_code}: {wrong}")
    return [each for each, answer in answers.items() if answer.headers["content-type"].startswith("text/html")]


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


async def times(page: Page) -> list[tuple[str, str]]:
    """The moments that stand in the page, and what each tells on hover."""
    return [(text, title) for text, title in await page.evaluate(_TIMES)]


async def changed(seen: Seen) -> list[str]:
    """Whether the page's script made more of it than it was sent as, beside the times."""
    as_sent = await seen.page.evaluate(_AS_SENT, seen.document)
    return [] if await seen.page.evaluate(_AS_SHOWN) == as_sent else ["its script told more than its document"]


async def sideways_on_a_phone(page: Page) -> list[str]:
    """What makes the page wider than a small window."""
    await page.set_viewport_size({"width": _PHONE, "height": 844})
    return list(await page.evaluate(_SIDEWAYS))


async def barriers_in_every_look(page: Page) -> list[str]:
    """By all rules as the page is, and light and dark, on a desk and on a phone, by those that looks matter to."""
    found = await barriers(page)
    for scheme, width in (("light", _PHONE), ("dark", _PHONE), ("dark", _DESK)):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
        await page.set_viewport_size({"width": width, "height": 844})
        found += [f"{scheme}, {width} wide: {each}" for each in await barriers(page, *_RULES_OF_LOOKS)]
    return found


async def barriers(page: Page, *rules: str) -> list[str]:
    """Serious and critical violations of these rules of axe-core's, or of all."""
    await page.evaluate(_axe())
    results = await page.evaluate(_AXE, rules)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:120]}"
        for violation in results["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"][:3]
    ]


async def not_skipped(page: Page) -> list[str]:
    """Whether the first link of the page leads to its content: what is wrong with it."""
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    arrived = await page.evaluate("document.querySelector(':target') !== null")
    return [] if arrived else ["the first link does not lead to the content"]


async def unreached(page: Page) -> list[str]:
    """What the Tab key does not come to, or comes to without showing it."""
    await page.evaluate("document.activeElement.blur()")
    reachable = await page.evaluate(_REACHABLE)
    for _ in range(len(reachable) + 30):
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
