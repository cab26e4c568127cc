from __future__ import annotations

import io
import json
from importlib import resources
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from rich.console import Console
from support.facts import NOON, REQUEST_ID, RUN_ID, TRACE_ID
from support.kept import EVENT_ID, SESSION_ID, Shelf, a_sighting, a_summary

from exporter.find_command import FindRequest, as_json, look_up, tell, verdict
from exporter.found import show_command
from exporter.terminal import Terminal
from probes.errors import UsageError
from probes.journal.kept import Found
from probes.words import IdKind

REQUEST = FindRequest(text=REQUEST_ID, journal="the journal at /var/lib/brekwatch.db")
ONCE = Found(sightings=(a_sighting(),))
OF_A_RUN = a_sighting(
    kind=IdKind.RUN_ID, value=RUN_ID, step=None, seq=None, operation=None, attempt=None, at=None, beside=()
)
SEVERAL = Found(candidates=((IdKind.REQUEST_ID, "8f6f-1"), (IdKind.IDEMPOTENCY_KEY, "8f6f-2")))


def told(found: Found, request: FindRequest = REQUEST) -> str:
    file = io.StringIO()
    tell(found, request, Terminal(Console(file=file, width=80), str))
    return file.getvalue()


def test_a_sighting_tells_run_step_exchange_ids_and_the_command_that_shows_it_whole() -> None:
    assert told(ONCE) == (
        f"request_id {REQUEST_ID}\n"
        f"  run       {RUN_ID}  quick_search on acme: failed (server_error), started 2026-11-24 12:00:00 UTC\n"
        "  step      search\n"
        "  exchange  2: send_event, attempt 1, HTTP 503, 2026-11-24 12:00:00 UTC\n"
        f"  beside    trace_id         {TRACE_ID}\n"
        f"            session_id       {SESSION_ID}\n"
        f"            event_id         {EVENT_ID}\n"
        f"  whole     brekwatch runs show {RUN_ID}\n"
    )


def test_a_run_s_own_id_has_no_exchange() -> None:
    lines = told(Found(sightings=(OF_A_RUN,))).splitlines()

    assert [line.split()[0] for line in lines] == ["run_id", "run", "whole"]


def test_a_run_that_has_no_verdict_is_under_way() -> None:
    assert "under way, started" in told(Found(sightings=(a_sighting(run=a_summary(outcome=None)),)))


def test_a_lost_answer_is_told_as_such() -> None:
    assert ", no answer, " in told(Found(sightings=(a_sighting(status_code=None),)))


def test_the_command_names_the_configuration_that_led_to_the_journal() -> None:
    request = FindRequest(text=REQUEST_ID, journal="", config=Path("my brekwatch.yaml"))

    assert f"brekwatch runs show {RUN_ID} -c 'my brekwatch.yaml'\n" in told(ONCE, request)
    assert show_command("-x; rm") == "brekwatch runs show '-x; rm'"


@pytest.mark.parametrize(
    ("found", "exit_code", "words"),
    [
        (ONCE, 0, []),
        (Found(sightings=(a_sighting(),), more=True), 0, ["older"]),
        (SEVERAL, 2, ["several ids begin with", "request_id", "8f6f-1", "idempotency_key", "8f6f-2"]),
        (Found(candidates=SEVERAL.candidates, more=True), 2, ["and more"]),
        (Found(), 1, ["nothing is known", REQUEST_ID, "/var/lib/brekwatch.db", "reaches back to 2026-11-24 12:00:00"]),
    ],
    ids=["found", "found often", "several", "many", "nothing"],
)
def test_the_exit_code_and_a_sentence_tell_how_the_search_ended(found: Found, exit_code: int, words: list[str]) -> None:
    code, said = verdict(found, REQUEST, NOON)

    assert code == exit_code
    assert bool(said) == bool(words)
    for word in words:
        assert word in " ".join(said)


def test_an_empty_journal_is_named_as_such() -> None:
    assert verdict(Found(), REQUEST, None)[1][0].endswith("which holds no run yet")


@pytest.mark.parametrize("found", [ONCE, Found(sightings=(OF_A_RUN,)), SEVERAL, Found()])
def test_the_json_keeps_to_its_published_schema(found: Found) -> None:
    schema = json.loads(resources.files("exporter").joinpath("schemas", "found.schema.json").read_text())
    document = json.loads(as_json(found, REQUEST))
    jsonschema_rs.validator_for(schema).validate(document)

    assert len(document["sightings"]) == len(found.sightings)
    assert len(document["candidates"]) == len(found.candidates)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the id is empty"):
        look_up(cast("Any", Shelf()), FindRequest(text=text, journal=""))


def test_blanks_around_an_id_come_from_copying_it() -> None:
    shelf = Shelf(found=ONCE)

    assert look_up(cast("Any", shelf), FindRequest(text=f" {REQUEST_ID}\n", journal="")) is ONCE
    assert shelf.asked == [REQUEST_ID]


def test_what_a_server_made_up_is_data() -> None:
    nasty = "evt\x1b[31m[bold]x\u202e"
    seen = a_sighting(chat_status=nasty, beside=((IdKind.EVENT_ID, nasty),), value=nasty)
    text = told(Found(sightings=(seen,))) + "".join(
        verdict(Found(candidates=((IdKind.EVENT_ID, nasty),)), REQUEST, None)[1]
    )

    assert "[bold]x" in text
    assert not {"\x1b", "\u202e"} & set(text)
