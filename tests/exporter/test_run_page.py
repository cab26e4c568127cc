"""`/runs/<id>`: a run that was really played and kept, as whoever is woken reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from support.archive import Archive, app_of, asked, played_into, unread
from support.desk import a_hit, an_incident
from support.facts import NOON, RUN_ID, a_run, a_start, a_step
from support.keeping import Aware, keeping, until
from support.kept import as_kept
from support.markup import Element, Parsed
from support.policies import policy_of
from support.web import served

from exporter.web.lookups import AT_ONCE, MOST_WAITING
from probes.errors import UsageError
from probes.journal.kept import KeptRun, Unanswered
from probes.journal.reading import Reader
from probes.model import Booking, Finding, Run, Transition
from probes.words import BookingState, FailureKind, FindingKind, Outcome

JSON = {"accept": "application/json"}


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Plays a scenario with faults into a journal, and asks for its page."""
    url = f"sqlite:///{tmp_path / 'brekwatch.db'}"
    aware = Aware()
    async with keeping(url, aware) as journal:

        async def play_and_ask(scenario: str, *faults: str, mended: bool = False) -> tuple[Run, httpx.Response]:
            run = await played_into(journal, scenario, *faults, mended=mended)
            await until(lambda: run.run_id in {each.run_id for each in aware.kept})
            return run, await asked(lambda: Reader(url), f"/runs/{run.run_id}")

        yield play_and_ask


async def shown(kept: KeptRun, **more: Any) -> str:
    answer = await asked(lambda: Archive([kept], **more), f"/runs/{kept.run.run_id}")
    return answer.text


def section(page: str, name: str) -> Element:
    sections = Parsed(page).root.all("section")
    return next(each for each in sections if each.all("h3")[0].text.strip().startswith(name))


async def test_a_failed_golden_path_is_told_in_words_with_a_way_to_what_failed(kept: Callable[..., Any]) -> None:
    run, answer = await kept("golden_path", "server_error@name")

    assert answer.status_code == 200
    assert "Expected HTTP 200, saw HTTP 500: Internal server error." in answer.text
    failed = section(answer.text, "name")
    assert f'<a class="jump" href="#{failed.attributes["id"]}">To name, which failed' in answer.text
    assert "telling failed" in (failed.attributes["class"] or "")
    assert "observed HTTP 500: Internal server error." in " ".join(failed.whole_text().split())
    assert run.run_id in answer.text


async def test_what_was_said_stands_beside_the_ids_that_prove_it(kept: Callable[..., Any]) -> None:
    run, answer = await kept("golden_path")

    search = section(answer.text, "search")
    chat, evidence = (
        next(each for each in search.all("div") if each.attributes.get("class") == name)
        for name in ("chat", "evidence")
    )
    exchange = run.steps[1].exchanges[0]
    links = {link.attributes["href"] for link in evidence.all("a")}
    assert "find me a las vegas hotel" in chat.whole_text()
    assert "shortlist" in chat.whole_text()
    assert f"/find/{exchange.answer.request_id}" in links
    assert f"/find/{exchange.session_id}" in links
    assert {link.partition("%3A")[0] for link in links if link and "%3A" in link} == {"/find/acme", "/find/demo-tenant"}
    assert "POST /api/partner/v1/core-chat/events" in evidence.whole_text()


async def test_attempts_stand_in_order_with_what_was_waited_between(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "server_error@name")

    classes = [each.attributes.get("class") for each in section(answer.text, "name").all("div")]

    assert answer.text.index("then the same once more: attempt 2") < answer.text.index("the same once more: attempt 3")
    assert classes.count("said guest") == 1
    assert "name, attempt 3" in answer.text


async def test_steps_that_were_not_reached_are_told_as_such(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "server_error@book")

    assert "not reached: book failed before it" in section(answer.text, "attach_card").whole_text()
    assert answer.text.count("not reached: book failed before it") == 4


async def test_a_retry_that_hid_an_answer_is_what_explains_a_degraded_run(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "server_error@name", mended=True)

    assert "name: 2 attempts, the first answered HTTP 500." in answer.text
    assert "To name, which explains it" in answer.text
    assert "telling degraded" in (section(answer.text, "name").attributes["class"] or "")


