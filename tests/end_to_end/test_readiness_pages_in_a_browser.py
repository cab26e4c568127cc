"""The pages of `ready` and `audit` in a real browser: they ask for nothing, run nothing, and nothing is cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.browser import Seen, chromium, opened
from support.payloads import PAYLOADS
from support.readiness_samples import (
    AUDIT_SAMPLES,
    EXCHANGES,
    READY_SAMPLES,
    a_judgement,
    a_ready_report,
    a_seen,
    an_audit_report,
    an_evidence,
)
from support.reports import with_texts
from support.watched_pages import barriers_in_every_look, not_skipped, sideways_on_a_phone

from alerts.readiness.audit_page import audit_page
from alerts.readiness.ready_page import ready_page
from probes.readiness.words import RuleId, RuleState, SituationName

pytestmark = pytest.mark.asyncio(loop_scope="module")
module_fixture = partial(pytest_asyncio.fixture, scope="module", loop_scope="module")
A4_WITHIN_MARGINS = 718
ON_PAPER = """[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor,
  [...document.querySelectorAll('details table')].every(table => table.checkVisibility())]"""
TELLING = ("ready-not-ready", "audit-broken")
LONG_WORD = "w" * 300
MANY = tuple(a_seen(number, situation=SituationName.SLOW_ANSWER) for number in range(1, 31))


def wide_audit() -> str:
    """One whose server, integration and persons write without a blank."""
    exchanges = tuple(a_seen(each.number, path=LONG_WORD, request={"idempotencyKey": LONG_WORD}) for each in EXCHANGES)
    rule = a_judgement(RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED, RuleState.BROKEN, exchanges=exchanges, detail=LONG_WORD)
    report = an_audit_report(judgements=(rule,), evidence=an_evidence(exchanges=exchanges), build=LONG_WORD)
    return audit_page(report, str)


def many_exchanges() -> str:
    rule = a_judgement(RuleId.TURNS_IN_ORDER, RuleState.BROKEN, exchanges=MANY)
    return audit_page(an_audit_report(judgements=(rule,), evidence=an_evidence(exchanges=MANY)), str)


PAGES: dict[str, Callable[[], str]] = {
    **{f"ready-{name}": (lambda sample=sample: ready_page(sample(), str)) for name, sample in READY_SAMPLES.items()},
    **{f"audit-{name}": (lambda sample=sample: audit_page(sample(), str)) for name, sample in AUDIT_SAMPLES.items()},
    "ready-wide": lambda: ready_page(with_texts(a_ready_report(), lambda _: LONG_WORD), str),
    "audit-wide": wide_audit,
    "audit-many": many_exchanges,
}


@module_fixture()
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def shown(browser: Browser, tmp_path: Path, document: str, *, scheme: str = "light", width: int = 1280) -> Seen:
    path = tmp_path / "page.html"
    path.write_text(document, "utf-8")
    return await opened(browser, path, scheme=scheme, width=width)


@pytest.mark.parametrize("name", TELLING)
async def test_nobody_is_barred_from_a_page(browser: Browser, tmp_path: Path, name: str) -> None:
    seen = await shown(browser, tmp_path, PAGES[name]())
    await seen.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    assert await not_skipped(seen.page) == []
    assert await barriers_in_every_look(seen.page) == []


async def test_no_page_asks_for_anything_or_scrolls_sideways_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    found = {}
    for name, page in PAGES.items():
        seen = await shown(browser, tmp_path, page())
        await seen.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        sideways = await sideways_on_a_phone(seen.page)
        width = await seen.page.evaluate("document.documentElement.scrollWidth")
        found[name] = (sideways, width, seen.asked, seen.complaints)

    assert found == {name: ([], 390, [], []) for name in PAGES}


async def test_on_paper_nothing_is_cut_off_or_folded_away(browser: Browser, tmp_path: Path) -> None:
    found = {}
    for name, page in PAGES.items():
        seen = await shown(browser, tmp_path, page(), scheme="dark", width=A4_WITHIN_MARGINS)
        await seen.page.emulate_media(media="print", color_scheme="dark")
        found[name] = await seen.page.evaluate(ON_PAPER)

    assert found == {name: [A4_WITHIN_MARGINS, "rgb(255, 255, 255)", True] for name in PAGES}


@pytest.mark.parametrize("name", TELLING)
async def test_the_verdict_is_the_first_and_the_largest_text(browser: Browser, tmp_path: Path, name: str) -> None:
    seen = await shown(browser, tmp_path, PAGES[name](), width=390)
    sizes = await seen.page.evaluate(
        "[...document.querySelectorAll('body *')].map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    size, top = await seen.page.evaluate(
        "(each => [parseFloat(getComputedStyle(each).fontSize), each.getBoundingClientRect().top])"
        "(document.querySelector('h1'))"
    )

    assert size == max(sizes)
    assert top < 100


async def test_a_page_becomes_a_pdf_of_several_sheets(browser: Browser, tmp_path: Path) -> None:
    seen = await shown(browser, tmp_path, many_exchanges())
    document = await seen.page.pdf(prefer_css_page_size=True)

    assert document.startswith(b"%PDF")
    assert document.count(b"/Type /Page\n") > 1


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 52))
async def test_hostile_texts_run_nothing_and_ask_for_nothing(browser: Browser, tmp_path: Path, first: int) -> None:
    """Each text is another payload; `first` is that of the first one."""
    payloads = cycle(PAYLOADS[first:] + PAYLOADS[:first])
    for document in (
        ready_page(with_texts(a_ready_report(), lambda _: next(payloads)), str),
        audit_page(with_texts(an_audit_report(), lambda _: next(payloads)), str),
    ):
        seen = await shown(browser, tmp_path, document)

        assert await seen.page.evaluate("window.canary") is None
        assert (seen.asked, seen.complaints) == ([], [])
