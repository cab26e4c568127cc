from __future__ import annotations

import asyncio
import zlib
from uuid import UUID

import httpx
import pytest
from support.sandbox import BASE, SEARCH, Partner, RawConnection, artifacts, partner_of, request_bytes, status

from probes.errors import UsageError
from probes.sandbox.faults import FAULTS, STEPS, Moment
from probes.sandbox.words import FaultName, TurnKind

_PATIENCE = 0.3


async def _lost(partner: Partner, session: str, text: str, key: str | None = None) -> httpx.Response | None:
    """The answer, or None where none came."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await partner.say(session, text, key)
    except (TimeoutError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


def test_table_has_one_entry_a_fault_with_a_meaning() -> None:
    assert [fault.name for fault in FAULTS] == list(FaultName)
    assert all(fault.meaning for fault in FAULTS)


_AFTER_THE_EFFECT = [fault.name for fault in FAULTS if fault.moment is Moment.AFTER and fault.name != "huge_body"]


@pytest.mark.parametrize("fault", _AFTER_THE_EFFECT)
async def test_turn_takes_effect_before_its_answer_is_lost(partner: Partner, fault: str) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults([f"{fault}@confirm"])

    answer = await _lost(partner, session, "yes, use this card")

    assert len(partner.sandbox.bookings) == 1
    assert (await partner.read(session)).json()["data"]["events"][-1]["resultStatus"] == "booked"
    assert (answer is None) is (fault in {"slow", "hang", "drip", "reset", "truncated"})


_STATUS_CODES_BEFORE = {
    "auth_missing": 401,
    "auth_rejected": 403,
    "key_echoed": 403,
    "rate_limited": 429,
    "rate_limited_bare": 429,
    "redirect": 307,
    "server_error_before": 500,
}


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS if fault.moment is Moment.BEFORE])
async def test_fault_before_the_effect_books_nothing(partner: Partner, fault: str) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults([f"{fault}@confirm"])

    refused = await partner.say(session, "yes, use this card", "k")
    partner.sandbox.set_faults([])

    assert partner.sandbox.bookings == ()
    assert refused.status_code == _STATUS_CODES_BEFORE[fault]
    assert fault == "redirect" or set(refused.json()) == {"success", "error", "code", "details", "requestId"}
    assert ("retry-after" in refused.headers) is (fault == "rate_limited")
    assert status(await partner.say(session, "yes, use this card", "k")) == "booked"


async def test_repeat_with_the_same_key_after_a_lost_answer_books_nothing_more(partner: Partner) -> None:
    session = await partner.to_consent()
    for fault in ("server_error", "hang", "reset"):
        partner.sandbox.set_faults([f"{fault}@confirm"])
        await _lost(partner, session, "yes, use this card", "k")
    partner.sandbox.set_faults([])

    answer = await partner.say(session, "yes, use this card", "k")

    assert status(answer) == "booked"
    assert artifacts(answer)["booking"]["bookingId"] == partner.sandbox.bookings[0].booking_id
    assert len(partner.sandbox.bookings) == 1


_TEXTS = {
    TurnKind.SEARCH: SEARCH,
    TurnKind.BOOK: "book option 1",
    TurnKind.NAME: "guest name is John Doe",
    TurnKind.DONE: "Done",
    TurnKind.CONFIRM: "yes",
    TurnKind.DECLINE: "no",
    TurnKind.CANCEL: "cancel my booking",
    TurnKind.OTHER: "what is this",
}


@pytest.mark.parametrize("step", TurnKind)
async def test_fault_at_a_turn_hits_that_kind_of_turn_alone(partner: Partner, step: TurnKind) -> None:
    session = await partner.open()
    partner.sandbox.set_faults([f"server_error_before@{step}"])

    answers = {kind: await partner.say(session, text) for kind, text in _TEXTS.items()}

    assert [kind for kind, answer in answers.items() if answer.status_code == 500] == [step]


@pytest.mark.parametrize("step", ["create_session", "send_event", "get_session", "attach_card"])
async def test_fault_at_an_operation_hits_that_operation_alone(partner: Partner, step: str) -> None:
    session, setup_url = await partner.to_setup()
    partner.sandbox.set_faults([f"server_error@{step}"])

    answers = {
        "create_session": await partner.post("/sessions", {"actor": {"actorId": "a"}}),
        "send_event": await partner.say(session, "hello"),
        "get_session": await partner.read(session),
        "attach_card": await partner.attach(setup_url),
    }

    assert [name for name, answer in answers.items() if answer.status_code == 500] == [step]


async def test_fault_without_a_step_hits_every_api_request_but_no_page_and_no_file() -> None:
    async with partner_of(faults=["auth_rejected"]) as partner:
        api = [
            await partner.post("/sessions", {}),
            await partner.post("/events", {}),
            await partner.read("sess_none"),
            await partner.attach("psu_none"),
        ]
        others = [await partner.http.get(path) for path in ("/llms.txt", "/portal/setup/psu_none", "/nothing")]

    assert [answer.status_code for answer in api] == [403, 403, 403, 403]
    assert [answer.status_code for answer in others] == [200, 404, 404]


_OPENAPI, _LLMS = "/openapi/partner-core-chat-v1.yaml", "/llms.txt"
_CHANGED_DOCUMENTS = {**_STATUS_CODES_BEFORE, "wrong_status": 418, "server_error": 500, "not_json": 200} | {
    "server_error_validation": 504,
    "server_error_html": 502,
    "decompression_bomb": 200,
    "wrong_content_type": 200,
    "missing_headers": 200,
}
_NOTHING_TO_SPOIL = {"key_echoed", "early_booked", "missing_artifact", "other_session", "mismatched_ids", "markup"}


async def _document(partner: Partner, path: str) -> httpx.Response | None:
    try:
        async with asyncio.timeout(_PATIENCE), partner.http.stream("GET", path) as answer:
            read = b"".join([piece async for piece in answer.aiter_raw()])
            return httpx.Response(answer.status_code, headers={"x": str(answer.headers)}, content=read)
    except (TimeoutError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


@pytest.mark.parametrize("fault", [name for name in FaultName if name != "huge_body"])
async def test_fault_at_a_file_hits_that_file_alone_where_it_makes_sense(partner: Partner, fault: str) -> None:
    truth, other = await _document(partner, _OPENAPI), await _document(partner, _LLMS)
    partner.sandbox.set_faults([f"{fault}@openapi"])

    spoiled, same = await _document(partner, _OPENAPI), await _document(partner, _LLMS)
    created = await partner.post("/sessions", {"actor": {"actorId": "a"}})

    assert truth is not None
    assert other is not None
    assert same is not None
    assert (same.content, created.status_code) == (other.content, 200)
    if spoiled is None:
        assert fault in {"slow", "hang", "drip", "reset", "truncated"}
    elif fault in _NOTHING_TO_SPOIL:
        assert spoiled.content == truth.content
    else:
        assert spoiled.status_code == _CHANGED_DOCUMENTS[fault]
        assert (spoiled.content, spoiled.headers["x"]) != (truth.content, truth.headers["x"])


async def test_wrong_status_of_a_request_that_is_no_turn_is_another_http_status(partner: Partner) -> None:
    partner.sandbox.set_faults(["wrong_status"])

    created = await partner.post("/sessions", {"actor": {"actorId": "a"}})
    refused = await partner.post("/sessions", {})

    assert (created.status_code, refused.status_code) == (418, 400)


@pytest.mark.parametrize("kind", list(TurnKind))
async def test_wrong_status_never_tells_the_truth_nor_a_booking(partner: Partner, kind: TurnKind) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults(["wrong_status"])

    answer = await partner.say(session, _TEXTS[kind])
    partner.sandbox.set_faults([])

    truth = (await partner.read(session)).json()["data"]["events"][-1]["resultStatus"]
    assert status(answer) not in {truth, "booked"}


async def test_faults_are_replaced_not_added(partner: Partner) -> None:
    partner.sandbox.set_faults(["auth_missing"])
    partner.sandbox.set_faults(["server_error@search"])

    assert status(await partner.say(await partner.open(), "hello")) == "error"


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("explode", ", ".join(FaultName)),
        ("", ", ".join(FaultName)),
        ("hang@lunch", ", ".join(STEPS)),
        ("hang@", "search"),
    ],
)
async def test_unknown_fault_is_refused_with_the_known_names_and_changes_nothing(
    partner: Partner, spec: str, known: str
) -> None:
    partner.sandbox.set_faults(["auth_missing"])

    with pytest.raises(UsageError, match=known):
        partner.sandbox.set_faults(["hang", spec])

    assert (await partner.read("sess_none")).status_code == 401


async def _told(partner: Partner, fault: str, text: str = SEARCH) -> httpx.Response:
    """The answer to a turn in a new session, spoiled."""
    session = await partner.open()
    partner.sandbox.set_faults([fault])
    return await partner.say(session, text)


async def test_server_errors_come_in_each_shape_that_a_gateway_gives_them(partner: Partner) -> None:
    plain, proxied, page = [
        await _told(partner, f"{fault}@search")
        for fault in ("server_error", "server_error_validation", "server_error_html")
    ]

    assert (plain.status_code, plain.json()["code"]) == (500, "internal_error")
    assert (proxied.status_code, set(proxied.json())) == (504, {"success", "error", "requestId"})
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")


async def test_slow_answers_the_truth_late_and_in_order() -> None:
    async with partner_of(slow_seconds=0.2) as partner, await RawConnection.to(partner.sandbox) as raw:
        session, loop = await partner.open(), asyncio.get_running_loop()
        partner.sandbox.set_faults(["slow@get_session"])
        began = loop.time()
        raw.send(request_bytes("GET", f"{BASE}/sessions/{session}", key=partner.sandbox.api_key))
        raw.send(request_bytes("GET", "/llms.txt"))
        first = await raw.answer()
        took = loop.time() - began
        second = await raw.answer()

    assert 0.2 <= took < 1.0
    assert (first[0], first[1]["content-type"]) == (200, "application/json")
    assert (second[0], second[1]["content-type"]) == (200, "text/plain; charset=utf-8")


async def test_drip_gives_the_head_at_once_and_then_byte_after_byte(partner: Partner) -> None:
    async with await RawConnection.to(partner.sandbox) as raw:
        partner.sandbox.set_faults(["drip"])
        raw.send(request_bytes("GET", f"{BASE}/sessions/s", key=partner.sandbox.api_key))
        head = await raw.reader.readuntil(b"\r\n\r\n")
        first = await raw.reader.readexactly(6)
        loop = asyncio.get_running_loop()
        began = loop.time()
        second = await raw.reader.readexactly(6)
        took = loop.time() - began

    assert b"transfer-encoding: chunked" in head
    assert 0.05 < took < 1.0
    assert (first, second) == (b"1\r\n{\r\n", b'1\r\n"\r\n')


async def test_truncated_promises_twice_what_it_gives(partner: Partner) -> None:
    async with await RawConnection.to(partner.sandbox) as raw:
        partner.sandbox.set_faults(["truncated"])
        raw.send(request_bytes("GET", f"{BASE}/sessions/s", key=partner.sandbox.api_key))
        _, headers, _ = await raw.answer(body=False)
        body = await raw.reader.read()

    assert len(body) == int(headers["content-length"]) // 2 > 0


async def test_huge_body_goes_on_beyond_any_bound_until_the_client_leaves(partner: Partner) -> None:
    session = await partner.open()
    partner.sandbox.set_faults(["huge_body"])
    received = 0
    async with partner.http.stream("GET", f"{BASE}/sessions/{session}", headers=partner.headers) as answer:
        async for piece in answer.aiter_raw():
            received += len(piece)
            if received > 4 * 1024 * 1024:
                break
    partner.sandbox.set_faults([])
    async with asyncio.timeout(1):
        while partner.sandbox._connections:
            await asyncio.sleep(0.01)

    assert received > 4 * 1024 * 1024
    assert partner.sandbox._connections == set()


async def test_huge_body_waits_for_a_client_that_does_not_read(partner: Partner) -> None:
    async with await RawConnection.to(partner.sandbox) as raw:
        partner.sandbox.set_faults(["huge_body"])
        raw.send(request_bytes("GET", f"{BASE}/sessions/s", key=partner.sandbox.api_key))
        await asyncio.sleep(0.2)
        (connection,) = partner.sandbox._connections
        transport = connection._transport

    assert transport is not None
    assert transport.get_write_buffer_size() < 1024 * 1024


async def test_decompression_bomb_is_small_on_the_wire_and_enormous_decoded(partner: Partner) -> None:
    async with await RawConnection.to(partner.sandbox) as raw:
        partner.sandbox.set_faults(["decompression_bomb"])
        raw.send(request_bytes("GET", f"{BASE}/sessions/s", key=partner.sandbox.api_key))
        _, headers, body = await raw.answer()

    assert headers["content-encoding"] == "gzip"
    assert len(body) < 64 * 1024
    assert len(zlib.decompress(body, wbits=31)) == 32 * 1024 * 1024


async def test_good_answer_that_is_no_json_or_says_so_keeps_its_status_code(partner: Partner) -> None:
    page = await _told(partner, "not_json@search")
    text = await _told(partner, "wrong_content_type@search")

    assert (page.status_code, page.headers["content-type"]) == (200, "application/json")
    assert page.text.startswith("<!doctype html>")
    assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert status(text) == "shortlist"


async def test_wrong_status_of_a_search_tells_another_step_of_the_conversation(partner: Partner) -> None:
    answer = await _told(partner, "wrong_status@search")

    assert (answer.status_code, status(answer)) == (200, "guest_name_required")


async def test_early_booked_books_nothing(partner: Partner) -> None:
    answer = await _told(partner, "early_booked@search")

    assert status(answer) == "booked"
    assert partner.sandbox.bookings == ()


async def test_missing_artifact_leaves_the_status_and_no_artifacts(partner: Partner) -> None:
    answer = await _told(partner, "missing_artifact@search")

    assert status(answer) == "shortlist"
    assert "artifacts" not in answer.json()["data"]["result"]


async def test_other_session_is_well_formed_and_nobodys(partner: Partner) -> None:
    session = await partner.open()
    partner.sandbox.set_faults(["other_session"])
    told = [await partner.say(session, SEARCH), await partner.read(session)]
    partner.sandbox.set_faults([])
    others = {answer.json()["data"]["sessionId"] for answer in told}

    (other,) = others
    assert other != session
    assert (other[:19], len(other)) == (session[:19], len(session))
    assert all(session not in answer.text for answer in told)
    assert (await partner.read(other)).status_code == 404


async def test_missing_headers_leave_the_body_of_a_good_answer_and_of_a_refusal(partner: Partner) -> None:
    answer = await _told(partner, "missing_headers")
    refused = await partner.read("sess_none")

    assert status(answer) == "shortlist"
    assert (refused.status_code, refused.json()["code"]) == (404, "session_not_found")
    assert set(answer.headers) == set(refused.headers) == {"content-type", "content-length"}


async def test_mismatched_ids_disagree_in_errors_and_in_turns(partner: Partner) -> None:
    turn = (await _told(partner, "mismatched_ids")).json()["data"]
    errors = [await partner.read("sess_none") for _ in range(20)]

    assert turn["sessionId"] not in turn["result"]["traceId"]
    assert turn["result"]["traceId"].split(":")[-1] == turn["event"]["id"]
    assert all(error.json()["requestId"] != error.headers["x-request-id"] for error in errors)
    assert all(UUID(error.json()["requestId"]) for error in errors)


async def test_redirect_leads_to_the_same_path_of_an_origin_that_is_not_there(partner: Partner) -> None:
    answer = await _told(partner, "redirect@search")

    assert answer.headers["location"] == f"https://elsewhere.invalid{BASE}/events"


async def test_markup_is_in_messages_and_in_errors(partner: Partner) -> None:
    turn = (await _told(partner, "markup")).json()["data"]["result"]["message"]["text"]
    error = (await partner.read("sess_none")).json()["error"]

    for text in (turn, error):
        assert all(mark in text for mark in ("<script>", "\x1b[2J", "\n", "\u202e"))


@pytest.mark.parametrize("style", ["x-partner-api-key", "authorization", "api-key"])
async def test_key_echoed_repeats_the_key_whatever_header_carried_it(partner: Partner, style: str) -> None:
    partner.sandbox.set_faults(["key_echoed"])
    key = partner.sandbox.api_key

    headers = {style: f"Bearer {key}" if style == "authorization" else key}
    refused = await partner.http.get(f"{BASE}/sessions/s", headers=headers)
    keyless = await partner.http.get(f"{BASE}/sessions/s")

    assert (refused.status_code, key in refused.json()["error"]) == (403, True)
    assert keyless.status_code == 401
