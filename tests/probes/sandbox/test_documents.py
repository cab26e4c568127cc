"""The sandbox's answers against its own OpenAPI file: every answer that it can give is documented, and none else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import httpx
import jsonschema_rs
import pytest
from ruamel.yaml import YAML
from support.sandbox import BASE, SEARCH, Partner, artifacts, partner_of

from probes.sandbox.faults import FAULTS
from probes.sandbox.requests import _KINDS
from probes.sandbox.wire import MAX_BODY_BYTES
from probes.sandbox.words import EVENT_KINDS
from probes.words import ChatStatus, WriteKind

_OPENAPI = "/openapi/partner-core-chat-v1.yaml"
Seen = dict[tuple[str, str, int], list[httpx.Response]]


@cache
def _document() -> dict[str, Any]:
    text = files("probes.sandbox").joinpath("openapi.yaml").read_text("utf-8")
    return _nullable_to_null(YAML(typ="safe", pure=True).load(text))


def _nullable_to_null(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [_nullable_to_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: _nullable_to_null(item) for name, item in node.items() if name != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") is True else found


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = _document()
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _operations() -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in _document()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def _problems(schema: object, value: object) -> list[str]:
    whole = {**schema, "components": _document()["components"]} if isinstance(schema, dict) else schema
    validator = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def _template(path: str) -> str:
    for template in _document()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]*", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")), path):
            return str(template)
    raise AssertionError(f"{path} is not documented")


class _Witness:
    """Keeps every answer of a client, by documented path, method and status."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.seen: Seen = defaultdict(list)
        http.event_hooks["response"].append(self._note)

    async def _note(self, answer: httpx.Response) -> None:
        await answer.aread()
        request = answer.request
        self.seen[request.method, _template(request.url.path), answer.status_code].append(answer)


async def _all_good_answers(partner: Partner) -> None:
    session, setup_url = await partner.to_setup()
    for text in ("what?", "Done"):
        setup_url = artifacts(await partner.say(session, text))["payment"]["setupUrl"]
    await partner.http.get(setup_url)
    await partner.attach(setup_url)
    await partner.say(session, "Done")
    booked = await partner.say(session, "yes")
    await partner.http.get(artifacts(booked)["booking"]["confirmationUrl"])
    await partner.act(session, "action_cancel_booking", "cancel")
    for text in (SEARCH, "option 2", "John Doe", "no", "pardon?", "find a hotel in Oslo"):
        await partner.say(session, text)
    await partner.act(session, "action_confirm_price_change", "price")
    await partner.read(session)
    _, second = await partner.to_setup("another")
    await partner.http.post(second, data={"card": "visa"})
    await partner.http.get(_OPENAPI)
    await partner.http.get("/llms.txt")


async def _all_refusals(partner: Partner) -> None:
    http, events, sessions = partner.http, f"{BASE}/events", f"{BASE}/sessions"
    session, setup_url = await partner.to_setup("refused")
    attach = partner.sandbox.attach_url
    for path in (events, sessions, attach, setup_url):
        await http.post(path, content=b" " * (MAX_BODY_BYTES + 1))
    for path in (events, sessions, attach):
        await http.post(path, content=b"{", headers=partner.headers)
        await http.post(path, json={}, headers=partner.headers)
    for headers in ({}, {"api-key": "wrong"}):
        for method, path in (("POST", events), ("POST", sessions), ("GET", f"{sessions}/{session}")):
            await http.request(method, path, headers=headers)
    await partner.read("")
    await partner.read("sess_none")
    await partner.say("sess_none", "hello")
    await partner.say(session, "hello", actor={"actorId": "thief"})
    await partner.say(session, "hello", "k")
    await partner.say(session, "bye", "k")
    await http.post(setup_url, data={"card": "none"})
    await partner.attach(setup_url)
    await partner.attach(setup_url)
    await partner.attach("psu_none")
    for token in (setup_url.rpartition("/")[2], "psu_none"):
        await http.get(f"/portal/setup/{token}")
        await http.post(f"/portal/setup/{token}", data={"card": "visa"})
    await http.get("/portal/bookings/bkg_none")


async def _all_wrong_methods(partner: Partner) -> None:
    for path in (f"{BASE}/events", f"{BASE}/sessions", "/portal/api/attach"):
        await partner.http.get(path)
    for path in (f"{BASE}/sessions/s", "/portal/bookings/b", _OPENAPI, "/llms.txt"):
        await partner.http.post(path)
    await partner.http.put("/portal/setup/psu_none")


async def _all_outages(partner: Partner) -> None:
    session = await partner.open()
    partner.sandbox.set_faults(["server_error"])
    for _ in range(2):
        await partner.post("/sessions", {"actor": {"actorId": "a"}})
        await partner.say(session, "hello")
        await partner.read(session)
        await partner.attach("psu_none")
        partner.sandbox.set_faults(
            ["rate_limited@create_session", "rate_limited@send_event", "rate_limited@get_session"]
        )
    partner.sandbox.set_faults([])


async def _all_answers() -> Seen:
    async with partner_of() as partner:
        witness = _Witness(partner.http)
        for part in (_all_good_answers, _all_refusals, _all_outages):
            await part(partner)
        good = {name: list(answers) for name, answers in witness.seen.items()}
        witness.seen.clear()
        await _all_wrong_methods(partner)
    wrong_methods = [answer for answers in witness.seen.values() for answer in answers]
    for answer in wrong_methods:  # documented beside the methods that the path does answer
        for method in set(answer.headers["allow"].split(", ")) - {
            "HEAD"
        }:  # nothing is said of HEAD that GET doesn't say
            good.setdefault((method, _template(answer.request.url.path), 405), []).append(answer)
    return good


