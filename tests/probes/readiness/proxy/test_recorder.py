from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from support.proxying import BASE, KEY
from support.recordings import KEYED, arrival, record, seen_of

from probes.readiness.evidence import Headers, Seen
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.words import SituationName
from probes.redaction import Secret
from probes.words import AuthHeader, Operation

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", f"{BASE}/sessions", Operation.CREATE_SESSION),
        ("POST", f"{BASE}/events", Operation.SEND_EVENT),
        ("POST", f"/gateway/eu{BASE}/events", Operation.SEND_EVENT),
        ("POST", f"{BASE}/events/", Operation.SEND_EVENT),
        ("GET", f"{BASE}/sessions/sess_1", Operation.GET_SESSION),
        ("GET", f"{BASE}/sessions/", None),
        ("GET", f"{BASE}/sessions/a/b", None),
        ("GET", f"{BASE}/events", None),
        ("OPTIONS", f"{BASE}/events", None),
        ("POST", f"{BASE}/eventsx", None),
    ],
)
def test_the_operation_comes_from_method_and_path(method: str, path: str, operation: Operation | None) -> None:
    recorder = Recorder()
    record(recorder, method=method, target=path, headers=())

    assert [seen.operation for seen in recorder.exchanges] == [operation]


@pytest.mark.parametrize(
    ("target", "headers", "kept"),
    [
        pytest.param("/openapi/partner-core-chat-v1.yaml", (), False, id="contract"),
        pytest.param("/portal/attach", (("cookie", "a=b"),), False, id="portal"),
        pytest.param(f"{BASE}x/events", (), False, id="another_base"),
        pytest.param("/portal/attach", KEYED, True, id="portal_with_a_key"),
        pytest.param("/llms.txt?api_key=abc", (), True, id="key_in_the_url"),
    ],
)
def test_what_is_none_of_the_apis_is_kept_only_with_a_key(target: str, headers: Headers, kept: bool) -> None:
    recorder = Recorder()
    record(recorder, target=target, headers=headers)

    assert bool(recorder.exchanges) is kept


@pytest.mark.parametrize(
    ("headers", "styles"),
    [
        pytest.param((("x-partner-api-key", KEY),), [AuthHeader.PARTNER_API_KEY], id="partner"),
        pytest.param((("authorization", f"bEARER  {KEY}"),), [AuthHeader.AUTHORIZATION], id="bearer"),
        pytest.param((("authorization", KEY),), [AuthHeader.AUTHORIZATION], id="bare"),
        pytest.param((("authorization", "Basic dXNlcjpwYXNz"),), [], id="basic"),
        pytest.param((("authorization", "Bearer"),), [], id="no_key"),
        pytest.param((("api-key", " "),), [], id="empty"),
        pytest.param(
            (("api-key", KEY), ("x-partner-api-key", KEY), ("api-key", KEY)),
            [AuthHeader.API_KEY, AuthHeader.PARTNER_API_KEY, AuthHeader.API_KEY],
            id="several",
        ),
    ],
)
def test_the_header_styles_that_carried_a_key_are_noted_in_order(headers: Headers, styles: list[AuthHeader]) -> None:
    assert list(seen_of(headers=headers).key_styles) == styles


def test_keys_are_told_apart_whatever_their_style_and_say_nothing_of_themselves() -> None:
    recorder = Recorder()
    for headers in (KEYED, (), (("api-key", "another_key_1"),), (("authorization", f"Bearer {KEY}"),)):
        record(recorder, headers=headers)

    assert [seen.key_number for seen in recorder.exchanges] == [1, None, 2, 1]


@pytest.mark.parametrize(
    "target",
    [
        f"{BASE}/sessions/{KEY}",
        f"{BASE}/events?k={KEY}",
        f"{BASE}/events?k={KEY.replace('_', '%5F')}",
        f"{BASE}/events?k=" + "".join(f"%{byte:02X}" for byte in KEY.encode()),
        f"{BASE}/events?k={KEY.replace('k', '%256b')}",
        f"{BASE}/events?Api_Key=zz",
        f"{BASE}/events?a=1&access_token=zz",
        f"{BASE}/events?x-partner-api-key=zz",
        f"{BASE}/events?partnerApiKey=zz",
        f"{BASE}/events?authorization=Bearer%20zz",
    ],
)
def test_a_key_in_a_url_is_noticed_and_masked(target: str) -> None:
    seen = seen_of(target=target)

    assert seen.key_in_url
    assert KEY not in f"{seen.path}?{seen.query}"
    assert "zz" not in seen.query
    assert "***" in f"{seen.path}?{seen.query}"
    assert KEY[:12] not in unquote(unquote(f"{seen.path}?{seen.query}"))