async def test_a_booking_and_what_became_of_it_are_told_and_cleanup_stands_apart(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path")

    assert "All that was expected was seen." in answer.text
    assert "made" in answer.text
    assert "cancelled" in answer.text
    assert answer.text.index("Cleanup, which is no part of the verdict") < answer.text.index("action_cancel_booking")


async def test_a_transition_that_is_not_documented_is_marked(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "early_booked")

    assert "none → booked <b>! not documented</b>" in answer.text


async def test_a_run_without_an_answer_says_why(kept: Callable[..., Any]) -> None:
    _, answer = await kept("quick_search", "reset")

    session = section(answer.text, "create_session").whole_text()
    assert "no answer" in session
    assert "reset: the connection broke" in session


async def test_the_page_is_sound_html_and_its_policy_allows_it_alone(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "server_error@name")

    assert Parsed(answer.text).complaints == []
    assert answer.headers["content-security-policy"] == policy_of(answer.text)
    assert " style=" not in answer.text


async def test_no_id_stands_twice_on_the_page(kept: Callable[..., Any]) -> None:
    _, answer = await kept("golden_path", "server_error@name")

    ids = [each.split('"')[0] for each in answer.text.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.UNKNOWN], ids=str)
async def test_a_run_that_says_nothing_of_the_api_says_so(outcome: Outcome) -> None:
    run = a_run(outcome, steps=(), reason="quota", detail="less than the reserve is left")
    page = await shown(as_kept(run))

    told = {"skipped": "says nothing about the API", "unknown": "That is no failure of the API"}
    assert told[outcome] in page
    assert "less than the reserve is left." in page
    assert "Nothing was played." in page


async def test_a_run_under_way_shows_what_it_has_shown_and_is_asked_for_again() -> None:
    run = a_run(Outcome.UNKNOWN, steps=(a_step(outcome=Outcome.UNKNOWN),), duration_seconds=0.0)
    page = await shown(as_kept(run, under_way=True))

    assert "It has no verdict yet" in page
    assert "under way" in section(page, "search").whole_text()
    assert 'data-refresh-seconds="5"' in page
    assert "says nothing about the API" not in page


async def test_a_finished_run_is_not_asked_for_again() -> None:
    assert "data-refresh-seconds" not in await shown(as_kept(a_run()))


async def test_a_run_of_a_live_journal_is_under_way_until_its_verdict(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'brekwatch.db'}"
    async with keeping(url) as journal:
        await journal.begin_run(a_start())
        answer = await asked(lambda: Reader(url), f"/runs/{RUN_ID}")

    assert "It has no verdict yet" in answer.text
    assert "Nothing was played yet." in answer.text


async def test_a_turn_of_a_cut_off_run_is_told_with_what_became_of_it() -> None:
    turn = Unanswered(
        idempotency_key="acme:s:confirm:005", session_id="s", intended_at=NOON, body='{"text":"yes"}', settlement=None
    )
    page = await shown(as_kept(a_run(Outcome.UNKNOWN, reason="cancelled"), unanswered=(turn,)))

    assert "what it did is not known yet" in page
    assert 'href="/find/acme%3As%3Aconfirm%3A005"' in page


async def test_a_step_that_was_not_tried_for_want_of_configuration_says_so() -> None:
    step = a_step(outcome=Outcome.SKIPPED, exchanges=(), gap="other_api_key")
    page = await shown(as_kept(a_run(steps=(a_step(), replace(step, name="foreign_session")))))

    assert "not tried: other_api_key" in section(page, "foreign_session").whole_text()


async def test_findings_and_undocumented_changes_stand_where_they_were_seen() -> None:
    finding = Finding(kind=FindingKind.MISSING_HEADER, detail="x-request-id")
    change = Transition(from_status="none", to_status="shortlist", documented=True)
    page = await shown(as_kept(a_run(steps=(a_step(findings=(finding,), transitions=(change,)),))))

    told = section(page, "search").whole_text()
    assert "missing_header" in told
    assert "none → shortlist" in told
    assert "not documented</b>" not in page


@pytest.mark.parametrize("state", [BookingState.LEFT, BookingState.UNEXPECTED, BookingState.UNCLEAR], ids=str)
async def test_a_booking_that_somebody_has_to_look_at_stands_out(state: BookingState) -> None:
    booking = Booking(run_id=RUN_ID, target="acme", session_id="s", state=state, booking_id="bk_1")
    page = await shown(as_kept(a_run(bookings=(booking,))))

    assert f'<li class="failed">{state}: <code class="copy">bk_1</code>' in page


