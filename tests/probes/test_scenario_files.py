"""Scenario files: what is shipped, what they become, and the schema that editors read."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import scenario_files
from probes.cards import CARDS
from probes.errors import ConfigError
from probes.files import yaml_files
from probes.files.scenario_checks import VARIABLES
from probes.scenario import (
    Act,
    AttachCard,
    CreateSession,
    Expect,
    Fetch,
    ReadSession,
    Repeat,
    Say,
    WrongCall,
)
from probes.stage import Stage
from probes.words import (
    AuthHeader,
    ChatStatus,
    Envelope,
    Leaves,
    Operation,
    OtherKey,
    OtherSession,
    Published,
)

FOLDER = Path(scenario_files.__file__).parent / "scenarios"
SHIPPED_FILES = sorted(FOLDER.glob("*.yaml"))
HEAD = "name: mine\ntitle: A test\nleaves: session\n"


def test_thirteen_scenarios_are_shipped_and_each_is_named_like_its_file() -> None:
    shipped = scenario_files.shipped()

    assert len(shipped) == 13
    assert sorted(shipped) == [file.stem for file in SHIPPED_FILES]


def test_what_leaves_a_booking_cleans_up() -> None:
    leaves = {name: each for name, each in scenario_files.shipped().items() if each.leaves is Leaves.BOOKING}

    assert sorted(leaves) == ["book_by_action", "golden_path", "idempotent_replay"]
    assert all(
        [step.action for step in each.cleanup] == [Act(kind="action_cancel_booking")] for each in leaves.values()
    )


def test_the_quick_search_sends_nothing_that_costs_money() -> None:
    quick = scenario_files.shipped()["quick_search"]

    assert not quick.writes
    assert not quick.attaches_card
    assert [type(step.action) for step in quick.steps] == [CreateSession, Say, ReadSession]


@pytest.mark.parametrize("file", SHIPPED_FILES, ids=lambda file: file.stem)
def test_a_shipped_scenario_tells_editors_its_schema_and_keeps_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    schema = json.loads((FOLDER / scenario_files.SCHEMA_NAME).read_text(encoding="utf-8"))

    assert text.splitlines()[0] == "# yaml-language-server: $schema=scenario.schema.json"
    jsonschema_rs.Draft202012Validator(schema).validate(yaml_files.read(text, file.name).root.value)


def test_the_committed_schema_is_the_one_that_the_code_has() -> None:
    committed = (FOLDER / scenario_files.SCHEMA_NAME).read_text(encoding="utf-8")

    assert committed == scenario_files.schema_text(), "write scenario_files.schema_text() to it again"


def test_the_schema_is_a_valid_one_of_2020_12() -> None:
    schema = scenario_files.schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)


def test_the_schema_describes_every_key() -> None:
    schema = scenario_files.schema()
    shapes = [schema, *(shape for shape in schema["$defs"].values() if "properties" in shape)]

    assert [key for shape in shapes for key, field in shape["properties"].items() if not field.get("description")] == []


@pytest.mark.parametrize(
    "step",
    ["{}", "{say: a, read_session: null}", "{fetch: docs}", "{say: a, payload: {}}", "{attach_card: gold}", "{say: ''}",
     "{say: a, expect: {within: soon}}", "{say: a, expect: {chat_status: lost}}", "{say: a, name: Aa}",
     "{call: send_event, body: {}}", "{call: get_session, body: {}, expect: {}}", "{call: send_event, expect: {}}",
     "{say: a, omit: 'x y'}", "{read_session: , omit: actor}", "{create_session: , actor: other}", "{fetch: }",
     "{repeat: }", "{fetch: llms, auth: none}", "{say: a, session: mine}", "{say: a, body: {}}",
     "{say: a, expect: {same: x}}"],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(step: str) -> None:
    text = f"{HEAD}steps:\n  - create_session:\n  - {step}\n"
    schema = jsonschema_rs.Draft202012Validator(scenario_files.schema())

    assert not schema.is_valid(yaml_files.read(text, "f.yaml").root.value)
    with pytest.raises(ConfigError):
        scenario_files.read(text, "f.yaml")


ALL_WORDS = """
name: all_words
title: Every word there is
leaves: booking
actor: new
steps:
  - create_session:
    auth: api-key
    expect: {status_code: [200, 201], envelope: success, headers: x-request-id, within: 250ms}
  - say: "to {{ city }}"
    name: search
    actor: other
    expect: {chat_status: [shortlist, error], artifacts: "shortlist[0]", contains: [optionId], within: 5s}
  - act: action_book_option
    payload: {optionId: "{{ search.shortlist[0].optionId | search.shortlist[0].id }}", rooms: 1, extra: [true, null]}
    omit: [idempotencyKey, actor.actorId]
    expect: {same: search.result.status, new: [search.event.id]}
  - repeat: act
  - attach_card: amex
    expect: {status_code: 204, within: 1m}
  - create_session:
    auth: other
  - read_session:
    session: other
    expect: {events: [shortlist, booked]}
  - read_session:
    auth: none
    session: unknown
    expect: {status_code: 404, code: [session_not_found, none], envelope: [gateway, validation]}
  - fetch: llms
  - call: send_event
    auth: wrong
    body: {sessionId: "{{ session_id }}", text: 5}
    expect: {status_code: 400}
  - call: create_session
    body: "{"
    expect: {code: invalid_request}
