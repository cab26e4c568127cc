"""The page at `/` and its JSON: is it fine, since when not, which step, who has to act, which request shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import httpx
import jsonschema_rs
import pytest
from support.facts import NOON, a_probe
from support.incidents import an_incident
from support.kept import Shelf
from support.markup import Element, Parsed, kinds
from support.payloads import PAYLOADS
from support.status_boards import Clocks, a_recorder, crowd, failing_steps, play
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.pages.status_view import TARGETS_A_PAGE
from probes.model import JournalState
from probes.settings import Maintenance

SCHEMA = jsonschema_rs.validator_for(json.loads((files("exporter") / "schemas" / "status.schema.json").read_text()))
SEARCH, GOLDEN = a_probe(), a_probe(scenario="golden_path")


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def recorder(clocks: Clocks) -> Recorder:
    return a_recorder(clocks, [SEARCH, GOLDEN])


async def answer(recorder: Recorder, address: str = "/", *, problem: str | None = None) -> httpx.Response:
    health = FakeHealth()
    health.trouble = problem
    app = create_app(
        recorder=recorder, health=health, find=Shelf().find, scrub=lambda text: text.replace("hush", "***")
    )
    async with served(app) as (_, client):
        return await client.get(address)


async def document(recorder: Recorder, address: str = "/status.json", **state: str) -> Mapping[str, object]:
    told: dict[str, object] = (await answer(recorder, address, **state)).json()
    SCHEMA.validate(told)
    return told


async def page(recorder: Recorder, address: str = "/", **state: str) -> Element:
    parsed = Parsed((await answer(recorder, address, **state)).text)
    assert parsed.complaints == []
    return parsed.root


def headline(root: Element) -> str:
    return " ".join(root.all("h1")[0].whole_text().split())


async def test_all_good_is_said_in_one_sentence(recorder: Recorder, clocks: Clocks) -> None:
    for probe in (SEARCH, GOLDEN):
        play(recorder, clocks, probe, "...")

    assert (await document(recorder))["sentence"] == "All 2 probes are good."
    assert "All 2 probes are good" in headline(await page(recorder))


async def test_an_incident_that_lasts_is_said_where_every_probe_is_good_again(
    recorder: Recorder, clocks: Clocks
) -> None:
    for probe in (SEARCH, GOLDEN):
        play(recorder, clocks, probe, "...")
    recorder.incidents_changed((), (an_incident(),))

    assert (await document(recorder))["sentence"] == "All 2 probes are good; 1 incident not over yet."


async def test_what_fails_is_said_first_with_since_when(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "..FF")
    told = await document(recorder)

    assert told["sentence"] == "1 of 2 probes fails, since 2026-11-24 11:54:58 UTC; 1 is stale."
    assert told["standing"] == "failing"


async def test_stale_probes_are_no_green(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, ".")
    some = await document(recorder)
    clocks.pass_by(601)
    none = await document(recorder)

    assert (some["sentence"], some["standing"]) == ("1 of 2 probes are good; of 1 nothing can be told.", "stale")
    assert none["sentence"] == "Nothing can be told: no probe was judged within its last two intervals."


async def test_while_nobody_probes_nothing_is_told_however_fresh(recorder: Recorder, clocks: Clocks) -> None:
    for probe in (SEARCH, GOLDEN):
        play(recorder, clocks, probe, ".")
    told = await document(recorder, problem="the watcher of slots has ended")
    root = await page(recorder, problem="the watcher of slots has ended")

    assert told["counts"] == {"probes": 2, "failing": 0, "stale": 2, "good": 0, "degraded": 0}
    assert "Nothing can be told: brekwatch is not probing: the watcher of slots has ended" in headline(root)
    assert "passed" not in {element.attributes.get("class") for element in root.all("span")}


async def test_the_last_failure_is_told_in_words_with_its_links(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "F", steps=failing_steps("HTTP 200", "HTTP 503 and a hush word"))
    root = await page(recorder)
    (failure,) = [each for each in root.all("ol") if each.attributes.get("class") == "failures"]
    links = [link.attributes["href"] for link in failure.all("a")]
    text = " ".join(failure.whole_text().split())

    assert "/runs/acme-quick_search-0" in links
    assert "/find/8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b" in links
    assert "HTTP 503 and a *** word" in text
    assert {"search", "api", "server_error"} <= set(text.split())


async def test_what_judged_nothing_is_told_beside_the_last_verdict(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "..sss"[:4])
    text = (await answer(recorder)).text

    assert "passed" in text
    assert "last 2 skipped: quota" in text


async def test_the_strip_tells_a_day_in_words_and_a_good_day_in_one_bar(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "." * 288)
    play(recorder, clocks, GOLDEN, "." * 100 + "FFF" + "." * 185)
    strips = {
        svg.all("title")[0].text: [rect.attributes["class"] for rect in svg.all("rect")]
        for svg in (await page(recorder)).all("svg")
        if svg.attributes.get("role") == "img"
    }

    assert strips["24 h: 282 runs, none failed"] == ["good"]
    assert strips["24 h: 282 runs, 3 failed, last at 20:34 UTC"] == ["good", "failed", "good"]


async def test_half_hours_between_the_runs_of_an_hourly_probe_are_no_gaps(clocks: Clocks) -> None:
    probe = a_probe(every_seconds=3_600.0)
    recorder = a_recorder(clocks, [probe])
    play(recorder, clocks, probe, "." * 12)
    strip = (await document(recorder))["probes"][0]["last_24h"]["strip"]  # type: ignore[index]

    assert [each["told"] for each in strip] == ["before", "good"]


async def test_a_gap_of_a_frequent_probe_is_told_as_nothing(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "." * 12)
    clocks.pass_by(2 * 3_600)
    play(recorder, clocks, SEARCH, ".")
    strip = (await document(recorder, "/status.json?q=quick"))["probes"][0]["last_24h"]["strip"]  # type: ignore[index]

    assert [each["told"] for each in strip][-3:] == ["good", "nothing", "good"]


async def test_maintenance_is_told_on_the_strip_and_above(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "." * 200)
    hour = timedelta(hours=1)
    recorder.board.maintenance = (
        Maintenance(targets=("acme",), starts_at=NOON - hour, ends_at=NOON + hour, reason="a release"),
    )
    told = await document(recorder, "/status.json?q=quick")

    assert told["maintenance"] == [
        {
            "targets": ["acme"],
            "from": "2026-11-24T11:00:00.000Z",
            "to": "2026-11-24T13:00:00.000Z",
            "reason": "a release",
        }
    ]
    assert {"told": "maintenance", "half_hours": 3} in told["probes"][0]["last_24h"]["strip"]  # type: ignore[index]
    assert "a release" in (await answer(recorder)).text


async def test_open_incidents_and_stopped_bookings_are_told_above(recorder: Recorder) -> None:
    recorder.incidents_changed((), (an_incident(),))
    recorder.bookings_stopped("acme", "a run booked unasked")
    told, text = await document(recorder), (await answer(recorder)).text
    recorder.bookings_stopped("acme", None)

    assert [each["path"] for each in told["incidents"]] == [f"/incidents/{an_incident().incident_id}"]  # type: ignore[attr-defined]
    assert f'href="/incidents/{an_incident().incident_id}"' in text
    assert told["bookings_stopped"] == [{"target": "acme", "reason": "a run booked unasked"}]
    assert (await document(recorder))["bookings_stopped"] == []


async def test_a_journal_that_keeps_nothing_is_told_above_until_it_is_well(recorder: Recorder) -> None:
    recorder.journal_changed(JournalState(problem="the disk is full", waiting=30))
    told, text = await document(recorder), (await answer(recorder)).text
    recorder.journal_changed(JournalState())

    assert told["monitor_troubles"] == [{"kind": "journal", "detail": "the disk is full"}]
    assert "the disk is full" in text
    assert (await document(recorder))["monitor_troubles"] == []


async def test_a_configuration_that_was_refused_is_told_above_until_one_is_taken(recorder: Recorder) -> None:
    recorder.config_reloaded(problem="brekwatch.yaml:16: no duration")
    told, text = await document(recorder), (await answer(recorder)).text
    recorder.config_reloaded()

    assert told["monitor_troubles"] == [{"kind": "config", "detail": "brekwatch.yaml:16: no duration"}]
    assert "brekwatch.yaml:16: no duration" in text
    assert (await document(recorder))["monitor_troubles"] == []


@pytest.mark.parametrize(
    ("address", "scenarios"),
    [
        pytest.param("/status.json?state=failing", ["golden_path"], id="failing"),
        pytest.param("/status.json?state=good", ["quick_search"], id="good"),
        pytest.param("/status.json?state=stale", [], id="stale"),
        pytest.param("/status.json?q=GOLDEN+acme", ["golden_path"], id="words"),
        pytest.param("/status.json?q=nobody", [], id="no such"),
        pytest.param("/status.json", ["golden_path", "quick_search"], id="all, the worst first"),
    ],
)
async def test_probes_are_chosen_by_words_and_state(
    recorder: Recorder, clocks: Clocks, address: str, scenarios: list[str]
) -> None:
    play(recorder, clocks, SEARCH, ".")
    play(recorder, clocks, GOLDEN, "F")
    told = await document(recorder, address)

    assert [probe["scenario"] for probe in told["probes"]] == scenarios  # type: ignore[attr-defined]
    assert told["counts"]["probes"] == 2  # type: ignore[index]


async def test_a_day_that_could_not_be_counted_is_told_until_it_is_over(recorder: Recorder, clocks: Clocks) -> None:
    recorder.board.restore_nothing()
    told, shown = await document(recorder), await page(recorder)
    clocks.pass_by(86_401)

    assert told["uncounted_before"] == "2026-11-24T12:00:00.000Z"
    assert "what was measured before" in shown.whole_text()
    assert "what was measured before" not in (await page(recorder)).whole_text()


async def test_a_state_that_there_is_not_is_refused_in_words(recorder: Recorder) -> None:
    refused = await answer(recorder, "/?state=green")

    assert refused.status_code == 400
    assert "failing, stale, good" in refused.text


async def test_the_worst_targets_are_on_the_first_page_and_the_others_further_on(clocks: Clocks) -> None:
    probes = crowd(TARGETS_A_PAGE + 2, 1)
    recorder = a_recorder(clocks, probes)
    for probe in probes:
        play(recorder, clocks, probe, "F" if probe is probes[-1] else ".")
    first, second = await page(recorder), await page(recorder, "/?page=2")
    beyond = (await answer(recorder, "/?page=99")).text

    groups = [root.all("tbody") for root in (first, second)]
    assert [len(each) for each in groups] == [TARGETS_A_PAGE, 2]
    assert probes[-1].target in groups[0][0].whole_text()
    assert [link.attributes["href"] for link in first.all("a") if link.attributes.get("rel") == "next"] == ["/?page=2"]
    assert "Page 2 of 2" in beyond


@pytest.mark.parametrize("payload", PAYLOADS[:40])
async def test_what_a_server_says_is_text_on_the_page(recorder: Recorder, clocks: Clocks, payload: str) -> None:
    play(recorder, clocks, SEARCH, "F", steps=failing_steps("HTTP 200", "plain"))
    plain = kinds(await page(recorder))
    play(recorder, clocks, SEARCH, "F", steps=failing_steps("HTTP 200", payload))

    assert kinds(await page(recorder)) == plain


async def test_a_request_id_with_a_secret_is_not_shown(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, SEARCH, "F")
    pair = ("acme", SEARCH.scenario)
    judged = recorder.board._sights[pair].judged
    assert judged is not None
    assert judged.failed is not None
    failed = replace(judged.failed, request_id="hush")
    recorder.board._sights[pair] = replace(recorder.board._sights[pair], judged=replace(judged, failed=failed))

    assert "hush" not in (await answer(recorder)).text
    assert "hush" not in (await answer(recorder, "/status.json")).text
