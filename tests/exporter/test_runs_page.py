"""`/runs`: what was played, newest first, filtered by a plain form, page by page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path

import httpx
import jsonschema_rs
import pytest
from sqlalchemy import Engine
from support.archive import app_of, asked
from support.journals import NOON, new_journal, put_exchange, put_run
from support.markup import Parsed
from support.policies import policy_of
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import create_app
from probes.journal.reading import Reader

MINUTE = timedelta(minutes=1)
JSON = {"accept": "application/json"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'brekwatch.db'}"


@pytest.fixture
def journal(url: str) -> Iterator[Engine]:
    engine = new_journal(url)
    yield engine
    engine.dispose()


def a_run_id(number: int) -> str:
    return f"run{number:023d}"


@pytest.fixture
def some(journal: Engine) -> None:
    """Five runs, the newest now: golden_path failed, degraded and passed, a search elsewhere, one under way."""
    timeout = {"reason": "timeout", "failed_step": "search", "failure_kind": "timeout"}
    failed: dict[str, object] = {"outcome": "failed", "scenario": "golden_path", **timeout}
    degraded: dict[str, object] = {"outcome": "degraded", "scenario": "golden_path", "reason": "latency"}
    skipped: dict[str, object] = {"outcome": "skipped", "target": "other", "reason": "quota"}
    with journal.begin() as connection:
        put_run(connection, a_run_id(1), started_at=NOON, **failed)
        put_exchange(connection, a_run_id(1), 1, step="create_session", header_request_id="req-of-the-session")
        put_exchange(connection, a_run_id(1), 2, header_request_id="req-of-the-failure")
        put_run(connection, a_run_id(2), started_at=NOON + MINUTE, **degraded)
        put_run(connection, a_run_id(3), scenario="golden_path", started_at=NOON + 2 * MINUTE)
        put_run(connection, a_run_id(4), started_at=NOON + 3 * MINUTE, **skipped)
        put_run(connection, a_run_id(5), started_at=NOON + 4 * MINUTE, outcome=None, duration_seconds=None)


async def get(url: str, path: str, **headers: str) -> httpx.Response:
    return await asked(lambda: Reader(url), path, **headers)


def listed(page: str) -> list[int]:
    """The numbers of the runs in the table, in its order."""
    links = [link.attributes["href"] or "" for body in Parsed(page).root.all("tbody") for link in body.all("a")]
    return [int(link[-23:]) for link in links if link.startswith("/runs/run")]


@pytest.mark.usefixtures("some")
async def test_runs_stand_newest_first_with_what_failed_and_its_request_id(url: str) -> None:
    page = await get(url, "/runs")

    assert listed(page.text) == [5, 4, 3, 2, 1]
    for told in ("under way", "search: timeout", "quota", "latency", "1.5 s"):
        assert told in page.text
    assert '<a href="/find/req-of-the-failure">' in page.text
    assert "req-of-the-session" not in page.text


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("target=other", [4]),
        ("scenario=golden_path", [3, 2, 1]),
        ("outcome=failed", [1]),
        ("kind=timeout", [1]),
        ("kind=latency", [2]),
        ("target=acme&scenario=golden_path&outcome=passed", [3]),
        ("target=&scenario=&outcome=&kind=&since=&limit=50", [5, 4, 3, 2, 1]),
        ("since=2026-11-24T12:02Z", [5, 4, 3]),
        ("limit=2", [5, 4]),
    ],
    ids=str,
)
async def test_a_filter_shows_what_fits(url: str, query: str, found: list[int]) -> None:
    since = "" if "since=2" in query else "&since=2026-11-24"
    page = await get(url, f"/runs?{query}{since}".replace("&since=&limit", "&limit"))

    assert listed(page.text) == found


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("outcome=fine", "outcome &#39;fine&#39; is none of passed, degraded, failed, skipped, unknown"),
        ("kind=sadness", "kind &#39;sadness&#39; is none of dns, connect"),
        ("since=yesterday", "since &#39;yesterday&#39; is no stretch of time"),
        ("since=99999d", "since &#39;99999d&#39; is no stretch of time"),
        ("limit=0", "no number from 1 to 200"),
        ("limit=201", "no number from 1 to 200"),
        ("limit=ten", "no number from 1 to 200"),
        ("limit=%D9%A1", "no number from 1 to 200"),
        ("before=1", "before is no place in this list"),
        ("before=999999999999999999.a", "before is no place in this list"),
        ("before=1.A;drop", "before is no place in this list"),
        (f"target={'x' * 129}", "target is longer than 128 characters"),
    ],
    ids=str,
)
async def test_a_value_that_can_t_be_meant_is_a_400_in_words(url: str, query: str, reason: str) -> None:
    page, told = await get(url, f"/runs?{query}"), await get(url, f"/runs?{query}", **JSON)

    assert (page.status_code, told.status_code) == (400, 400)
    assert reason in page.text
    assert list(told.json()) == ["problem"]


@pytest.mark.usefixtures("some")
async def test_names_that_nothing_has_are_told_and_no_error(url: str) -> None:
    page = await get(url, "/runs?target=nobody&scenario=nothing")
    known = await get(url, "/runs?target=acme&scenario=nothing")

    assert (page.status_code, known.status_code) == (200, 200)
    assert "No run fits" in page.text
    assert "No run of target nobody is kept here at all." in page.text
    assert "is kept here at all" not in known.text


@pytest.mark.usefixtures("journal")
async def test_an_empty_journal_says_that_nothing_was_played(url: str) -> None:
    assert "None was played yet." in (await get(url, "/runs")).text


@pytest.mark.usefixtures("some")
async def test_the_next_page_begins_behind_the_last_run_whatever_comes_meanwhile(url: str, journal: Engine) -> None:
    first = await get(url, "/runs?limit=2&since=2026-11-24")
    with journal.begin() as connection:
        put_run(connection, a_run_id(6), started_at=NOON + 5 * MINUTE)
    pages = [first]
    while following := _following(pages[-1].text):
        pages.append(await get(url, following))

    assert [listed(page.text) for page in pages] == [[5, 4], [3, 2], [1]]
    assert "Back to the newest" in pages[1].text
    assert "Back to the newest" not in pages[0].text


async def test_runs_of_the_same_moment_are_on_one_page_each(url: str, journal: Engine) -> None:
    with journal.begin() as connection:
        for number in range(5):
            put_run(connection, a_run_id(number))
    pages = [await get(url, "/runs?limit=2")]
    while following := _following(pages[-1].text):
        pages.append(await get(url, following))

    assert [listed(page.text) for page in pages] == [[4, 3], [2, 1], [0]]


@pytest.mark.usefixtures("some")
async def test_json_keeps_to_the_schema_of_the_command_and_leads_on_in_a_header(url: str) -> None:
    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    first = await get(url, "/runs.json?limit=3&since=2026-11-24")
    following = re.fullmatch(r'<(/runs\.json\?.*)>; rel="next"', first.headers["link"])
    assert following is not None
    second = await get(url, following[1])

    for answer in (first, second):
        jsonschema_rs.validator_for(schema).validate(answer.json())
    assert [run["run_id"] for run in (*first.json()["runs"], *second.json()["runs"])] == [
        a_run_id(5 - at) for at in range(5)
    ]
    assert "link" not in second.headers
    assert second.json()["runs"][1]["steps"][1]["exchanges"][0]["request_id"] == "req-of-the-failure"


@pytest.fixture
def an_old_run(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, a_run_id(1), started_at=NOON - timedelta(days=300))


@pytest.mark.usefixtures("an_old_run")
@pytest.mark.parametrize("query", ["", "outcome=passed", "target=acme&scenario=quick_search"])
async def test_what_an_index_finds_is_looked_for_in_all_that_is_kept(url: str, query: str) -> None:
    assert listed((await get(url, f"/runs?{query}")).text) == [1]


@pytest.mark.usefixtures("an_old_run")
@pytest.mark.parametrize(
    ("query", "reach"),
    [
        ("target=acme", "7d"),
        ("scenario=quick_search", "7d"),
        ("kind=timeout", "7d"),
        ("target=acme&scenario=quick_search&kind=timeout", "7d"),
        ("target=acme&since=30d", "30d"),
    ],
    ids=str,
)
async def test_what_no_index_finds_is_looked_for_in_a_stretch_that_is_told(url: str, query: str, reach: str) -> None:
    assert f"No run fits in the last {reach}." in (await get(url, f"/runs?{query}")).text


@pytest.mark.usefixtures("some")
async def test_the_form_keeps_what_was_asked_for(url: str) -> None:
    page = await get(url, "/runs?target=acme&outcome=failed&since=2026-11-24&limit=20")

    assert 'name="target" value="acme"' in page.text
    assert [option.text for option in Parsed(page.text).root.all("option") if "selected" in option.attributes] == [
        "failed",
        "2026-11-24",
        "20",
    ]


@pytest.mark.usefixtures("some")
async def test_the_page_is_sound_html_and_its_policy_allows_it_alone(url: str) -> None:
    page = await get(url, "/runs?target=%3Cscript%3E%22%E2%80%AE")

    assert Parsed(page.text).complaints == []
    assert page.headers["content-security-policy"] == policy_of(page.text)
    assert "<script>&" not in page.text
    assert "\u202e" not in page.text


async def test_every_page_leads_to_it_and_without_a_journal_there_is_none(url: str) -> None:
    async with served(app_of(lambda: Reader(url))) as (_, client):
        status = await client.get("/")
    async with served(create_app(recorder=Recorder(), health=FakeHealth())) as (_, client):
        bare, missing = await client.get("/"), await client.get("/runs")

    assert '<a href="/runs">Runs</a>' in status.text
    assert 'href="/runs"' not in bare.text
    assert missing.status_code == 404


def _following(page: str) -> str | None:
    links = [link.attributes for link in Parsed(page).root.all("a") if link.attributes.get("rel") == "next"]
    return links[0]["href"] if links else None


@pytest.mark.parametrize("field", ["target", "scenario"])
async def test_a_key_that_is_typed_into_the_form_stands_in_no_page(url: str, some: None, field: str) -> None:
    app = create_app(
        recorder=Recorder(),
        health=FakeHealth(),
        new_reader=lambda: Reader(url),
        scrub=lambda text: text.replace("hush-key", "***"),
    )
    async with served(app) as (_, client):
        answer = await client.get(f"/runs?{field}=hush-key")

    assert answer.status_code == 200
    assert "hush-key" not in answer.text
