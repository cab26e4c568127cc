from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import httpx
import pytest
from support.desk import INCIDENT_ID, MINUTE, Drawer, a_hit, an_incident, closed, of
from support.facts import NOON
from support.places import schema_complaints
from support.policies import policy_of
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.lookups import AT_ONCE, MOST_WAITING
from exporter.web.pages.incidents import MOST_LISTED
from probes.errors import JournalError
from probes.redaction import Scrubber, Secret
from probes.words import FailureKind

JSON = {"accept": "application/json"}
KEY = "sk_live_51H8xQzTyped"


async def asked(drawer: Drawer, path: str, headers: Mapping[str, str] = {}) -> httpx.Response:
    app = create_app(recorder=Recorder(), health=FakeHealth(), desk=drawer.desk(), scrub=Scrubber([Secret(KEY)]).text)
    async with served(app) as (_, client):
        return await client.get(path, headers=headers)


async def test_the_open_incident_of_an_alert_is_one_click_away() -> None:
    page = await asked(Drawer(an_incident()), "/incidents/open?target=acme&scenario=golden_path")

    assert page.status_code == 200
    assert f'<a href="/incidents/{INCIDENT_ID}">' in page.text
    for told in ("server_error of send_event", "golden_path", "2026-11-24 12:00:00 UTC", "</span> open</span>"):
        assert told in page.text


async def test_an_alert_without_a_scenario_shows_all_that_is_open_on_its_target() -> None:
    others = an_incident(incident_id="other-target", cause=of(FailureKind.TIMEOUT, "other"))
    drawer = Drawer(an_incident(), an_incident(incident_id="timeouts", cause=of(FailureKind.TIMEOUT)), others)
    told = (await asked(drawer, "/incidents/open?target=acme&scenario=", JSON)).json()

    assert {each["incident_id"] for each in told["incidents"]} == {INCIDENT_ID, "timeouts"}


async def test_when_nothing_is_open_the_last_one_is_told() -> None:
    drawer = Drawer(closed(an_incident()))
    page = await asked(drawer, "/incidents/open?target=acme&scenario=golden_path")
    told = (await asked(drawer, "/incidents/open?target=acme&scenario=golden_path", JSON)).json()

    assert "Nothing is open." in page.text
    assert re.search(r"The last one ended <time [^>]+>2 m ago</time>\.", page.text)
    assert f'<a href="/incidents/{INCIDENT_ID}">' in page.text
    assert [told["incidents"], told["open_beside"]] == [[], []]
    assert told["closed_before"][0]["closed_at"] == "2026-11-24T12:10:00.000Z"


async def test_when_only_other_scenarios_are_hit_they_are_shown() -> None:
    page = await asked(Drawer(an_incident()), "/incidents/open?target=acme&scenario=quick_search")

    assert "Nothing is open for this scenario." in page.text
    assert "in other scenarios" in page.text
    assert f'<a href="/incidents/{INCIDENT_ID}">' in page.text


async def test_a_target_that_never_had_one_is_told_so() -> None:
    page = await asked(Drawer(), "/incidents/open?target=acme")

    assert page.status_code == 200
    assert "There was none yet." in page.text


async def test_an_unknown_target_is_told_in_a_sentence_and_without_secrets() -> None:
    page = await asked(Drawer(), f"/incidents/open?target={KEY}")
    told = await asked(Drawer(), "/incidents/open?target=nobody", JSON)

    assert (page.status_code, told.status_code) == (404, 404)
    assert told.json() == {"problem": 'no target of the name "nobody" is configured here, and none had an incident'}
    assert KEY not in page.text


async def test_a_target_that_is_no_longer_configured_still_has_its_incidents() -> None:
    gone = Drawer(closed(an_incident(cause=of(FailureKind.TIMEOUT, "gone"))))

    assert (await asked(gone, "/incidents/open?target=gone")).status_code == 200


async def test_the_list_has_the_newest_first_and_an_end() -> None:
    many = [an_incident(incident_id=f"i{n:025}", detected_at=NOON + n * MINUTE) for n in range(MOST_LISTED + 9)]
    told = (await asked(Drawer(*many), "/incidents?format=json")).json()

    assert len(told["incidents"]) == MOST_LISTED
    assert told["incidents"][0]["incident_id"] == many[-1].incident_id


