from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from support.sandbox import BASE, NOON, SEARCH, Partner, RawConnection, request_bytes

from probes.errors import UsageError
from probes.sandbox import wire
from probes.sandbox.server import SandboxServer
from probes.sandbox.wire import MAX_BODY_BYTES


@pytest.fixture
async def raw(partner: Partner) -> AsyncIterator[RawConnection]:
    async with await RawConnection.to(partner.sandbox) as connection:
        yield connection


async def _ended(connection: RawConnection) -> bytes:
    async with asyncio.timeout(0.5):
        return await connection.reader.read()


async def test_connection_is_kept_and_pipelined_requests_are_answered_in_order(raw: RawConnection) -> None:
    raw.send(request_bytes("GET", "/llms.txt") + request_bytes("GET", "/nothing") + request_bytes("GET", "/llms.txt"))

    statuses = [(await raw.answer())[0] for _ in range(3)]

    assert statuses == [200, 404, 200]


async def test_request_may_arrive_byte_by_byte(raw: RawConnection, partner: Partner) -> None:
    body = orjson.dumps({"actor": {"actorId": "slow"}})
    for byte in request_bytes("POST", f"{BASE}/sessions", body, partner.sandbox.api_key):
        raw.send(bytes([byte]))
        await asyncio.sleep(0)

    status_code, _, content = await raw.answer()

    assert status_code == 200
    assert orjson.loads(content)["data"]["actor"]["actorId"] == "slow"


async def test_close_is_honoured(raw: RawConnection) -> None:
    raw.send(request_bytes("GET", "/llms.txt", b"", "", "Connection: close"))

    status_code, headers, _ = await raw.answer()

    assert (status_code, headers["connection"]) == (200, "close")
    assert await _ended(raw) == b""


async def test_head_is_answered_as_get_without_the_body(raw: RawConnection) -> None:
    raw.send(request_bytes("HEAD", "/llms.txt") + request_bytes("GET", "/llms.txt"))

    head, get = await raw.answer(body=False), await raw.answer()

    assert (head[0], get[0]) == (200, 200)
    assert {**head[1], "x-request-id": ""} == {**get[1], "x-request-id": ""}


@pytest.mark.parametrize("fault", ["drip", "huge_body", "truncated"])
async def test_head_brings_no_body_even_where_a_fault_makes_one(
    raw: RawConnection, partner: Partner, fault: str
) -> None:
    partner.sandbox.set_faults([f"{fault}@llms"])
    raw.send(request_bytes("HEAD", "/llms.txt"))

    status_code, _, _ = await raw.answer(body=False)

    assert status_code == 200
    assert await _ended(raw) == b""


async def test_body_of_a_mebibyte_is_read_and_a_larger_one_is_refused(raw: RawConnection, partner: Partner) -> None:
    key = partner.sandbox.api_key
    raw.send(request_bytes("POST", f"{BASE}/events", b" " * MAX_BODY_BYTES, key))
    within = await raw.answer()
    raw.send(request_bytes("POST", f"{BASE}/events", b" " * (MAX_BODY_BYTES + 1), key))

    status_code, headers, content = await raw.answer()

    assert within[0] == 400
    assert (status_code, orjson.loads(content)["code"]) == (413, "payload_too_large")
    assert orjson.loads(content)["requestId"] == headers["x-request-id"]
    assert len(partner.sandbox.requests) == 1


async def test_announced_body_that_is_too_large_is_refused_before_it_is_sent(raw: RawConnection) -> None:
    raw.send(b"POST /portal/api/attach HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n")

    assert (await raw.answer())[0] == 413


