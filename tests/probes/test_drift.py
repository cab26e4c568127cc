"""What a published OpenAPI file says otherwise than our transcription is a finding; what it leaves out is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.playing import play, target_for

from probes.contract_shapes import REQUEST_SHAPES
from probes.documents import examine
from probes.drift import differences
from probes.openapi import parse
from probes.redaction import printable
from probes.sandbox.server import SandboxServer
from probes.words import ChatStatus, FindingKind, Operation, Published

BASE = "/api/partner/v1/core-chat"
SESSIONS, EVENTS, SESSION = f"{BASE}/sessions", f"{BASE}/events", f"{BASE}/sessions/{{sessionId}}"
PUBLISHED: Any = parse(files("probes.sandbox").joinpath("openapi.yaml").read_bytes())

Change = Callable[[Any], object]


def told(document: Any) -> list[tuple[str | None, str]]:
    found = differences(document)
    assert all(finding.kind is FindingKind.CONTRACT_DRIFT for finding in found)
    return [(finding.operation, finding.detail) for finding in found]


def changed(change: Change) -> Any:
    document = orjson.loads(orjson.dumps(PUBLISHED))  # what YAML aliases shared stands on its own now
    change(document)
    return document


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def fields(document: Any, name: str, *inside: str) -> Any:
    found = schema(document, name)["properties"]
    for each in inside:
        found = found[each]["properties"]
    return found


def result_of(document: Any) -> Any:
    return fields(document, "SendEventResponse", "data", "result")


def sent(document: Any) -> Any:
    return document["paths"][EVENTS]["post"]


def responses(document: Any, path: str, method: str = "post") -> Any:
    return document["paths"][path][method]["responses"]


CHANGES: dict[str, tuple[Change, list[tuple[str | None, str]]]] = {
    "operation_gone": (lambda d: d["paths"].pop(EVENTS), [("send_event", "POST /events is gone")]),
    "method_gone": (
        lambda d: d["paths"][SESSION].update(put=d["paths"][SESSION].pop("get")),
        [("get_session", "GET /sessions/{sessionId} is gone"), (None, f"PUT {SESSION} is new")],
    ),
    "operation_new": (lambda d: d["paths"][SESSION].update(delete={}), [(None, f"DELETE {SESSION} is new")]),
    "path_new": (
        lambda d: d["paths"].update({f"{BASE}/refunds": {"post": {}}}), [(None, f"POST {BASE}/refunds is new")]
    ),
    "request_field_gone": (
        lambda d: fields(d, "SendEventRequest").pop("idempotencyKey"),
        [("send_event", "request field idempotencyKey is gone")],
    ),
    "request_field_new": (
        lambda d: fields(d, "CreateSessionRequest", "actor").update(locale={"type": "string"}),
        [("create_session", "request field actor.locale is new")],
    ),
    "request_field_retyped": (
        lambda d: fields(d, "SendEventRequest").update(text={"type": "object"}),
        [("send_event", "request field text is object, was string")],
    ),
    "request_field_required": (
        lambda d: schema(d, "SendEventRequest")["required"].append("idempotencyKey"),
        [("send_event", "request field idempotencyKey is required")],
    ),
    "request_field_optional": (
        lambda d: schema(d, "SendEventRequest").update(required=["text"], anyOf=[]),
        [
            ("send_event", "request field sessionId is no longer required"),
            ("send_event", "request field text is required"),
        ],
    ),
    "write_kind_gone": (
        lambda d: fields(d, "SendEventRequest")["kind"]["enum"].remove("action_cancel_booking"),
        [("send_event", "request field kind is never action_cancel_booking")],
    ),
    "write_kind_new": (
        lambda d: fields(d, "SendEventRequest")["kind"]["enum"].append("action_refund"),
        [("send_event", "request field kind may be action_refund, which is new")],
    ),
    "request_no_json": (
        lambda d: sent(d)["requestBody"].update(content={"application/xml": {}}),
        [("send_event", "the request is no longer application/json")],
    ),
    "parameter_new": (
        lambda d: d["paths"][SESSION].update(parameters=[{"name": "since", "in": "query", "required": True}]),
        [("get_session", "parameter since (query) is new and required")],
    ),
    "answer_field_gone": (
        lambda d: result_of(d).pop("traceId"),
        [("send_event", "answer field data.result.traceId is gone")],
    ),
    "answer_field_new": (
        lambda d: result_of(d).update(mood={}),
        [("send_event", "answer field data.result.mood is new")],
    ),
    "setup_url_gone": (
        lambda d: schema(d, "PaymentSetup").update(properties={"url": {}}),
        [("send_event", "answer field data.result.artifacts.payment.setupUrl is gone")],
    ),
    "answer_field_retyped": (
        lambda d: result_of(d).update(message={"type": "string"}),
        [("send_event", "answer field data.result.message is string, was object")],
    ),
    "status_gone_and_new": (
        lambda d: schema(d, "ResultStatus").update(
            enum=["shortlist", "guest_name_required", "payment_setup_required", "booked", "error", "paused"]
        ),
        [
            ("send_event", "answer field data.result.status is never payment_confirmation_required"),
            ("send_event", "answer field data.result.status may be paused, which is new"),
            ("get_session", "answer field data.events[].resultStatus is never payment_confirmation_required"),
            ("get_session", "answer field data.events[].resultStatus may be paused, which is new"),
        ],
    ),
    "status_gone_beside_null": (
        lambda d: result_of(d).update(status={"oneOf": [{"type": "null"}, {"enum": list(ChatStatus)[:-1]}]}),
        [("send_event", "answer field data.result.status is never error")],
    ),
    "snapshot_item_field_gone": (
        lambda d: fields(d, "GetSessionResponse", "data")["events"]["items"]["properties"].pop("recordedAt"),
        [("get_session", "answer field data.events[].recordedAt is gone")],
    ),
    "success_moved": (
        lambda d: responses(d, EVENTS).update({"202": responses(d, EVENTS).pop("200")}),
        [("send_event", "status code 200 is gone"), ("send_event", "status code 202 is new")],
    ),
    "error_gone": (
        lambda d: [responses(d, EVENTS).pop(code) for code in ("409", "default")],
        [("send_event", "status code 409 is gone")],
    ),
    "error_new": (
        lambda d: responses(d, SESSIONS).update({"422": {}}),
        [("create_session", "status code 422 is new")],
    ),
    "code_gone": (
        lambda d: d["components"]["responses"]["SessionNotFound"]["content"]["application/json"]["schema"]["allOf"][1][
            "properties"
        ]["code"].update(enum=["no_such_session"]),
        [
            ("send_event", "answer 404 field code is never session_not_found"),
            ("send_event", "answer 404 field code may be no_such_session, which is new"),
            ("get_session", "answer 404 field code is never session_not_found"),
            ("get_session", "answer 404 field code may be no_such_session, which is new"),
        ],
    ),
    "envelope_field_gone": (
        lambda d: fields(d, "ValidationError").pop("requestId"),
        [("send_event", "answer 409 field requestId is gone")],
    ),
    "promised_header_gone": (
        lambda d: responses(d, SESSIONS)["200"]["headers"].pop("x-partner-id"),
        [("create_session", "promised header x-partner-id is gone")],
    ),
    "scheme_gone": (
        lambda d: d["components"]["securitySchemes"].pop("PartnerApiKeyLegacy"),
        [(None, "security scheme api-key is gone")],
    ),
    "scheme_new": (
        lambda d: d["components"]["securitySchemes"].update(Single={"type": "oauth2", "flows": {}}),
        [(None, "security scheme oauth2 is new")],
    ),
    "scheme_not_enough": (
        lambda d: sent(d).update(security=[{"PartnerApiKeyHeader": []}, {"PartnerApiKeyBearer": []}]),
        [("send_event", "the key in api-key is not enough")],
    ),
    "no_key": (lambda d: sent(d).update(security=[]), [("send_event", "no key is asked for")]),
    "version": (lambda d: d["info"].update(version="2.0.0"), [(None, "the API's version is 2.0.0, was 1.0.0")]),
    "openapi": (lambda d: d.update(openapi="3.1.0"), [(None, "the file is OpenAPI 3.1.0, was 3.0")]),
}  # fmt: skip


def test_the_sandbox_publishes_what_the_documents_say() -> None:
    assert told(PUBLISHED) == []


@pytest.mark.parametrize(("change", "findings"), CHANGES.values(), ids=CHANGES)
def test_a_difference_is_told_with_its_operation(change: Change, findings: list[tuple[str | None, str]]) -> None:
    assert told(changed(change)) == findings


SAME: dict[str, Change] = {
    "other_reading_of_success": lambda d: responses(d, SESSIONS).update({"201": responses(d, SESSIONS).pop("200")}),
    "below_the_server": lambda d: d.update(
        paths={path.removeprefix(BASE): item for path, item in d["paths"].items() if path.startswith(BASE)}
    ),
    "other_names_of_schemes": lambda d: d.update(
        security=[{"a": []}, {"b": []}, {"c": []}],
        components={
            **d["components"],
            "securitySchemes": {
                "a": {"type": "apiKey", "in": "header", "name": "X-Partner-Api-Key"},
                "b": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "c": {"type": "apiKey", "in": "header", "name": "API-KEY"},
            },
        },
    ),
    "offset_as_number": lambda d: fields(d, "CreateSessionRequest", "actor").update(
        timezoneOffsetMinutes={"type": ["number", "null"]}
    ),
    "reading_kind_new": lambda d: fields(d, "SendEventRequest")["kind"]["enum"].append("ask_weather"),
    "status_word_by_word": lambda d: schema(d, "ResultStatus").update(
        oneOf=[{"const": word} for word in schema(d, "ResultStatus").pop("enum")]
    ),
    "nullable_by_branch": lambda d: result_of(d).update(message={"oneOf": [{"type": "null"}, result_of(d)["message"]]}),
    "key_as_parameter": lambda d: d["paths"][EVENTS].update(
        parameters=[{"name": "X-Partner-Api-Key", "in": "header", "required": True}]
    ),
    "json_with_charset": lambda d: sent(d)["requestBody"].update(
        content={"Application/JSON; charset=utf-8": sent(d)["requestBody"]["content"].pop("application/json")}
    ),
    "two_requests_in_one": lambda d: schema(d, "SendEventRequest").update(
        properties={},
        oneOf=[{"properties": fields(d, "SendEventRequest")}, {"properties": {"text": {}}}],
    ),
    "errors_of_http": lambda d: responses(d, EVENTS).update({"415": {}, "503": {}}),
    "silent_on_errors": lambda d: sent(d).update(responses={"200": responses(d, EVENTS)["200"]}),
    "silent_on_schemas": lambda d: d["components"].pop("schemas"),
    "silent_on_headers": lambda d: responses(d, SESSIONS)["200"].pop("headers"),
    "silent_on_security": lambda d: (d.pop("security"), d["components"].pop("securitySchemes")),
    "silent_on_fields": lambda d: schema(d, "SendEventRequest").pop("properties"),
    "silent_on_required": lambda d: [schema(d, "SendEventRequest").pop(name) for name in ("required", "anyOf")],
    "silent_in_one_branch": lambda d: result_of(d).update(
        message={"anyOf": [{"type": "object"}, {"properties": {"x": {}}}]}
    ),
    "fields_elsewhere": lambda d: schema(d, "SendEventRequest").update(
        properties={"text": {}}, allOf=[{"$ref": "https://elsewhere.invalid/a.yaml#/b"}]
    ),
    "silent_on_versions": lambda d: (d.pop("openapi"), d.pop("info")),
}  # fmt: skip


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_another_way_of_saying_the_same_and_silence_are_no_findings(change: Change) -> None:
    assert told(changed(change)) == []


def test_a_file_without_endpoints_says_so_and_nothing_more() -> None:
    assert told({}) == [
        ("create_session", "POST /sessions is gone"),
        ("send_event", "POST /events is gone"),
        ("get_session", "GET /sessions/{sessionId} is gone"),
    ]


def test_server_text_in_findings_is_bounded_and_printable_and_so_is_their_number() -> None:
    ugly = {f"\x1b[2J<b>{n}\n{'x' * 1000}": {} for n in range(400)}
    found = differences(changed(lambda d: fields(d, "SendEventRequest").update(ugly)))

    assert len(found) == 20
    assert all(len(finding.detail) < 200 and finding.detail.isprintable() for finding in found)


def many(count: int, inner: object) -> dict[str, object]:
    return {"allOf": [inner] * count}


HOSTILE: dict[str, Callable[[Any], object]] = {
    "circle": lambda d: schema(d, "SendEventRequest").update(allOf=[{"$ref": "#/components/schemas/SendEventRequest"}]),
    "circle_of_two": lambda d: d["components"]["schemas"].update(
        SendEventRequest={"$ref": "#/components/schemas/Price"}, Price={"$ref": "#/components/schemas/SendEventRequest"}
    ),
    "explosion": lambda d: d["components"]["schemas"].update(
        {f"X{n}": many(50, {"$ref": f"#/components/schemas/X{n + 1}"}) for n in range(50)},
        SendEventRequest={"$ref": "#/components/schemas/X0"},
    ),
    "endless_items": lambda d: schema(d, "Actor").update(items={"$ref": "#/components/schemas/Actor"}),
    "wide": lambda d: fields(d, "SendEventRequest").update({f"p{n}": {} for n in range(100_000)}),
    "many_paths": lambda d: d["paths"].update({f"{BASE}/{n}/events": {"get": {}} for n in range(20_000)}),
    "long_path": lambda d: d["paths"].update({"/" + "sessions/{" * 50_000: {"get": {}}}),
    "long_reference": lambda d: d["components"]["schemas"].update(SendEventRequest={"$ref": "#/" + "a/" * 300_000}),
}  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_little_time(change: Change) -> None:
    document = changed(change)
    began = time.perf_counter()
    found = differences(document)

    assert len(found) <= 80
    assert time.perf_counter() - began < 5


_KEYS = st.sampled_from(
    "openapi info version paths post get parameters requestBody content application/json schema responses 200 201 401 "
    "404 4XX default headers x-request-id $ref allOf oneOf anyOf type properties required enum items const components "
    "securitySchemes security data result status kind actor in name".split()
) | st.text(max_size=4)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["#/paths", "#/components", "#", "object", "string", "3.0.3", "1.0.0"])
)
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=40
)


@st.composite
def _spoiled(draw: st.DrawFn) -> Any:
    """The sandbox's file, with one to four of its parts exchanged for anything."""
    document = deepcopy(PUBLISHED)
    for _ in range(draw(st.integers(1, 4))):
        place: Any = document
        for _ in range(draw(st.integers(0, 9))):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            inner = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
            if not inner:
                break
            place = place[draw(st.sampled_from(inner))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        place[draw(st.sampled_from(keys))] = draw(_ANYTHING)
    return document


@settings(deadline=2000, max_examples=300)
@given(_spoiled() | st.dictionaries(_KEYS, _ANYTHING, max_size=6))
def test_any_document_gives_findings_and_never_an_exception(document: Any) -> None:
    found = differences(document)

    assert len(found) <= 80
    assert all(finding.detail and finding.detail == printable(finding.detail, 300) for finding in found)


def test_a_step_that_fetches_the_file_tells_the_differences_too() -> None:
    drifted = orjson.dumps(changed(lambda d: responses(d, SESSIONS).update({"422": {}})))

    problem, found = examine(Published.OPENAPI, drifted)

    assert problem is None
    assert [finding.detail for finding in found] == ["status code 422 is new"]


@pytest.mark.parametrize(("path", "operation"), [(SESSIONS, Operation.CREATE_SESSION), (EVENTS, Operation.SEND_EVENT)])
async def test_what_the_client_sends_keeps_to_the_transcription(path: str, operation: Operation) -> None:
    async with SandboxServer() as sandbox:
        await play("golden_path", target_for(sandbox))
        bodies = [orjson.loads(request.body) for request in sandbox.requests if request.path == path]
    validator = jsonschema_rs.validator_for(REQUEST_SHAPES[operation])

    assert bodies
    assert [body for body in bodies if not validator.is_valid(body)] == []