cleanup:
  - act: action_cancel_booking
"""


def test_every_action_reaches_the_scenario() -> None:
    scenario = scenario_files.read(ALL_WORDS, "all.yaml")
    booking = Act(
        kind="action_book_option",
        payload={
            "optionId": "{{ search.shortlist[0].optionId | search.shortlist[0].id }}",
            "rooms": 1,
            "extra": [True, None],
        },
    )

    assert (scenario.name, scenario.title, scenario.leaves) == ("all_words", "Every word there is", Leaves.BOOKING)
    assert scenario.source == "all.yaml"
    assert [step.action for step in (*scenario.steps, *scenario.cleanup)] == [
        CreateSession(),
        Say(text="to {{ city }}"),
        booking,
        Repeat(step="act", request=booking),
        AttachCard(card="amex"),
        CreateSession(),
        ReadSession(),
        ReadSession(),
        Fetch(document=Published.LLMS),
        WrongCall(operation=Operation.SEND_EVENT, body={"sessionId": "{{ session_id }}", "text": 5}),
        WrongCall(operation=Operation.CREATE_SESSION, body="{"),
        Act(kind="action_cancel_booking"),
    ]


def test_every_expectation_reaches_the_scenario() -> None:
    scenario = scenario_files.read(ALL_WORDS, "all.yaml")

    assert [step.expect for step in scenario.steps] == [
        Expect(status_codes=(200, 201), envelopes=(Envelope.SUCCESS,), headers=("x-request-id",), within_seconds=0.25),
        Expect(
            chat_statuses=(ChatStatus.SHORTLIST, ChatStatus.ERROR),
            artifacts=("shortlist[0]",),
            contains=("optionId",),
            within_seconds=5.0,
        ),
        Expect(same=("search.result.status",), new=("search.event.id",)),
        Expect(),
        Expect(status_codes=(204,), within_seconds=60.0),
        Expect(),
        Expect(events=(ChatStatus.SHORTLIST, ChatStatus.BOOKED)),
        Expect(
            status_codes=(404,),
            codes=("session_not_found", "none"),
            envelopes=(Envelope.GATEWAY, Envelope.VALIDATION),
        ),
        Expect(),
        Expect(status_codes=(400,)),
        Expect(codes=("invalid_request",)),
    ]


def test_every_option_reaches_the_scenario_and_each_step_knows_its_line() -> None:
    scenario = scenario_files.read(ALL_WORDS, "all.yaml")

    assert {step.name: step.auth for step in scenario.steps if step.auth} == {
        "create_session": AuthHeader.API_KEY,
        "create_session_2": OtherKey.OTHER,
        "read_session_2": OtherKey.NONE,
        "call": OtherKey.WRONG,
    }
    assert {step.name: step.session for step in scenario.steps if step.session} == {
        "read_session": OtherSession.OTHER,
        "read_session_2": OtherSession.UNKNOWN,
    }
    assert [step.name for step in scenario.steps if step.other_actor] == ["search"]
    assert {step.name: step.omit for step in scenario.steps if step.omit} == {
        "act": ("idempotencyKey", "actor.actorId")
    }
    assert [step.line for step in scenario.steps] == [7, 10, 14, 18, 19, 21, 23, 26, 30, 31, 35]


def test_steps_without_a_name_are_called_after_their_action_and_numbered() -> None:
    scenario = scenario_files.read(
        HEAD + "steps: [{create_session: }, {say: a}, {say: b}, {say: c, name: say_2}, {say: d}, {read_session: }]", "f"
    )

    assert [step.name for step in scenario.steps] == [
        "create_session",
        "say",
        "say_3",
        "say_2",
        "say_4",
        "read_session",
    ]


def test_the_known_variables_are_those_that_a_stage_has() -> None:
    stage = Stage(now=datetime(2026, 11, 24, tzinfo=UTC), actor_id="actor")
    stage.own_session("sess_1")

    assert all(stage.text(f"{{{{ {name} }}}}") for name in VARIABLES)


def test_every_card_can_be_attached() -> None:
    for card in CARDS:
        scenario = scenario_files.read(f"{HEAD}steps: [{{create_session: }}, {{attach_card: {card}}}]", "f.yaml")

        assert scenario.steps[1].action == AttachCard(card=card)


def test_a_folder_is_read_by_name_hidden_and_other_files_aside(tmp_path: Path) -> None:
    text = HEAD + "steps: [{create_session: }]"
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yml").write_text(text.replace("mine", "yours"))
    (tmp_path / ".hidden.yaml").write_text("{")
    (tmp_path / "notes.txt").write_text("{")

    found = scenario_files.read_folder(tmp_path)

    assert {name: Path(scenario.source).name for name, scenario in found.items()} == {
        "mine": "a.yaml",
        "yours": "b.yml",
    }


def test_a_folder_tells_the_problems_of_all_its_files_at_once(tmp_path: Path) -> None:
    text = HEAD + "steps: [{create_session: }]"
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text)
    (tmp_path / "c.yaml").write_text("")
    (tmp_path / "d.yaml").mkdir()

    with pytest.raises(ConfigError) as refused:
        scenario_files.read_folder(tmp_path)

    assert refused.value.problems == (
        f"{tmp_path}/b.yaml: the name mine is taken by {tmp_path}/a.yaml: choose another",
        f"{tmp_path}/c.yaml:1:1: it is empty",
        f"{tmp_path}/d.yaml: it is no regular file",
    )


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        scenario_files.read_folder(tmp_path / "nowhere")

    assert str(refused.value) == (
        f"{tmp_path}/nowhere: it can't be read as a folder of scenarios: No such file or directory"
    )


def test_reading_scenarios_loads_no_http_client_and_no_web_server() -> None:
    code = (
        "import sys; from probes.scenario_files import shipped; shipped(); "
        "print(sorted({'httpx', 'uvicorn', 'starlette', 'rich', 'typer'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert loaded.stdout.strip() == "[]"


_WORDS = st.sampled_from(
    ["name", "title", "leaves", "steps", "say", "act", "create_session", "expect", "chat_status", "booked", "payload",
     "{{ city }}", "{{ x.y }}", "session", "within", "5s", "1", "null", "cleanup", "attach_card", "visa"]
)  # fmt: skip
_VALUES = st.recursive(
    _WORDS | st.none() | st.booleans() | st.integers(-5, 999),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=25,
)


@given(st.text(max_size=60) | _VALUES.map(json.dumps))
def test_any_text_is_a_scenario_or_a_config_error(text: str) -> None:
    try:
        told = (f"f.yaml:{scenario_files.read(text, 'f.yaml').name}",)
    except ConfigError as error:
        told = error.problems

    assert all(problem.startswith("f.yaml:") or problem.endswith("more problems") for problem in told)


@given(_VALUES, _VALUES)
def test_any_steps_are_a_scenario_or_a_config_error(step: object, expect: object) -> None:
    steps = [{"create_session": None}, step, {"say": "{{ city }}", "expect": expect}]
    text = json.dumps({"name": "x", "title": "x", "leaves": "session", "steps": steps})
    try:
        told = (f"f.yaml:{scenario_files.read(text, 'f.yaml').name}",)
    except ConfigError as error:
        told = error.problems

    assert all(problem.startswith("f.yaml:") or problem.endswith("more problems") for problem in told)