async def test_chunked_body_is_read_and_bounded_too(raw: RawConnection, partner: Partner) -> None:
    head = (
        f"POST {BASE}/sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
        f"x-partner-api-key: {partner.sandbox.api_key}\r\n\r\n"
    ).encode()
    body = b'{"actor":{"actorId":"a"}}'
    raw.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    good = await raw.answer()
    raw.send(head + b"%x\r\n%s\r\n" % (MAX_BODY_BYTES + 1, b" " * (MAX_BODY_BYTES + 1)))

    large = await raw.answer()

    assert (good[0], large[0]) == (200, 413)
    assert await _ended(raw) == b""


async def test_client_that_asks_to_go_on_is_told_to(raw: RawConnection, partner: Partner) -> None:
    body = b'{"actor":{"actorId":"a"}}'
    request = request_bytes("POST", f"{BASE}/sessions", body, partner.sandbox.api_key, "Expect: 100-continue")
    raw.send(request.removesuffix(body))

    told = await raw.reader.readuntil(b"\r\n\r\n")
    raw.send(body)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await raw.answer())[0] == 200


@pytest.mark.parametrize(
    ("data", "status_code"),
    [
        (b"\x16\x03\x01\x02\x00hello, TLS\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000, 431),
        (b"GET /" + b"a" * 70_000, 431),
    ],
    ids=["TLS", "a bad length", "a long header", "a long path"],
)
async def test_bytes_that_are_no_good_request_are_refused_and_the_connection_ends(
    raw: RawConnection, data: bytes, status_code: int
) -> None:
    raw.send(data)

    answer = await raw.answer()

    assert answer[0] == status_code
    assert await _ended(raw) == b""


async def test_upgrade_is_answered_as_a_plain_request_and_the_connection_ends(raw: RawConnection) -> None:
    raw.send(request_bytes("GET", "/llms.txt", b"", "", "Connection: Upgrade", "Upgrade: h2c"))

    assert (await raw.answer())[0] == 200
    assert await _ended(raw) == b""


async def test_hung_connection_says_nothing_more_and_others_are_served(raw: RawConnection, partner: Partner) -> None:
    partner.sandbox.set_faults(["hang@get_session"])
    raw.send(
        request_bytes("GET", f"{BASE}/sessions/x", b"", partner.sandbox.api_key) + request_bytes("GET", "/llms.txt")
    )

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await raw.reader.read(1)

    assert (await partner.http.get("/llms.txt")).status_code == 200


async def test_reset_is_a_reset_and_no_orderly_end(raw: RawConnection, partner: Partner) -> None:
    partner.sandbox.set_faults(["reset@get_session"])
    raw.send(request_bytes("GET", f"{BASE}/sessions/x", b"", partner.sandbox.api_key))

    with pytest.raises(ConnectionResetError):
        await _ended(raw)


async def test_silent_connection_is_ended_but_a_hung_one_waits_for_its_client(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_IDLE_SECONDS", 0.1)
    partner.sandbox.set_faults(["hang@get_session"])
    async with await RawConnection.to(partner.sandbox) as silent, await RawConnection.to(partner.sandbox) as hung:
        hung.send(request_bytes("GET", f"{BASE}/sessions/x", b"", partner.sandbox.api_key))

        with pytest.raises(ConnectionError):
            await _raising_read(silent)

        with pytest.raises(TimeoutError):
            await _raising_read(hung)


async def test_client_that_reads_no_answers_can_not_make_them_pile_up(raw: RawConnection, partner: Partner) -> None:
    raw.send(request_bytes("GET", "/llms.txt") * 9_000)
    await asyncio.sleep(0.2)

    answered_unread = len(partner.sandbox.requests)
    for _ in range(9_000):
        await raw.answer()

    assert answered_unread < 9_000
    assert len(partner.sandbox.requests) == 9_000


async def test_closing_ends_hung_connections_and_frees_the_port() -> None:
    sandbox = SandboxServer(faults=["hang"])
    await sandbox.start()
    port = int(sandbox.base_url.rpartition(":")[2])
    async with await RawConnection.to(sandbox) as connection:
        connection.send(request_bytes("GET", f"{BASE}/sessions/x", b"", sandbox.api_key))
        await asyncio.sleep(0.05)

        await sandbox.aclose()

        with pytest.raises(ConnectionError):
            await _raising_read(connection)
    async with SandboxServer(port=port) as again:
        assert again.base_url.endswith(f":{port}")


async def _raising_read(connection: RawConnection) -> None:
    if await _ended(connection) == b"":
        raise ConnectionError("ended")


async def test_busy_port_is_told_in_a_sentence() -> None:
    async with SandboxServer() as first:
        port = int(first.base_url.rpartition(":")[2])

        with pytest.raises(UsageError, match=f"can't listen on 127.0.0.1, port {port}: .*choose another port"):
            await SandboxServer(port=port).start()


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("192.0.2.1", 0), ("no such host", 0)]
)
async def test_address_that_can_not_be_is_told_in_a_sentence(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="the sandbox can't listen on"):
        await SandboxServer(host=host, port=port).start()


