from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import BODY, WELL_BEHAVED, answer_bytes, answers, answers_and_ends, read_request, redirects
from support.proxying import BASE, bench, request, settled

HOST = b"Host: 127.0.0.1:"


def without_host(wire: bytes) -> list[bytes]:
    return [line for line in wire.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:"))]


async def test_a_request_reaches_the_api_as_it_was_sent_but_for_host_and_connection() -> None:
    sent = request("POST", f"{BASE}/events?x=%20y", b'{"a": 1}', "X-Odd:  two", "x-Repeated: 1", "X-Repeated: 2")

    async with bench(WELL_BEHAVED) as at:
        await at.say(sent)
        received = at.server.received[0]

    assert without_host(received) == without_host(sent.replace(b"X-Odd:  two", b"X-Odd: two"))
    assert HOST + str(at.server.port).encode() in received


async def test_an_answer_reaches_the_client_as_it_was_sent() -> None:
    wire = answer_bytes(BODY, "X-Request-Id: One", "set-cookie: a=1", "Set-Cookie: b=2", status="201 Made Up")

    async with bench(answers(wire)) as at:
        got = await at.say(request())

    assert got == wire.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)


async def test_what_belongs_to_one_connection_is_not_passed_on_in_either_direction() -> None:
    of_one = ["Keep-Alive: timeout=5", "TE: trailers", "Upgrade: h2c", "Proxy-Authorization: Basic eA==", "X-Hop: 1"]
    told = answer_bytes(BODY, "Keep-Alive: timeout=5", "Connection: x-hop", "X-Hop: 2", "Proxy-Authenticate: Basic")

    async with bench(answers(told)) as at:
        got = await at.say(request("POST", f"{BASE}/events", b"{}", *of_one, "Connection: X-Hop"))
        received = at.server.received[0].lower()

    for name in (b"keep-alive", b"te", b"upgrade", b"proxy-authorization", b"proxy-authenticate", b"x-hop"):
        assert b"\r\n" + name + b":" not in received + got.lower()


async def test_a_connection_header_can_not_take_away_the_length_of_a_body() -> None:
    async with bench(WELL_BEHAVED) as at:
        await at.say(request("POST", f"{BASE}/events", b'{"a": 1}', "Connection: content-length, host"))
        received = at.server.received[0]

    assert b"Content-Length: 8\r\n" in received
    assert HOST in received


async def test_the_path_of_the_upstream_stands_before_each_path() -> None:
    async with bench(WELL_BEHAVED, prefix="/gateway/") as at:
        await at.say(request())
        received = at.server.received[0]

    assert received.startswith(f"POST /gateway{BASE}/events HTTP/1.1\r\n".encode())
    assert at.seen[0].path == f"{BASE}/events"


async def test_a_redirect_is_passed_on_and_never_followed() -> None:
    async with bench(redirects("http://127.0.0.1:1/elsewhere")) as at:
        got = await at.say(request())

    assert got.startswith(b"HTTP/1.1 307 Temporary Redirect\r\n")
    assert b"location: http://127.0.0.1:1/elsewhere\r\n" in got
    assert len(at.server.received) == 1


async def test_no_proxy_variable_sends_a_request_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with bench(WELL_BEHAVED) as at:
        got = await at.say(request())

    assert got.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_one_connection_carries_many_requests_over_one_upstream_connection() -> None:
    kept = request().replace(b"Connection: close\r\n", b"")

    async with bench(WELL_BEHAVED) as at:
        got = await at.say(kept, kept, request())

    assert got.count(b"HTTP/1.1 200 OK") == 3
    assert len(at.server.received) == 1
    assert [seen.number for seen in at.seen] == [1, 2, 3]