async def test_the_incident_that_a_run_belongs_to_is_linked() -> None:
    page = await shown(as_kept(a_run(Outcome.FAILED)), incidents=[an_incident(hits=(), **_of_the_run())])

    assert "/incidents/" not in page
    assert f"/incidents/{an_incident().incident_id}" in await shown(as_kept(a_run(Outcome.FAILED)), incidents=[_hit()])


@pytest.mark.parametrize(
    "other",
    [
        {"location": "us-1"},
        {"last_failed_at": NOON.replace(hour=11)},
        {"first_failed_at": NOON.replace(hour=13), "last_failed_at": NOON.replace(hour=14)},
        {"cause": replace(an_incident().cause, kind=FailureKind.TIMEOUT)},
    ],
    ids=["elsewhere", "before", "after", "of another cause"],
)
async def test_an_incident_that_is_not_surely_its_own_is_not_linked(other: dict[str, Any]) -> None:
    page = await shown(as_kept(a_run(Outcome.FAILED)), incidents=[replace(_hit(), **other)])

    assert "/incidents/" not in page


async def test_the_journal_as_json_keeps_to_the_schema_of_the_command(kept: Callable[..., Any], tmp_path: Path) -> None:
    run, _ = await kept("golden_path", "server_error@name")
    url = f"sqlite:///{tmp_path / 'brekwatch.db'}"
    by_address = await asked(lambda: Reader(url), f"/runs/{run.run_id}.json")
    by_header = await asked(lambda: Reader(url), f"/runs/{run.run_id[:8]}", **JSON)

    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    jsonschema_rs.validator_for(schema).validate(by_address.json())
    assert by_address.json() == by_header.json()
    assert by_address.json()["runs"][0]["steps"][3]["failure"]["kind"] == "server_error"
    assert by_address.headers["vary"] == "accept"


@pytest.mark.parametrize("text", ["nobody", "UPPER", "a%2fb", "..%2f..", "%00", "é", "a b", "a" * 65])
async def test_an_id_that_no_run_has_is_a_404_in_words(text: str) -> None:
    archive = Archive()
    page, told = await asked(lambda: archive, f"/runs/{text}"), await asked(lambda: archive, f"/runs/{text}", **JSON)

    assert (page.status_code, told.status_code) == (404, 404)
    assert told.headers["content-type"] == "application/json"
    assert "no such run is known" in page.text
    assert archive.asked == (2 if text == "nobody" else 0)


async def test_several_runs_that_begin_so_are_a_400_in_words() -> None:
    archive = Archive()
    archive.trouble = UsageError("several runs begin so, among them a and b: say more of it")
    answer = await asked(lambda: archive, "/runs/abcd", **JSON)

    assert (answer.status_code, answer.json()["problem"]) == (400, str(archive.trouble))


async def test_a_journal_that_can_t_be_read_is_a_503_in_words() -> None:
    answers = [await asked(unread, path) for path in ("/runs/abcd", "/runs")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("it is damaged" in answer.text for answer in answers)


async def test_the_reader_is_let_go_of_whatever_happens() -> None:
    fine, troubled = Archive([as_kept(a_run())]), unread()
    await asked(lambda: fine, f"/runs/{RUN_ID}")
    await asked(lambda: troubled, "/runs/abcd")

    assert (fine.closings, troubled.closings) == (1, 1)


async def test_a_crowd_is_turned_away_and_leaves_the_loop_free() -> None:
    archive = Archive([as_kept(a_run())])
    archive.gate.clear()
    async with served(app_of(lambda: archive)) as (server, other):
        crowd = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)
        asks = [asyncio.create_task(crowd.get(f"/runs/{RUN_ID}")) for _ in range(AT_ONCE + MOST_WAITING + 4)]
        while sum(task.done() for task in asks) < 4:
            await asyncio.sleep(0.01)
        healthy = await asyncio.wait_for(other.get("/healthz"), 1)
        archive.gate.set()
        codes = [answer.status_code for answer in await asyncio.gather(*asks)]
        await crowd.aclose()

    assert healthy.status_code == 200
    assert (codes.count(200), codes.count(503)) == (AT_ONCE + MOST_WAITING, 4)


def _of_the_run() -> dict[str, Any]:
    return {"first_failed_at": NOON, "last_failed_at": NOON}


def _hit() -> Any:
    return an_incident(hits=(a_hit(scenario="quick_search"),), location="eu-1", **_of_the_run())
