from __future__ import annotations

from uuid import UUID

import pytest
from support.sandbox import BASE, SEARCH, Partner, partner_of

from probes.sandbox.tenants import Tenant


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("x-partner-api-key", ""), ("Authorization", "Bearer "), ("authorization", "bearer "), ("api-key", "")],
)
async def test_each_header_style_carries_the_key(partner: Partner, name: str, prefix: str) -> None:
    partner.headers = {name: f"{prefix}{partner.sandbox.api_key}"}

    answer = await partner.post("/sessions", {"actor": {"actorId": "a"}})

    assert answer.status_code == 200
    assert answer.headers["x-partner-id"] == "demo-partner"
    assert answer.headers["x-ratelimit-limit"] == "600"
    assert answer.headers["x-ratelimit-remaining"] == "599"
    assert UUID(answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("headers", "status_code", "code"),
    [
        ({}, 401, "missing_partner_api_key"),
        ({"authorization": "Basic abc"}, 401, "missing_partner_api_key"),
        ({"x-partner-api-key": "wrong"}, 403, "invalid_partner_api_key"),
        ({"authorization": "Bearer wrong"}, 403, "invalid_partner_api_key"),
    ],
    ids=["none", "another scheme", "wrong", "wrong bearer"],
)
async def test_request_without_a_good_key_is_refused_with_a_request_id_alone(
    partner: Partner, headers: dict[str, str], status_code: int, code: str
) -> None:
    partner.headers = headers

    answer = await partner.post("/sessions", {"actor": {"actorId": "a"}})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (status_code, code)
    assert set(body) == {"success", "error", "code", "details", "requestId"}
    assert body["requestId"] == answer.headers["x-request-id"]
    assert not {"x-partner-id", "x-ratelimit-limit", "x-ratelimit-remaining"} & set(answer.headers)
    assert "wrong" not in answer.text


async def test_session_of_another_partner_is_not_found(partner: Partner) -> None:
    session = await partner.open()

    said = await partner.other().say(session, SEARCH)
    read = await partner.other().read(session)

    assert [answer.status_code for answer in (said, read)] == [404, 404]
    assert said.json()["code"] == read.json()["code"] == "session_not_found"
    assert (await partner.read(session)).json()["data"]["events"] == []


async def test_another_actor_than_the_owner_is_a_conflict_without_a_code(partner: Partner) -> None:
    session = await partner.open("owner")

    refused = await partner.say(session, SEARCH, actor={"actorId": "someone else"})
    welcome = await partner.say(session, SEARCH, actor={"actorId": "owner"})

    assert (refused.status_code, welcome.status_code) == (409, 200)
    assert set(refused.json()) == {"success", "error", "requestId"}
    assert len((await partner.read(session)).json()["data"]["events"]) == 1


async def test_minute_quota_is_counted_for_each_key_and_ends_with_the_minute() -> None:
    clock = [1_795_521_610.0]
    async with partner_of(minute_quota=2, now=lambda: clock[0]) as partner:
        answers = [await partner.read("sess_none") for _ in range(3)]
        other = await partner.other().read("sess_none")
        clock[0] += float(answers[2].headers["retry-after"])
        later = await partner.read("sess_none")

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json()["code"] == "rate_limited"
    assert answers[2].headers["retry-after"] == "50"
    assert (other.status_code, later.status_code) == (404, 404)


async def test_own_keys_replace_the_invented_ones() -> None:
    keys = {"my-key": Tenant(tenant_id="t", partner_id="p")}
    async with partner_of(api_keys=keys) as partner:
        answer = await partner.read("sess_none")

    assert answer.headers["x-partner-id"] == "p"
    assert partner.sandbox.api_key == "my-key"
    assert partner.sandbox.other_api_key is None


_VALIDATION = {"success", "error", "requestId"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "sessionId is required"),
        ({"sessionId": ""}, "sessionId is required"),
        ({"sessionId": 5}, "sessionId must be a string"),
        ({"sessionId": "s"}, "text or kind is required"),
        ({"sessionId": "s", "text": "  "}, "text must not be blank"),
        ({"sessionId": "s", "text": "x" * 2001}, "text must be at most 2000 characters long"),
        ({"sessionId": "s", "kind": "action_book_option"}, "idempotencyKey is required for kind=action_book_option"),
        (
            {"sessionId": "s", "kind": "action_cancel_booking", "text": "x"},
            "idempotencyKey is required for kind=action_cancel_booking",
        ),
        ({"sessionId": "s", "text": "x", "payload": []}, "payload must be an object"),
        ({"sessionId": "s", "text": "x", "actor": "me"}, "actor must be an object"),
        (
            {"sessionId": "s", "text": "my card is 4242 4242 4242 4242"},
            "raw card data must not be sent; use a tokenised paymentMethodId",
        ),
    ],
)
async def test_wrong_field_of_an_event_is_named_in_a_validation_message(
    partner: Partner, body: dict[str, object], error: str
) -> None:
    answer = await partner.post("/events", body)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert set(answer.json()) == _VALIDATION