async def test_an_interim_answer_is_passed_on_and_the_client_that_expects_one_sends_its_body_then() -> None:
    async def continues(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(2)
        writer.write(answer_bytes())

    async with bench(continues) as at, await at.connect() as client:
        client.writer.write(request("POST", f"{BASE}/events", b"{}", "Expect: 100-continue")[:-2])
        told = await client.until(b"\r\n\r\n")
        client.writer.write(b"{}")
        final = await client.rest()

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert final.startswith(b"HTTP/1.1 200 OK")
    assert at.seen[0].status_code == 200


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_leaves_the_connection_usable(status: str) -> None:
    kept = request().replace(b"Connection: close\r\n", b"")
    bare = f"HTTP/1.1 {status}\r\nx-a: 1\r\n\r\n".encode()

    async with bench(answers(bare, answer_bytes())) as at:
        got = await at.say(kept, request())

    assert got.startswith(bare + b"HTTP/1.1 200 OK")


async def test_an_answer_to_head_keeps_the_length_that_it_tells_of_and_has_no_body() -> None:
    kept = request("HEAD", f"{BASE}/sessions/s", b"").replace(b"Connection: close\r\n", b"")
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"

    async with bench(answers(head, answer_bytes())) as at:
        got = await at.say(kept, request())

    assert got.startswith(head + b"HTTP/1.1 200 OK")


async def test_chunks_stay_chunks_in_both_directions_with_their_trailers() -> None:
    async def chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\nX-Sum: 1\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Tail: 2\r\n\r\n")

    sent = request("POST", f"{BASE}/events", b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")

    async with bench(chunks) as at:
        got = await at.say(sent + b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n")
        received = at.server.received[0]

    assert b"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n" in received
    assert got.endswith(b"\r\n\r\n2\r\n{}\r\n0\r\nX-Tail: 2\r\n\r\n")
    assert (at.seen[0].request, at.seen[0].answer and at.seen[0].answer.body) == ({}, {})


async def test_an_answer_that_ends_with_its_connection_ends_so_for_the_client() -> None:
    async with bench(answers_and_ends(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)) as at:
        got = await at.say(request().replace(b"Connection: close\r\n", b""))

    assert got == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + BODY
    assert at.seen[0].status_code == 200


async def test_a_client_of_http_1_0_gets_chunks_as_a_plain_body_and_then_the_end() -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"

    async with bench(answers(wire)) as at:
        got = await at.say(request().replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert got == b"HTTP/1.1 200 OK\r\n\r\n{}"


async def test_a_dripping_answer_drips() -> None:
    more = asyncio.Event()

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na")
        for piece in (b"b", b"c"):
            await more.wait()
            more.clear()
            writer.write(piece)

    async with bench(drips) as at, await at.connect() as client:
        client.writer.write(request())
        await client.until(b"\r\n\r\n")
        got = []
        for _ in range(3):
            got.append(await client.exactly(1))
            more.set()

    assert got == [b"a", b"b", b"c"]


async def test_a_dripping_request_drips() -> None:
    async with bench(WELL_BEHAVED) as at, await at.connect() as client:
        client.writer.write(request(body=b"{}")[:-1])
        first = await settled(lambda: at.server.received and at.server.received[0].endswith(b"{"))
        client.writer.write(b"}")
        got = await client.rest()

    assert first
    assert got.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(("target", "path"), [("/llms.txt?a", b"/llms.txt?a"), ("?a=/b", b"/?a=/b"), ("", b"/")])
async def test_an_absolute_target_is_passed_on_as_a_path(target: str, path: bytes) -> None:
    async with bench(WELL_BEHAVED) as at:
        await at.say(request("GET", f"http://client.example{target}", b""))
        received = at.server.received[0]

    assert received.startswith(b"GET " + path + b" HTTP/1.1\r\n")


@settings(max_examples=40)
@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    chunked=st.booleans(),
    names=st.lists(st.from_regex(r"\AX-[A-Za-z]{1,6}\Z"), max_size=4),
    value=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
)
def test_bytes_in_are_bytes_out_however_they_are_cut(
    body: bytes, cuts: list[int], chunked: bool, names: list[str], value: str
) -> None:
    received, got = asyncio.run(echoed(body, cuts, chunked, names, value))

    assert received == body
    assert got[1] == body
    assert [line for line in got[0] if line.lower().startswith(b"x-")] == [
        f"{name}: {value}".encode() for name in names
    ]


async def echoed(
    body: bytes, cuts: list[int], chunked: bool, names: list[str], value: str
) -> tuple[bytes, tuple[list[bytes], bytes]]:
    """A body there and back in pieces: what the server had of it, and what the client got (head lines and body)."""
    pieces = [piece for piece in cut(body, cuts) if piece]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    wire = coded if chunked else body
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    lines = [framing, *(f"{name}: {value}" for name in names), "", ""]

    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in cut("\r\n".join(["HTTP/1.1 200 OK", *lines]).encode() + wire, cuts):
            writer.write(piece)
            await asyncio.sleep(0)

    async with bench(echoes) as at, await at.connect() as client:
        head = "\r\n".join([f"POST {BASE}/events HTTP/1.1", "Host: a", "Connection: close", *lines]).encode()
        for piece in cut(head + wire, cuts):
            client.writer.write(piece)
            await asyncio.sleep(0)
        got_head, _, got_body = (await client.rest()).partition(b"\r\n\r\n")
        await settled(lambda: decoded(at.server.received[0].partition(b"\r\n\r\n")[2], chunked) == body)
        received = decoded(at.server.received[0].partition(b"\r\n\r\n")[2], chunked)
    return received, (got_head.split(b"\r\n"), decoded(got_body, chunked))


def cut(wire: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(wire), *(place for place in cuts if place < len(wire))})
    return [wire[start:end] for start, end in itertools.pairwise(places)]


def decoded(wire: bytes, chunked: bool) -> bytes:
    """A body without its chunks; what hasn't come yet is missing."""
    if not chunked:
        return wire
    found = b""
    while wire:
        size, _, wire = wire.partition(b"\r\n")
        length = int(size, 16) if size else 0
        found, wire = found + wire[:length], wire[length + 2 :]
    return found