async def test_every_answer_is_documented_and_every_documented_answer_is_given() -> None:
    seen = await _all_answers()

    documented = {
        (method, path, int(status))
        for (method, path), operation in _operations().items()
        for status in operation["responses"]
        if status != "default"
    }
    assert set(seen) == documented


async def test_every_answer_fits_its_documented_shape_and_headers() -> None:
    seen = await _all_answers()

    for (method, path, status), answers in seen.items():
        response = _resolved(_operations()[method, path]["responses"][str(status)])
        for answer in answers:
            media_type = answer.headers["content-type"].partition(";")[0]
            schema = response["content"][media_type]["schema"]
            value = answer.json() if media_type == "application/json" else answer.text
            assert _problems(schema, value) == [], (method, path, status, answer.text)
            for name, header in response["headers"].items():
                wanted = _resolved(header)["schema"]
                shown: object = answer.headers.get(name)
                if wanted["type"] == "integer" and isinstance(shown, str) and shown.isdigit():
                    shown = int(shown)
                assert _problems(wanted, shown) == [], (method, path, status, name)


async def test_all_six_statuses_and_all_event_kinds_were_among_the_answers() -> None:
    seen = await _all_answers()
    turns = [answer.json()["data"] for answer in seen["POST", f"{BASE}/events", 200]]

    assert {turn["result"]["status"] for turn in turns} == set(ChatStatus)
    assert {turn["event"]["kind"] for turn in turns} >= set(EVENT_KINDS.values())


def test_a_shape_that_is_not_documented_would_be_noticed() -> None:
    schema = {"$ref": "#/components/schemas/GatewayError"}
    good = {
        "success": False,
        "error": "x",
        "code": "x",
        "details": None,
        "requestId": "d813d7e3-ba0b-4a97-899d-0847590d7560",
    }

    assert _problems(schema, good) == []
    assert _problems(schema, {**good, "more": 1})
    assert _problems(schema, {**good, "requestId": "no id"})
    assert _problems(schema, {**good, "success": True})


def test_openapi_file_has_the_published_head() -> None:
    document = _document()

    assert document["openapi"] == "3.0.3"
    assert document["info"]["title"] == "Brek Partner Core Chat API"
    assert document["info"]["version"] == "1.0.0"
    assert set(document["components"]["securitySchemes"]) == {
        "PartnerApiKeyHeader",
        "PartnerApiKeyBearer",
        "PartnerApiKeyLegacy",
    }
    assert {"XRequestId", "XRateLimitLimit", "XRateLimitRemaining", "XPartnerId"} <= set(
        document["components"]["headers"]
    )
    assert _operations()["POST", f"{BASE}/sessions"]["operationId"] == "createPartnerCoreChatSession"


def test_documents_name_just_the_kinds_that_are_accepted() -> None:
    schemas = _document()["components"]["schemas"]
    request_kinds = schemas["SendEventRequest"]["properties"]["kind"]["anyOf"][0]["enum"]

    assert set(request_kinds) - {None} == _KINDS
    assert set(schemas["EventKind"]["enum"]) == _KINDS | {"message"}


@pytest.mark.parametrize("word", [*ChatStatus, *WriteKind, *sorted(_KINDS), "2,000", "20,000", "newest 500"])
def test_llms_file_names_every_status_and_kind(word: str) -> None:
    text = files("probes.sandbox").joinpath("llms.txt").read_text("utf-8")

    assert word in text


async def test_files_are_served_without_a_key_as_they_are_shipped(partner: Partner) -> None:
    openapi = await partner.http.get(_OPENAPI)
    llms = await partner.http.get("/llms.txt")

    assert openapi.headers["content-type"] == "application/yaml"
    assert openapi.content == files("probes.sandbox").joinpath("openapi.yaml").read_bytes()
    assert llms.headers["content-type"] == "text/plain; charset=utf-8"
    assert llms.content == files("probes.sandbox").joinpath("llms.txt").read_bytes()


def test_every_good_request_of_the_guide_fits_the_documented_request_shapes() -> None:
    schemas = _document()["components"]["schemas"]
    create = {
        "actor": {"actorId": "partner_golden_user_done", "timezoneOffsetMinutes": -420},
        "channel": {"workspaceId": "partner-demo"},
        "conversation": {"channelId": "partner-chat"},
    }
    attach = {
        "portalToken": "psu_1771456992743_e2634ddd",
        "paymentMethodId": "pm_card_visa",
        "cardBrand": "visa",
        "cardLast4": "4242",
        "expMonth": 12,
        "expYear": 2030,
        "setAsDefault": True,
    }

    assert _problems(schemas["CreateSessionRequest"], create) == []
    assert _problems(schemas["SendEventRequest"], {"sessionId": "sess_1", "text": "Done"}) == []
    assert _problems(schemas["AttachCardRequest"], attach) == []
    assert _problems(schemas["SendEventRequest"], {"sessionId": "sess_1"})


def test_every_fault_is_told_in_the_llms_file() -> None:
    text = files("probes.sandbox").joinpath("llms.txt").read_text("utf-8")

    assert [fault.name for fault in FAULTS if f"`{fault.name}`" not in text] == []


def test_each_request_that_a_fault_can_hit_says_that_anything_may_come_then() -> None:
    hit = {path for (_, path), operation in _operations().items() if "default" in operation["responses"]}

    assert hit == {
        "/api/partner/v1/core-chat/sessions",
        "/api/partner/v1/core-chat/events",
        "/api/partner/v1/core-chat/sessions/{sessionId}",
        "/portal/api/attach",
        "/openapi/partner-core-chat-v1.yaml",
        "/llms.txt",
    }