def test_a_short_key_in_a_query_leaves_the_path_as_it_is() -> None:
    seen = seen_of(target=f"{BASE}/sessions/sess_1?key=1")

    assert (seen.path, seen.query) == (f"{BASE}/sessions/sess_1", "key=***")


def test_a_url_without_a_key_is_kept_as_it_is() -> None:
    seen = seen_of(target=f"{BASE}/events?page=%20x&empty=")

    assert (seen.path, seen.query, seen.key_in_url) == (f"{BASE}/events", "page=%20x&empty=", False)


def test_a_configured_key_in_a_url_is_noticed_before_any_header_carried_it() -> None:
    recorder = Recorder(secrets=[Secret(KEY)])
    record(recorder, target=f"{BASE}/sessions/{KEY}", headers=())

    assert [seen.key_in_url for seen in recorder.exchanges] == [True]


def test_a_key_that_a_later_header_carries_is_found_in_what_was_kept_before() -> None:
    recorder = Recorder()
    told = json.dumps({"data": {"sessionId": "sess_1"}, "echo": KEY}).encode()
    record(recorder, f'{{"text": "{KEY}"}}'.encode(), target=f"{BASE}/sessions/{KEY}", headers=(), answer=told)
    before = recorder.exchanges[0]
    record(recorder)
    after = recorder.exchanges[0]

    assert KEY in repr(before)
    assert KEY not in repr(after)
    assert (after.key_in_url, after.request, after.answer and after.answer.session_id) == (
        True,
        {"text": "***"},
        "sess_1",
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param({"text": "my card is 4242 4242 4242 4242"}, "text", id="text"),
        pytest.param({"payload": {"card": {"number": "4242424242424242"}}}, "payload.card.number", id="nested"),
        pytest.param({"payload": {"number": 4242424242424242}}, "payload.number", id="number"),
        pytest.param({"payload": {"cards": ["x", "4242-4242-4242-4242"]}}, "payload.cards[1]", id="list"),
        pytest.param({"payload": {"cvv": "737"}}, "payload.cvv", id="cvv"),
        pytest.param({"payload": {"securityCode": 7371}}, "payload.securityCode", id="security_code"),
        pytest.param({"text": "the CVC is 737"}, "text", id="code_in_text"),
        pytest.param({"payload": {"cvv": True, "cid": "12345"}}, None, id="no_code"),
        pytest.param({"payload": {"expMonth": 12, "expYear": 2030, "cardLast4": "4242"}}, None, id="tokenised"),
        pytest.param({"text": "guest 1771456953407, room 737"}, None, id="digits"),
    ],
)
def test_card_data_is_named_by_its_place_and_masked(body: object, place: str | None) -> None:
    seen = seen_of(json.dumps(body).encode())

    assert seen.card_data == place
    assert (seen.request == body) is (place is None)
    if place is not None:
        assert not any(digits in repr((seen.body, seen.request)) for digits in ("737", "4242"))


def test_card_data_in_a_body_that_is_no_json_is_found_and_masked() -> None:
    seen = seen_of(b"number=4242424242424242&cvv=737")

    assert seen.card_data == "body"
    assert seen.body == b"number=***&cvv=***"
    assert seen.request_problem is not None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b'{"a": 1', "Expecting ',' delimiter at character 7", id="cut"),
        pytest.param(b'{"a": NaN}', "NaN is not JSON", id="nan"),
        pytest.param(b"\xff\xfe", "the body is not UTF-8", id="binary"),
    ],
)
def test_a_body_that_is_not_json_is_kept_with_its_problem(body: bytes, problem: str) -> None:
    seen = seen_of(body)

    assert (seen.request, seen.request_problem) == (None, problem)


def test_a_request_without_a_body_has_no_problem() -> None:
    seen = seen_of(b"")

    assert (seen.body, seen.request, seen.request_problem) == (b"", None, None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps({"text": KEY}).encode(), id="plain"),
        pytest.param(('{"text": "' + "".join(f"\\u{ord(each):04x}" for each in KEY) + '"}').encode(), id="escaped"),
        pytest.param(('{"text": "\\u0062' + KEY[1:] + '"}').encode(), id="one_escape"),
        pytest.param(json.dumps({KEY: 1}).encode(), id="name"),
        pytest.param(f"text={KEY}".encode(), id="form"),
        pytest.param(f'{{"text": "{KEY}"}}'.encode("utf-16-le"), id="utf_16"),
        pytest.param(b" " * (1024 * 1024 - 10) + KEY.encode(), id="across_the_bound"),
    ],
)
def test_a_key_is_in_nothing_that_is_kept_however_it_is_spelled(body: bytes) -> None:
    recorder = Recorder()
    record(recorder, body, answer=body, answer_headers=[("x-echo", KEY), ("set-cookie", "sid=abcdef")])
    kept = recorder.exchanges[0]

    assert KEY not in repr(kept)
    assert KEY[:10] not in repr(kept)
    assert KEY not in repr(kept.request)
    assert KEY.encode("utf-16-le") not in kept.body
    assert "abcdef" not in repr(kept)


