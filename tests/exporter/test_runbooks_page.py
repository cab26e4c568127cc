from __future__ import annotations

import re

import httpx
import pytest
from support.markup import Parsed
from support.policies import policy_of
from support.runbooks import runbooks
from support.web import FakeHealth, served

from alerts.thresholds import SEVERITIES
from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.pages.runbooks import rendered, texts


async def asked(path: str) -> httpx.Response:
    async with served(create_app(recorder=Recorder(), health=FakeHealth())) as (_, client):
        return await client.get(path)


async def test_an_alert_has_the_page_of_its_runbook() -> None:
    page = await asked("/runbooks/BrekServerErrors")

    assert page.status_code == 200
    for told in ("<h1>BrekServerErrors</h1>", "<h2>Silence</h2>", "brekwatch incident -o report.html", "<pre>"):
        assert told in page.text


async def test_the_list_leads_to_every_runbook() -> None:
    page = await asked("/runbooks")

    assert sorted(re.findall(r'<a href="/runbooks/(\w+)">', page.text)) == sorted(runbooks())


async def test_what_wakes_somebody_stands_before_what_makes_a_ticket() -> None:
    page = await asked("/runbooks")
    told = (await asked("/runbooks.json")).json()["runbooks"]
    severities = {each["name"]: each["severity"] for each in told}
    places = [page.text.index(f'/runbooks/{name}"') for name in ("BrekServerErrors", "BrekHeadroomLow", "BrekWatchdog")]

    assert places == sorted(places)
    assert severities == {name: SEVERITIES.get(name) for name in runbooks()}


async def test_each_runbook_is_told_in_a_sentence() -> None:
    page = await asked("/runbooks")

    assert all(entry.whole_text().strip() for entry in Parsed(page.text).root.all("dd"))
    assert len(Parsed(page.text).root.all("dd")) == len(runbooks())


async def test_a_runbook_says_what_its_alert_asks_for() -> None:
    assert "It wakes somebody" in (await asked("/runbooks/BrekServerErrors")).text
    assert "It makes a ticket" in (await asked("/runbooks/BrekHeadroomLow")).text
    assert "It asks for nothing by itself" in (await asked("/runbooks/BrekWatchdog")).text


async def test_every_runbook_that_is_shipped_is_shown() -> None:
    async with served(create_app(recorder=Recorder(), health=FakeHealth())) as (_, client):
        answers = [await client.get(f"/runbooks/{name}") for name in runbooks()]

    assert {answer.status_code for answer in answers} == {200}
    assert dict(texts()) == runbooks()


@pytest.mark.parametrize(
    "name",
    ["BrekNothing", "../alerts", "..%2f..%2fpyproject", "BrekServerErrors.md", "%00", "brekservererrors", "x" * 9000],
)
async def test_a_name_that_is_none_is_not_found_and_not_said_back(name: str) -> None:
    page = await asked(f"/runbooks/{name}")

    assert page.status_code == 404
    assert "BrekNothing" not in page.text


async def test_a_page_allows_its_style_sheet_and_its_script_and_nothing_else() -> None:
    page = await asked("/runbooks/BrekMonitorFault")

    assert page.headers["content-security-policy"] == policy_of(page.text)
    assert not re.search(r"<script\s|<img|\sstyle=|\son\w+=", page.text)


async def test_a_runbook_leads_to_the_pages_of_others() -> None:
    page = await asked("/runbooks/BrekIncident")

    assert '<a href="/runbooks/BrekAuthRejected">BrekAuthRejected</a>' in page.text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](http://evil.example)",
        "[x](//evil.example)",
        "[x](data:text/html,x)",
        "![x](https://evil.example/x.png)",
        "<https://evil.example><b>",
    ],
)
def test_markdown_can_bring_neither_html_nor_images_nor_other_links(text: str) -> None:
    html = rendered(text)

    assert not re.search(r"<(script|img|b)\b", html)
    assert set(re.findall(r'href="([^"]*)"', html)) <= {"https://evil.example", "https://evil.example/x.png"}


async def test_the_first_page_leads_to_the_runbooks() -> None:
    assert 'href="/runbooks"' in (await asked("/")).text