async def test_page_after_page_tells_every_incident_once() -> None:
    many = [
        an_incident(incident_id=f"i{n:025}", detected_at=NOON + n // 3 * MINUTE) for n in range(2 * MOST_LISTED + 9)
    ]
    drawer, path, seen = Drawer(*many), "/incidents?target=acme", []
    while path:
        told = (await asked(drawer, path, JSON)).json()
        seen += [each["incident_id"] for each in told["incidents"]]
        path = told["next"]

    assert seen == [incident.incident_id for incident in reversed(many)]


async def test_the_page_leads_to_older_ones_with_the_same_filters() -> None:
    many = [an_incident(incident_id=f"i{n:025}", detected_at=NOON + n * MINUTE) for n in range(MOST_LISTED + 1)]
    page = await asked(Drawer(*many), "/incidents?target=acme&open=1")

    assert f'href="/incidents?target=acme&amp;open=1&amp;before={many[1].incident_id}"' in page.text
    assert f"({MOST_LISTED} on a page)" in page.text


async def test_a_page_that_begins_after_an_incident_nobody_keeps_is_refused_in_words() -> None:
    page = await asked(Drawer(an_incident()), "/incidents?before=nothing-of-ours")

    assert page.status_code == 404
    assert "begin at the newest" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"searching", "elsewhere", "over"}),
        ("target=acme", {"searching", "over"}),
        ("scenario=quick_search", {"searching"}),
        ("open=1", {"searching", "elsewhere"}),
        ("open=0", {"searching", "elsewhere", "over"}),
        ("target=acme&scenario=golden_path&open=1", set()),
    ],
)
async def test_the_list_can_be_filtered(query: str, found: set[str]) -> None:
    drawer = Drawer(
        an_incident(incident_id="searching", hits=(a_hit(scenario="quick_search"),)),
        an_incident(incident_id="elsewhere", cause=of(FailureKind.TIMEOUT, "other")),
        closed(an_incident(incident_id="over")),
    )
    told = (await asked(drawer, f"/incidents?{query}", JSON)).json()

    assert {each["incident_id"] for each in told["incidents"]} == found


@pytest.mark.parametrize("path", ["/incidents.json", "/incidents/open?target=acme&format=json"])
@pytest.mark.parametrize("drawer", [Drawer(an_incident()), Drawer(closed(an_incident()))], ids=["open", "closed"])
async def test_the_json_keeps_to_its_published_schema(path: str, drawer: Drawer) -> None:
    told = (await asked(drawer, path)).json()

    assert schema_complaints("incidents", told) == []
    assert told["incidents"] + told["open_beside"] + told["closed_before"]


async def test_an_empty_list_says_so() -> None:
    assert "There was none yet." in (await asked(Drawer(), "/incidents")).text


@pytest.mark.parametrize("path", ["/incidents", "/incidents/open?target=acme"])
async def test_a_journal_that_can_t_be_read_is_told(path: str) -> None:
    drawer = Drawer()
    drawer.trouble = JournalError(f"the journal can't be read: {KEY}")
    page, told = await asked(drawer, path), await asked(drawer, path, JSON)

    assert (page.status_code, told.status_code) == (503, 503)
    assert told.json() == {"problem": "the journal can't be read: ***"}
    assert page.headers["retry-after"] == "5"
    assert drawer.closings == 2


async def test_what_looks_like_html_is_shown_as_text() -> None:
    nasty = '"><img src=x onerror=alert(1)>\u202e'
    incident = an_incident(cause=of(FailureKind.TIMEOUT, nasty), hits=(a_hit(scenario=nasty),))
    pages = [
        await asked(Drawer(incident), "/incidents"),
        await asked(Drawer(), f"/incidents/open?target=acme&scenario={nasty}"),
        await asked(Drawer(), f"/incidents/open?target={nasty}"),
    ]

    for page in pages:
        assert "<img" not in page.text
        assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
        assert "\u202e" not in page.text


async def test_a_page_allows_its_style_sheet_and_its_script_and_nothing_else() -> None:
    page = await asked(Drawer(an_incident()), "/incidents")

    assert page.headers["content-security-policy"] == policy_of(page.text)
    assert not re.search(r"<script\s|\sstyle=|\son\w+=|https?://", page.text)


async def test_a_crowd_is_turned_away_and_leaves_the_loop_free() -> None:
    drawer = Drawer()
    drawer.gate.clear()
    async with served(create_app(recorder=Recorder(), health=FakeHealth(), desk=drawer.desk())) as (server, other):
        crowd = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)
        asks = [asyncio.create_task(crowd.get("/incidents")) for _ in range(AT_ONCE + MOST_WAITING + 5)]
        while sum(task.done() for task in asks) < 5:
            await asyncio.sleep(0.01)
        healthy = await asyncio.wait_for(other.get("/healthz"), 1)
        drawer.gate.set()
        codes = [answer.status_code for answer in await asyncio.gather(*asks)]
        await crowd.aclose()

    assert healthy.status_code == 200
    assert (codes.count(200), codes.count(503)) == (AT_ONCE + MOST_WAITING, 5)


async def test_the_first_page_leads_to_what_is_open() -> None:
    assert 'href="/incidents"' in (await asked(Drawer(), "/")).text
