"""A published file, honest or hostile, is a value or one sentence; and it names the three endpoints, or not."""

from __future__ import annotations

import time
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.errors import UnreadableDocumentError
from probes.openapi import missing_endpoints, parse, resolved, unnamed_endpoints

ALL = ("POST /sessions", "POST /events", "GET /sessions/{sessionId}")
BOMB = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n".encode() for n in range(1, 10)
)

REFUSED = {
    "nothing": (b"", "the document:1:1: it is empty"),
    "a_page": (b"<!doctype html><title>x</title>", "the document:1:1: it is no mapping of names to values"),
    "a_json_list": (b"[1, 2]", "the document:1:1: it is no mapping of names to values"),
    "python_tag": (b"a: !!python/object/apply:os.system [ls]", "the document:1:4: tags (!…) are not read here"),
    "alias_bomb": (BOMB, "it holds more than 50000 values or 1 MiB of text, aliases unfolded"),
    "deep": (b"[" * 200_000, "the document:1:101: it is nested deeper than 100 levels"),
    "deep_json": (b'{"a":' * 5000, "it is nested deeper than 100 levels"),
    "key_twice": (b"a: 1\na: 2", 'the document:2:1: the key "a" stands twice, first on line 1'),
    "json_key_twice": (b'{"a": 1, "a": 2}', 'the key "a" stands twice'),
    "too_large": (b"#" * (1024 * 1024 + 1), "the document: it is larger than 1024 KiB"),
    "too_large_json": (b"{" + b" " * 1024 * 1024 + b"}", "the document: it is larger than 1024 KiB"),
    "not_utf8": (b"a: \xff", "the document:1:1: it is not UTF-8"),
    "endless_tag": (b"!" * 1024 * 1024, "the document:1:1: a word with a ! in it goes on for ever"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_safely_is_told_in_a_sentence(content: bytes, sentence: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UnreadableDocumentError) as refused:
        parse(content)

    assert sentence in str(refused.value)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b'{\n\t"a": 1\n}', {"a": 1}),
        (b"{a: 1}", {"a": 1}),
        (b"a: 9223372036854775807", {"a": "9223372036854775807"}),
        (b"a: 1e999", {"a": "1e999"}),
        (b"a: 4242424242424242", {"a": 4242424242424242}),
        (b"a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    ],
    ids=["json", "json_with_tabs", "flow_yaml", "largest_int64", "beyond_floats", "card_number", "alias"],
)
def test_json_and_yaml_are_read_alike_and_what_a_stranger_may_write_is_no_mistake(
    content: bytes, value: dict[str, object]
) -> None:
    assert parse(content) == value


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="ab:- \n[]{},&*!|>'\"#%@?~01.\t\\/$", max_size=200).map(str.encode))
def test_any_bytes_are_a_mapping_or_an_unreadable_document(content: bytes) -> None:
    try:
        missing = missing_endpoints(parse(content))
    except UnreadableDocumentError:
        missing = ALL

    assert set(missing) <= set(ALL)


def test_the_sandbox_names_all_endpoints_in_both_its_files() -> None:
    published = files("probes.sandbox")

    assert missing_endpoints(parse(published.joinpath("openapi.yaml").read_bytes())) == ()
    assert unnamed_endpoints(published.joinpath("llms.txt").read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize(
    ("sessions", "events", "session"),
    [
        ("/sessions", "/events", "/sessions/{sessionId}"),
        ("/api/partner/v1/core-chat/sessions", "/api/partner/v1/core-chat/events", "/x/sessions/{id}"),
        ("/v9/sessions/", "/v9/events/", "/v9/sessions/{session_id}/"),
        ("/sessions", "/events", "/sessions/:sessionId"),
    ],
    ids=["below_the_server", "whole", "slashes", "colon"],
)
def test_base_path_prefix_and_parameter_may_be_anything(sessions: str, events: str, session: str) -> None:
    document = {"paths": {sessions: {"post": {}}, events: {"post": {}}, session: {"get": {}}}}

    assert missing_endpoints(document) == ()


@pytest.mark.parametrize(
    ("paths", "missing"),
    [
        ({}, ALL),
        (None, ALL),
        ({"/sessions": {"get": {}}, "/events": {"post": {}}, "/sessions/{x}": {"get": {}}}, ALL[:1]),
        ({"/sessions": {"post": {}}, "/sessions/{x}": {"get": {}}}, ALL[1:2]),
        ({"/sessions": {"post": {}}, "/events": {"post": {}}, "/sessions/{x}/messages": {"get": {}}}, ALL[2:]),
        ({"/my-sessions": {"post": {}}, "/events": {"post": None}}, ALL),
    ],
    ids=["none", "no_paths", "other_method", "no_events", "longer_path", "lookalikes"],
)
def test_an_endpoint_that_the_file_does_not_name_is_told(paths: object, missing: tuple[str, ...]) -> None:
    assert missing_endpoints({"paths": paths}) == missing


def test_an_endpoint_may_stand_behind_a_local_reference() -> None:
    item = {"post": {}}
    document = {"paths": {"/sessions": {"$ref": "#/x~1y/0/p%71"}, "/events": item}, "x/y": [{"pq": item}]}

    assert missing_endpoints(document) == ALL[2:]


@pytest.mark.parametrize(
    "reference",
    [
        "#/a",
        "#/b",
        "#/nothing",
        "other.yaml#/c",
        "https://elsewhere.invalid/x.yaml",
        "#/c/99999999999999999999",
        "#",
        "",
    ],
)
def test_a_reference_in_a_circle_or_to_elsewhere_says_nothing(reference: str) -> None:
    document = {"a": {"$ref": "#/a"}, "b": {"$ref": "#/a"}, "c": []}

    assert resolved(document, {"$ref": reference}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "POST /sessions, POST /events, GET /sessions/{sessionId}",
        "- [`POST /v1/sessions`](https://x.test/a)\n- [`POST /v1/events`](b)\n- [`GET /v1/sessions/\\{id\\}`](c)",
        "| POST | `/sessions` |\n| POST | `/events` |\n| GET | `/sessions/:sessionId` |",
        "https://x.test/sessions?a https://x.test/events. https://x.test/sessions/%7BsessionId%7D",
        "[a](/docs/create-session) [b](/docs/send-event.md) [c](/docs/get-session)",
        "</sessions>; </events>; </sessions/<id>>",
    ],
    ids=["plain", "markdown_links", "table", "urls", "pages", "angles"],
)
def test_an_index_names_an_endpoint_however_its_links_are_written(text: str) -> None:
    assert unnamed_endpoints(text) == ()


@pytest.mark.parametrize(
    ("text", "unnamed"),
    [
        ("", ALL),
        ("GET /sessions/{sessionId}", ALL[:2]),
        ("POST /sessions-archive, POST /eventsource, GET /sessions/{id}/messages", ALL),
        ("sessions and events", ALL),
    ],
    ids=["nothing", "one", "lookalikes", "words"],
)
def test_an_index_that_does_not_name_an_endpoint_says_so(text: str, unnamed: tuple[str, ...]) -> None:
    assert unnamed_endpoints(text) == unnamed