async def test_ipv6_address_stands_in_brackets() -> None:
    async with SandboxServer(host="::1") as sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")


@pytest.mark.parametrize("options", [{"minute_quota": 0}, {"api_keys": {}}, {"faults": ["nonsense"]}])
def test_options_that_can_not_be_are_refused_before_the_start(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SandboxServer(**options)  # type: ignore[arg-type]


async def test_requests_tell_what_arrived(partner: Partner) -> None:
    await partner.post("/sessions", {"actor": {"actorId": "a"}})
    partner.sandbox.set_faults(["reset@get_session"])
    with pytest.raises(httpx.ReadError):
        await partner.read("sess_x")

    created, read = partner.sandbox.requests

    assert (created.method, created.path, created.status_code) == ("POST", f"{BASE}/sessions", 200)
    assert created.headers["x-partner-api-key"] == partner.sandbox.api_key
    assert created.body == b'{"actor":{"actorId":"a"}}'
    assert (read.method, read.path, read.status_code) == ("GET", f"{BASE}/sessions/sess_x", None)


async def test_keys_differ_from_sandbox_to_sandbox() -> None:
    first, second = SandboxServer(now=lambda: NOON), SandboxServer(now=lambda: NOON)

    assert len({first.api_key, first.other_api_key, second.api_key, second.other_api_key}) == 4


async def test_thousand_golden_paths_side_by_side_book_exactly_a_thousand() -> None:
    async with SandboxServer(minute_quota=100_000) as sandbox:
        booked = await asyncio.gather(*(_play(sandbox, at, paths=10) for at in range(100)))

        assert [status for path in booked for status in path] == ["booked"] * 1000
        assert len({record.actor_id for record in sandbox.bookings}) == 1000
        assert len(sandbox.bookings) == 1000


async def _play(sandbox: SandboxServer, at: int, *, paths: int) -> list[str]:
    async with await RawConnection.to(sandbox) as connection:
        return [await _golden_path(connection, sandbox.api_key, f"guest-{at}-{path}") for path in range(paths)]


async def _golden_path(connection: RawConnection, key: str, actor: str) -> str:
    session = (await connection.call(f"{BASE}/sessions", {"actor": {"actorId": actor}}, key))["sessionId"]

    async def say(text: str) -> dict[str, dict[str, str]]:
        data = await connection.call(f"{BASE}/events", {"sessionId": session, "text": text}, key)
        found: dict[str, dict[str, str]] = data["result"]
        return found

    await say(SEARCH)
    await say("book option 1")
    named = await say("guest name is John Doe")
    token = named["artifacts"]["payment"]["setupUrl"].rpartition("/")[2]  # type: ignore[index]
    card = {"paymentMethodId": "pm_card_visa", "cardBrand": "visa", "cardLast4": "4242", "expMonth": 12}
    await connection.call("/portal/api/attach", {**card, "expYear": 2030, "portalToken": token}, "")
    await say("Done")
    return str((await say("yes"))["status"])