def test_credentials_and_cookies_are_masked_whole_and_other_headers_stay() -> None:
    headers = (*KEYED, ("cookie", "sid=1"), ("authorization", "Basic dXNlcjpwYXNz"), ("user-agent", "x/1"))

    assert seen_of(headers=headers).headers == (
        ("x-partner-api-key", "***"),
        ("content-type", "application/json"),
        ("cookie", "***"),
        ("authorization", "***"),
        ("user-agent", "x/1"),
    )


@pytest.mark.parametrize("name", ["x-api-key", "apikey", "x-brek-api-key", "x-auth-token", "client-secret"])
def test_a_key_in_a_header_that_the_guide_does_not_know_is_masked_there_and_elsewhere(name: str) -> None:
    seen = seen_of(json.dumps({"text": KEY}).encode(), headers=((name, KEY),))

    assert seen.headers == ((name, "***"),)
    assert KEY not in repr(seen)


@pytest.mark.parametrize("name", ["idempotency-key", "access-control-allow-credentials", "keep-alive", "x-request-id"])
def test_a_header_that_carries_no_credential_stays(name: str) -> None:
    assert seen_of(headers=((name, "guest-17:sess_1:book:1"),)).headers == ((name, "guest-17:sess_1:book:1"),)


def test_a_portal_token_is_masked_and_the_ids_of_its_answer_stay() -> None:
    recorder = Recorder()
    told = {
        "data": {
            "sessionId": "sess_1771456953407_g7p6233d",
            "event": {"id": "evt_1771456966998"},
            "result": {
                "traceId": "demo:partner_api:partner-chat:sess_1771456953407_g7p6233d:evt_1771456966998",
                "status": "payment_setup_required",
                "artifacts": {"payment": {"setupUrl": "https://pay.example/setup?token=odd-token-99"}},
            },
        }
    }
    ids = [("x-request-id", "8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b")]
    record(recorder, answer=json.dumps(told).encode(), answer_headers=ids)
    record(recorder, b'{"text": "odd-token-99"}')
    first, second = recorder.exchanges

    assert "odd-token-99" not in repr((first, second))
    assert first.answer is not None
    assert first.answer.header_request_id == ids[0][1]
    assert first.answer.trace_id == told["data"]["result"]["traceId"]  # type: ignore[index]
    assert (first.answer.session_id, first.answer.event_id) == ("sess_1771456953407_g7p6233d", "evt_1771456966998")
    assert first.answer.chat_status == "payment_setup_required"


def test_a_situation_is_that_of_the_beginning() -> None:
    recorder = Recorder()
    recorder.situation = SituationName.DECLINE
    record(recorder)
    recorder.situation = None

    assert [seen.situation for seen in recorder.exchanges] == [SituationName.DECLINE]


def test_a_situation_may_be_found_from_the_exchange_itself() -> None:
    def by_path(seen: Seen) -> SituationName:
        return SituationName.DECLINE if seen.operation is Operation.SEND_EVENT else SituationName.SAVED_CARD

    recorder = Recorder(situation_of=by_path)
    record(recorder)
    record(recorder, target=f"{BASE}/sessions")

    assert [seen.situation for seen in recorder.exchanges] == [SituationName.DECLINE, SituationName.SAVED_CARD]


def test_moments_are_seconds_since_the_audit_began() -> None:
    clock = SimpleNamespace(seconds=100.0)
    recorder = Recorder(loop_time=lambda: clock.seconds, now=lambda: NOON)
    recording = recorder.begin(arrival(began_seconds=0.5))
    assert recording is not None
    clock.seconds = 103.0
    recording.request_whole()
    clock.seconds = 104.0
    recording.answer_head(200, ())
    recording.answer_whole()
    clock.seconds = 105.0
    recording.end()
    seen = recorder.exchanges[0]

    assert (seen.began_seconds, seen.received_seconds, seen.ended_seconds) == (0.5, 3.0, 4.0)
    assert seen.started_at == NOON


def test_an_exchange_under_way_is_among_the_exchanges_without_an_answer() -> None:
    recorder = Recorder()
    recording = recorder.begin(arrival())
    record(recorder)
    assert recording is not None
    recording.request_whole()
    recording.answer_head(200, ())

    assert [(seen.number, seen.ended_seconds is None, seen.answer is None) for seen in recorder.exchanges] == [
        (1, True, True),
        (2, False, False),
    ]
