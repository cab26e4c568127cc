from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest
from starlette.applications import Starlette
from support.facts import REQUEST_ID, RUN_ID, TRACE_ID, a_start
from support.keeping import keeping
from support.kept import Shelf, a_sighting, a_summary
from support.policies import policy_of
from support.web import FakeHealth, paths, served

from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.connections import ANSWER_SECONDS
from exporter.web.lookups import AT_ONCE, MOST_WAITING, WITHIN_SECONDS, Lookups, TooManyError
from probes.errors import JournalError, UsageError
from probes.journal.kept import Found
from probes.journal.reading import Reader
from probes.redaction import Scrubber, Secret
from probes.words import IdKind

ONCE = Found(sightings=(a_sighting(),))
SEVERAL = Found(candidates=((IdKind.REQUEST_ID, "8f6f-1"), (IdKind.EVENT_ID, "8f6f/2")))
KEY = "sk_live_51H8xQzTyped"
JSON = {"accept": "application/json"}


def app_of(find: Callable[[str], Found]) -> Starlette:
    return create_app(recorder=Recorder(), health=FakeHealth(), find=find, scrub=Scrubber([Secret(KEY)]).text)


async def asked(found: Found, path: str, **headers: str) -> httpx.Response:
    async with served(app_of(Shelf(found=found).find)) as (_, client):
        return await client.get(path, headers=headers)


async def test_an_id_has_a_page_with_run_step_exchange_and_the_ids_beside_it() -> None:
    answer = await asked(ONCE, f"/find/{REQUEST_ID}")

    assert answer.status_code == 200
    for told in (REQUEST_ID, "quick_search on acme: failed", "server_error", "<td>search</td>", "HTTP 503"):
        assert told in answer.text
    assert f'<a href="/find/{quote(TRACE_ID, safe="")}"><code>{TRACE_ID}</code></a>' in answer.text
    assert f"<code>brekwatch runs show {RUN_ID}</code>" in answer.text


async def test_the_form_asks_and_its_address_answers() -> None:
    form = await asked(ONCE, "/find")
    answer = await asked(ONCE, f"/find?id={REQUEST_ID}")

    assert (form.status_code, answer.status_code) == (200, 200)
    assert '<form action="/find">' in form.text
    assert "quick_search" not in form.text
    assert "quick_search on acme" in answer.text


@pytest.mark.parametrize("value", ["a/b", "acme:sess_1:book:002", "..", "a?b", "a#b", "a%2fb", "é", "a b"])
async def test_any_id_can_be_asked_for(value: str) -> None:
    shelf = Shelf(found=ONCE)
    async with served(app_of(shelf.find)) as (_, client):
        await client.get("/find", params={"id": value})
        if value != "..":  # which a client takes for a folder
            await client.get(f"/find/{quote(value, safe='')}")

    assert set(shelf.asked) == {value}


async def test_a_key_that_was_typed_by_mistake_is_not_said_back() -> None:
    def refuse(text: str) -> Found:
        raise UsageError(f"{text} is no id")

    page = await asked(Found(), f"/find/{KEY}")
    async with served(app_of(refuse)) as (_, client):
        refused, told = await client.get(f"/find/{KEY}"), await client.get(f"/find/{KEY}", headers=JSON)

    assert [answer.status_code for answer in (page, refused, told)] == [404, 400, 400]
    assert not any(KEY in answer.text for answer in (page, refused, told))


async def test_nothing_found_is_a_404_that_says_so() -> None:
    page, told = await asked(Found(), "/find/nothing"), await asked(Found(), "/find/nothing", **JSON)

    assert (page.status_code, told.status_code) == (404, 404)
    assert "Nothing is known of it" in page.text
    assert told.json() == {"sightings": [], "candidates": [], "more": False}


async def test_several_ids_that_begin_so_are_offered() -> None:
    page = await asked(SEVERAL, "/find/8f6f")

    assert page.status_code == 200
    assert '<a href="/find/8f6f-1">' in page.text
    assert '<a href="/find/8f6f%2F2">' in page.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html, application/json", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
    ],
)
async def test_json_is_told_to_whom_prefers_it(accept: str, kind: str) -> None:
    answer = await asked(ONCE, f"/find/{REQUEST_ID}", accept=accept)

    assert answer.headers["content-type"].partition(";")[0] == kind
    assert answer.headers["vary"] == "accept"


async def test_json_can_be_asked_for_in_the_address_and_keeps_to_its_schema() -> None:
    schema = json.loads(resources.files("exporter").joinpath("schemas", "found.schema.json").read_text())
    answers = [await asked(found, f"/find/{REQUEST_ID}?format=json") for found in (ONCE, SEVERAL, Found())]
    for answer in answers:
        jsonschema_rs.validator_for(schema).validate(answer.json())

    assert answers[0].json()["sightings"][0]["run"]["run_id"] == RUN_ID


@pytest.mark.parametrize(
    ("problem", "status_code"),
    [(JournalError("the journal can't be read: it is damaged"), 503), (UsageError("say more of it"), 400)],
    ids=["journal", "usage"],
)
async def test_a_search_that_can_t_be_made_says_why(problem: Exception, status_code: int) -> None:
    def find(_text: str) -> Found:
        raise problem

    async with served(app_of(find)) as (_, client):
        page, told = await client.get("/find/abcd"), await client.get("/find/abcd", headers=JSON)

    assert (page.status_code, told.status_code) == (status_code, status_code)
    assert str(problem).replace("'", "&#39;") in page.text
    assert told.json() == {"problem": str(problem)}
    assert ("retry-after" in page.headers) == (status_code == 503)


