from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette
from support.markup import Parsed
from support.reports import an_outage
from support.timelines import INCIDENT_ID
from support.web import FakeHealth, paths, served

from alerts.report.facts import Report
from alerts.report.html import Within, content_security_policy, render
from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.lookups import AT_ONCE, MOST_WAITING
from exporter.web.pages.report import Reporting
from probes.errors import JournalError, UsageError
from probes.redaction import Scrubber, Secret

WITHIN = Within(
    places=(("brekwatch", "/"), ("Status", "/"), ("Runbooks", "/runbooks")),
    formats=tuple(
        (label, f"/incidents/{INCIDENT_ID}?format={name}")
        for label, name in (("JSON", "json"), ("Markdown", "markdown"), ("Mail to support", "email"))
    ),
)
KEY = "sk_live_51H8xQzTyped"


def known(text: str) -> Report | None:
    return an_outage() if INCIDENT_ID.startswith(text) else None


def app_of(report_of: Callable[[str], Report | None] = known) -> Starlette:
    reporting = Reporting(
        report_of=report_of,
        as_html=render,
        as_json=lambda report: {"headline": report.headline},
        as_markdown=lambda report: f"# {report.headline}\n",
        as_email=lambda report: f"Subject: {report.headline}\n",
    )
    scrub = Scrubber([Secret(KEY)]).text
    return create_app(recorder=Recorder(), health=FakeHealth(), reporting=reporting, scrub=scrub)


async def asked(path: str, report_of: Callable[[str], Report | None] = known, **headers: str) -> httpx.Response:
    async with served(app_of(report_of)) as (_, client):
        return await client.get(path, headers=headers)


async def test_an_incident_has_its_report_at_its_id() -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == render(an_outage(), WITHIN)


async def test_the_served_report_leads_back_and_to_its_other_formats() -> None:
    async with served(app_of()) as (_, client):
        page = await client.get(f"/incidents/{INCIDENT_ID}")
        bar = next(nav for nav in Parsed(page.text).root.all("nav") if nav.attributes["aria-label"] == "brekwatch")
        addresses = [link.attributes["href"] or "" for link in bar.all("a")]
        answers = [await client.get(address) for address in addresses]

    assert addresses[0] == "/"
    assert [address for address in addresses if "format" in address] == [
        f"/incidents/{INCIDENT_ID}?format={name}" for name in ("json", "markdown", "email")
    ]
    assert {answer.status_code for answer in answers} == {200}


def test_a_report_that_is_written_to_a_file_leads_nowhere_of_the_service() -> None:
    navs = Parsed(render(an_outage())).root.all("nav")

    assert [nav.attributes["aria-label"] for nav in navs] == ["Parts of this report"]


async def test_the_policy_of_the_answer_is_that_of_the_document_and_forbids_frames() -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID}")

    assert answer.headers["content-security-policy"] == f"{content_security_policy()}; frame-ancestors 'none'"


async def test_the_beginning_of_an_id_will_do() -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID[:8]}")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("written_as", "content_type", "beginning"),
    [
        ("html", "text/html; charset=utf-8", "<!doctype html>"),
        ("json", "application/json", '{"headline":"send_event'),
        ("markdown", "text/markdown; charset=utf-8", "# send_event"),
        ("email", "text/plain; charset=utf-8", "Subject: send_event"),
    ],
)
async def test_the_same_report_is_told_in_four_formats(written_as: str, content_type: str, beginning: str) -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID}?format={written_as}")

    assert answer.headers["content-type"] == content_type
    assert answer.text.lstrip().startswith(beginning)


async def test_a_program_that_accepts_json_gets_json() -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID}", accept="application/json")

    assert answer.json() == {"headline": an_outage().headline}
    assert answer.headers["vary"] == "accept"


async def test_a_format_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    answer = await asked(f"/incidents/{INCIDENT_ID}?format=pdf")

    assert answer.status_code == 400
    assert "html, json, markdown and email" in answer.text


async def test_an_id_that_nobody_knows_is_not_found() -> None:
    page = await asked("/incidents/zzzzzzzzzzzz")
    program = await asked("/incidents/zzzzzzzzzzzz", accept="application/json")

    assert [page.status_code, program.status_code] == [404, 404]
    assert "nothing is known of it" in page.text
    assert "nothing is known of it" in program.json()["problem"]


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cwindows",
        "%252e%252e%252f",
        "abcd%00",
        "abcd.html",
        "<script>alert(1)</script>",
        "%7B%7B7*7%7D%7D",
        "a" * 65,
        "abc",
        "-abcd",
        "ABCDEFGH",
        "abcd%0a",
    ],
)
async def test_what_can_be_no_id_is_looked_up_nowhere(path: str) -> None:
    seen: list[str] = []
    answer = await asked(f"/incidents/{path}", seen.append)  # type: ignore[arg-type]

    assert (answer.status_code, seen) == (404, [])
    assert Parsed(answer.text).complaints == []
    assert "<script>alert" not in answer.text


async def test_several_ids_that_begin_so_are_told() -> None:
    def several(text: str) -> Report | None:
        raise UsageError(f"several incidents begin with {text}: give more of it")

    answer = await asked("/incidents/abcd", several)

    assert answer.status_code == 400
    assert "several incidents begin with abcd" in answer.text


async def test_a_journal_that_can_not_be_read_says_so_and_when_to_ask_again() -> None:
    def broken(text: str) -> Report | None:
        raise JournalError("the journal can't be read <b>now</b>")

    answer = await asked("/incidents/abcd", broken)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "&lt;b&gt;now&lt;/b&gt;" in answer.text


async def test_a_secret_in_a_problem_is_not_said_back() -> None:
    def refuse(text: str) -> Report | None:
        raise UsageError(f"{KEY} is no id")

    answer = await asked("/incidents/abcd", refuse)

    assert KEY not in answer.text


async def test_a_crowd_of_readers_is_sent_away_while_others_are_answered() -> None:
    go_on = threading.Event()

    def slow(text: str) -> Report | None:
        go_on.wait(5)
        return None

    async with served(app_of(slow)) as (_, client):
        crowd = [asyncio.create_task(client.get("/incidents/abcd")) for _ in range(AT_ONCE + MOST_WAITING + 3)]
        done, _ = await asyncio.wait(crowd, timeout=2, return_when=asyncio.FIRST_COMPLETED)
        health = await client.get("/healthz")
        go_on.set()
        answers = await asyncio.gather(*crowd)

    assert {task.result().status_code for task in done} == {503}
    assert health.status_code == 200
    assert sorted({answer.status_code for answer in answers}) == [404, 503]


async def test_without_reporting_there_is_no_such_page() -> None:
    app = create_app(recorder=Recorder(), health=FakeHealth())

    assert [path for path in paths(app) if path.startswith("/incidents")] == []
