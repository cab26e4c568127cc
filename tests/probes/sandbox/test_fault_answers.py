"""What the answer of each fault looks like on the wire."""

from __future__ import annotations

import asyncio
import zlib
from uuid import UUID

import httpx
import pytest
from support.sandbox import BASE, SEARCH, Partner, RawConnection, partner_of, request_bytes, status


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