async def test_what_looks_like_html_is_shown_as_text() -> None:
    nasty = '"><img src=x onerror=alert(1)>\u202e'
    seen = a_sighting(value=nasty, chat_status=nasty, step=nasty, beside=((IdKind.EVENT_ID, nasty),))
    pages = [
        await asked(Found(sightings=(seen,)), f"/find/{quote(nasty, safe='')}"),
        await asked(Found(candidates=((IdKind.EVENT_ID, nasty),)), f"/find?id={quote(nasty)}"),
    ]

    for page in pages:
        assert "<img" not in page.text
        assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
        assert "\u202e" not in page.text


async def test_the_page_allows_its_style_sheet_and_its_own_form_and_nothing_else() -> None:
    page = await asked(ONCE, f"/find/{REQUEST_ID}")

    assert page.headers["content-security-policy"] == policy_of(page.text)
    assert not re.search(r"<script\s|\sstyle=|\son\w+=|https?://", page.text)


async def test_the_page_is_guarded_like_the_others() -> None:
    async with served(app_of(Shelf(found=ONCE).find)) as (_, client):
        head = await client.head(f"/find/{REQUEST_ID}")
        post = await client.post("/find", content=b"id=1")
        foreign = await client.get("/find", headers={"host": "evil.example"})

    assert (head.status_code, head.content) == (200, b"")
    assert (post.status_code, foreign.status_code) == (405, 421)
    assert head.headers["cache-control"] == "no-store"


async def test_without_a_journal_there_is_no_such_page() -> None:
    app = create_app(recorder=Recorder(), health=FakeHealth())
    async with served(app) as (_, client):
        missing = await client.get("/find")
        index = await client.get("/")

    assert missing.status_code == 404
    assert 'href="/find"' not in index.text
    assert "/find/{id:path}" in paths(app_of(Shelf().find))


async def test_the_first_page_leads_to_it() -> None:
    assert 'href="/find"' in (await asked(ONCE, "/")).text


async def test_a_journal_that_comes_while_the_service_runs_is_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'brekwatch.db'}"
    async with served(app_of(lambda text: Reader(url).find(text))) as (_, client):
        before = await client.get(f"/find/{RUN_ID}", headers=JSON)
        async with keeping(url) as journal:
            await journal.begin_run(a_start())
            after = await client.get(f"/find/{RUN_ID}", headers=JSON)

    assert before.status_code == 503
    assert "there is no journal at" in before.json()["problem"]
    assert after.json()["sightings"][0]["run"]["outcome"] is None


async def test_a_run_without_a_verdict_is_under_way() -> None:
    seen = a_sighting(run=a_summary(outcome=None), status_code=None)
    page = await asked(Found(sightings=(seen,), more=True), f"/find/{REQUEST_ID}")

    assert "quick_search on acme: under way, started" in page.text
    assert "no answer" in page.text
    assert "And older ones." in page.text


class SlowShelf:
    """Answers only when let, and counts how many ask at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asking = self.most = self.asked = 0
        self._lock = threading.Lock()

    def find(self, _text: str) -> Found:
        with self._lock:
            self.asking += 1
            self.asked += 1
            self.most = max(self.most, self.asking)
        self.gate.wait(5)
        with self._lock:
            self.asking -= 1
        return ONCE


async def test_a_crowd_is_served_a_few_at_a_time_and_leaves_the_loop_free() -> None:
    shelf = SlowShelf()
    async with served(app_of(shelf.find)) as (server, other):
        crowd = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)
        asks = [asyncio.create_task(crowd.get("/find/abcd")) for _ in range(AT_ONCE + MOST_WAITING + 5)]
        while sum(task.done() for task in asks) < 5:
            await asyncio.sleep(0.01)
        healthy = await asyncio.wait_for(other.get("/healthz"), 1)
        shelf.gate.set()
        codes = [answer.status_code for answer in await asyncio.gather(*asks)]
        await crowd.aclose()

    assert healthy.status_code == 200
    assert (codes.count(200), codes.count(503)) == (AT_ONCE + MOST_WAITING, 5)
    assert shelf.most == AT_ONCE


async def test_what_takes_too_long_is_answered_in_words_before_the_connection_ends() -> None:
    shelf = SlowShelf()
    lookups = Lookups(shelf.find, within_seconds=0.05)
    with pytest.raises(TooManyError, match="takes longer"):
        await lookups.get("abcd")
    shelf.gate.set()

    assert await lookups.get("abcd") is ONCE
    assert ANSWER_SECONDS > WITHIN_SECONDS


async def test_who_goes_away_does_not_let_more_in() -> None:
    shelf = SlowShelf()
    lookups = Lookups(shelf.find)
    for _ in range(AT_ONCE + MOST_WAITING):
        ask = asyncio.create_task(lookups.get("abcd"))
        await asyncio.sleep(0)
        ask.cancel()
        await asyncio.wait([ask])
    with pytest.raises(TooManyError):
        await lookups.get("abcd")
    asked_meanwhile = shelf.asked
    shelf.gate.set()
    while shelf.asked < AT_ONCE + MOST_WAITING or shelf.asking:
        await asyncio.sleep(0.01)

    assert asked_meanwhile <= AT_ONCE
    assert await lookups.get("abcd") is ONCE
