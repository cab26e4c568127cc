from __future__ import annotations

import pytest
from support.sandbox import BASE, SEARCH, Partner, RawConnection, partner_of, request_bytes, status

from probes.sandbox.faults import FAULTS, STEPS
from probes.sandbox.requests import Request
from probes.sandbox.server import SandboxServer

PATH = "/sandbox/faults"
JSON = "Content-Type: application/json"


async def test_the_switch_tells_all_faults_all_steps_and_what_is_on(partner: Partner) -> None:
    partner.sandbox.set_faults(["hang@confirm", "auth_missing"])

    told = (await partner.http.get(PATH)).json()["data"]

    assert told["on"] == ["hang@confirm", "auth_missing"]
    assert told["faults"] == [{"name": fault.name, "meaning": fault.meaning} for fault in FAULTS]
    assert told["steps"] == list(STEPS)


@pytest.mark.parametrize("body", [{"faults": ["server_error@search"]}, ["server_error@search"]], ids=["object", "list"])
async def test_faults_are_set_and_cleared_at_run_time(partner: Partner, body: object) -> None:
    session = await partner.open()
    before = await partner.http.put(PATH, json=["auth_missing"])

    switched = await partner.http.put(PATH, json=body)
    hit = await partner.say(session, SEARCH)
    cleared = await partner.http.delete(PATH)
    well = await partner.say(session, SEARCH)

    assert [answer.json()["data"]["on"] for answer in (before, switched, cleared)] == [
        ["auth_missing"],
        ["server_error@search"],
        [],
    ]
    assert (hit.status_code, status(well)) == (500, "shortlist")


async def test_the_switch_needs_no_key_costs_no_quota_and_never_misbehaves() -> None:
    async with partner_of(minute_quota=1, faults=[fault.name for fault in FAULTS]) as partner:
        answers = [await partner.http.get(PATH) for _ in range(3)]
        cleared = await partner.http.delete(PATH)
        created = await partner.post("/sessions", {"actor": {"actorId": "a"}})

    assert [answer.status_code for answer in (*answers, cleared, created)] == [200] * 5


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (["hagn"], "there is no fault 'hagn'; did you mean 'hang'? known are auth_missing, "),
        (["hang", "hang@serch"], "fault 'hang' can't act at 'serch'; did you mean 'search'? known are search, "),
        (["\x1b[2J<b>" + "x" * 500], "there is no fault '\ufffd[2J<b>xxx"),
        ({"faults": "hang"}, "The body must be "),
        ({"fault": ["hang"]}, "The body must be "),
        ([1], "The body must be "),
        (["hang"] * 101, "The body must be "),
        ("hang", "The body must be "),
    ],
    ids=["unknown", "unknown_step", "ugly", "text", "misspelt", "number", "many", "bare"],
)
async def test_what_cannot_be_switched_is_told_with_the_way_out_and_changes_nothing(
    partner: Partner, body: object, sentence: str
) -> None:
    partner.sandbox.set_faults(["markup"])

    refused = await partner.http.put(PATH, json=body)
    on = (await partner.http.get(PATH)).json()["data"]["on"]

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert refused.json()["error"].startswith(sentence)
    assert len(refused.json()["error"]) < 700
    assert on == ["markup"]


async def test_a_body_that_is_not_json_is_told(partner: Partner) -> None:
    refused = await partner.http.put(PATH, content=b"{", headers={"content-type": "application/json"})

    assert (refused.status_code, refused.json()["error"]) == (400, "The request body is not valid JSON.")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"], ids=str
)
async def test_a_body_that_a_form_could_send_is_refused(partner: Partner, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    refused = await partner.http.put(PATH, content=b'["hang"]', headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")
    assert (await partner.http.get(PATH)).json()["data"]["on"] == []


@pytest.mark.parametrize(
    "host",
    ["rebound.example:3000", "sandbox", "192.0.2.1", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1",
     "evil.example@127.0.0.1", "localhost/x", "127.0.0.1 evil.example", "0x7f.1"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_name_that_somebody_else_may_own_switches_nothing(partner: Partner, method: str, host: str) -> None:
    partner.sandbox.set_faults(["markup"])
    content = b'["hang"]'
    head = f"{method} {PATH} HTTP/1.1\r\nHost: {host}\r\n{JSON}\r\nContent-Length: {len(content)}\r\n\r\n"
    async with await RawConnection.to(partner.sandbox) as raw:
        raw.send(head.encode() + content)
        status_code, _, body = await raw.answer()

    assert (status_code, b"loopback_only" in body) == (403, True)
    assert (await partner.http.get(PATH)).json()["data"]["on"] == ["markup"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3000", "127.0.0.1:1", "127.1.2.3", "[::1]:3000", "a.localhost"]
)
async def test_any_name_of_this_machine_does(partner: Partner, host: str) -> None:
    answer = await partner.http.get(PATH, headers={"host": host})

    assert answer.status_code == 200


async def test_a_request_without_a_host_is_refused(partner: Partner) -> None:
    async with await RawConnection.to(partner.sandbox) as raw:
        raw.send(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        status_code, _, _ = await raw.answer()

    assert status_code == 403


async def test_another_machine_is_refused_by_whatever_name_it_comes() -> None:
    sandbox = SandboxServer()
    request = Request(method="GET", target=PATH, headers={b"host": b"localhost"}, body=b"", from_loopback=False)
    reply, _ = sandbox._app.answer(request)

    assert reply.status_code == 403  # type: ignore[union-attr]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8080"])
async def test_a_script_of_another_origin_is_allowed_nothing(partner: Partner, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "PUT"}
    preflight = await partner.http.options(PATH, headers=asked)
    read = await partner.http.get(PATH, headers={"origin": origin})

    assert (preflight.status_code, preflight.headers["allow"]) == (405, "GET, PUT, DELETE, HEAD")
    assert not [name for answer in (preflight, read) for name in answer.headers if name.startswith("access-control")]


async def test_the_switch_is_told_in_llms_and_not_in_the_partners_contract(partner: Partner) -> None:
    openapi, llms = [await partner.http.get(path) for path in ("/openapi/partner-core-chat-v1.yaml", "/llms.txt")]

    assert PATH not in openapi.text
    assert [f"`{method} {PATH}`" in llms.text for method in ("GET", "PUT", "DELETE")] == [True] * 3


async def test_a_request_in_time_is_hit_by_what_was_switched_on_before_it(partner: Partner) -> None:
    key = partner.sandbox.api_key
    content = b'["auth_rejected@create_session"]'
    async with await RawConnection.to(partner.sandbox) as raw:
        switch = request_bytes("PUT", PATH, content, "", JSON).replace(b"Host: sandbox", b"Host: localhost")
        raw.send(switch + request_bytes("POST", f"{BASE}/sessions", b'{"actor": {"actorId": "a"}}', key))
        answers = [await raw.answer(), await raw.answer()]

    assert [answer[0] for answer in answers] == [200, 403]