@pytest.mark.parametrize("kind", ["confirm", "message", "search"])
async def test_unknown_kind_is_told_the_known_ones(partner: Partner, kind: str) -> None:
    answer = await partner.post("/events", {"sessionId": "s", "kind": kind})

    assert answer.status_code == 400
    assert "action_confirm_payment_card" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "actor.actorId is required"),
        ({"actor": {"actorId": ""}}, "actor.actorId is required"),
        ({"actor": {"actorId": "x" * 201}}, "actor.actorId must be at most 200 characters long"),
        (
            {"actor": {"actorId": "a", "timezoneOffsetMinutes": True}},
            "actor.timezoneOffsetMinutes must be a whole number from -840 to 840",
        ),
        ({"actor": {"actorId": "a"}, "channel": {"workspaceId": 1}}, "channel.workspaceId must be a string"),
        ({"actor": {"actorId": "a"}, "conversation": {"threadTs": []}}, "conversation.threadTs must be a string"),
    ],
)
async def test_wrong_field_of_a_new_session_is_named(partner: Partner, body: object, error: str) -> None:
    answer = await partner.post("/sessions", body)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert set(answer.json()) == _VALIDATION


@pytest.mark.parametrize(
    ("kind", "payload", "error"),
    [
        ("action_book_option", {}, "payload.optionId is required"),
        ("action_book_option", {"optionId": "x"}, "payload.optionId is not an option of this session's shortlist"),
        ("action_cancel_booking", {}, "this session has no booking"),
        ("action_cancel_booking", {"bookingId": "bkg_1"}, "payload.bookingId is not a booking of this actor"),
        (
            "action_confirm_payment_card",
            {"paymentMethodId": "pm_x"},
            "payload.paymentMethodId is not the card that this session offered",
        ),
        ("provide_guest_name", {"firstName": "A"}, "payload.guestName is required for kind=provide_guest_name"),
        ("search_query", {}, "payload.city is required"),
        (
            "search_query",
            {"city": "Oslo", "checkIn": "15/5"},
            "payload.checkIn must be a date such as 2027-05-15",
        ),
    ],
)
async def test_payload_that_a_session_has_no_use_for_is_refused(
    partner: Partner, kind: str, payload: dict[str, object], error: str
) -> None:
    session = await partner.open()

    answer = await partner.act(session, kind, "k", **payload)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert (await partner.read(session)).json()["data"]["events"] == []


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"sessionId": NaN}', "application/json"),
        (b'"\\ud800"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"{}", "text/plain"),
    ],
    ids=["cut", "empty", "an array", "NaN", "a lone surrogate", "not UTF-8", "deep", "another type"],
)
async def test_body_that_is_no_json_object_is_an_invalid_request(
    partner: Partner, content: bytes, content_type: str
) -> None:
    answer = await partner.http.post(
        f"{BASE}/events", content=content, headers={**partner.headers, "content-type": content_type}
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


async def test_snapshot_without_an_id_says_what_is_missing(partner: Partner) -> None:
    answer = await partner.read("")

    assert (answer.status_code, answer.json()["error"]) == (400, "sessionId is required")
    assert set(answer.json()) == _VALIDATION


@pytest.mark.parametrize("path", ["/", "/api", f"{BASE}/nothing", f"{BASE}/sessions/a/b", "/portal/setup/a/b"])
async def test_unknown_path_is_told_in_the_gateway_envelope(partner: Partner, path: str) -> None:
    answer = await partner.http.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", f"{BASE}/events", "POST"),
        ("DELETE", f"{BASE}/sessions", "POST"),
        ("POST", f"{BASE}/sessions/sess_1", "GET, HEAD"),
        ("POST", "/llms.txt", "GET, HEAD"),
        ("PUT", "/portal/setup/psu_1", "GET, POST, HEAD"),
        ("HEAD", f"{BASE}/events", "POST"),
    ],
)
async def test_wrong_method_is_told_the_right_ones(partner: Partner, method: str, path: str, allow: str) -> None:
    answer = await partner.http.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"
