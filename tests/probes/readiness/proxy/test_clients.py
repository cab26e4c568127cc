from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from support.hostile import (
    WELL_BEHAVED,
    Hostile,
    Script,
    answer_bytes,
    drip_body,
    read_request,
    silence,
)
from support.proxying import BASE, KEY, bench, request, settled

from probes.errors import UsageError
from probes.readiness.proxy import link
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.words import Lost


async def test_a_client_of_an_api_that_hangs_may_wait_and_is_under_way_until_the_end() -> None:
    async with bench(silence) as at, await at.connect() as client:
        client.writer.write(request())
        await settled(lambda: at.seen)
        under_way = at.seen[0]
        await at.proxy.aclose()

    assert (under_way.ended_seconds, under_way.lost, under_way.answer) == (None, None, None)
    assert at.seen[0].lost is None


@pytest.mark.parametrize("script", [silence, drip_body], ids=["before_the_answer", "within_it"])
async def test_a_client_that_goes_away_ends_the_connection_to_the_api(script: Script) -> None:
    async with bench(script) as at, await at.connect() as client:
        client.writer.write(request())
        await settled(lambda: at.server.received and at.server.received[0].endswith(b"{}"))
        client.writer.close()
        left = await settled(lambda: at.server.left == [True] and at.seen[0].lost is not None)

    assert left
    assert [seen.lost for seen in at.seen] == [Lost.BY_CLIENT]


async def test_a_client_that_breaks_off_with_a_reset_is_lost_too() -> None:
    async with bench(silence) as at, await at.connect() as client:
        client.writer.write(request())
        await settled(lambda: at.seen)
        sock = client.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.writer.transport.abort()
        left = await settled(lambda: at.server.left == [True])

    assert left
    assert [seen.lost for seen in at.seen] == [Lost.BY_CLIENT]


async def test_a_request_whose_client_left_at_once_still_reaches_the_api() -> None:
    async with bench(WELL_BEHAVED) as at, await at.connect() as client:
        client.writer.write(request(body=b'{"text": "fire and forget"}'))
        client.writer.close()
        arrived = await settled(lambda: at.server.received and at.server.received[0].endswith(b'forget"}'))

    assert arrived


async def test_a_request_that_breaks_off_is_kept_as_such() -> None:
    async with bench(silence) as at, await at.connect() as client:
        client.writer.write(request(body=b'{"a": 1}')[:-3])
        await settled(lambda: at.server.received and at.server.received[0].endswith(b'{"a":'))
        client.writer.close()
        await settled(lambda: at.seen[0].lost)

    assert (at.seen[0].lost, at.seen[0].request) == (Lost.BY_CLIENT, None)
    assert at.seen[0].request_problem == "the request broke off before its end"


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        pytest.param(b"this is no HTTP\r\n\r\n", b"400", id="garbage"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no_host"),
        pytest.param(b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", b"400", id="no_path"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400", id="http_2"),
        pytest.param(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"400", id="connect"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
            id="two_lengths",
        ),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n", b"400", id="lengths_differ"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"501", id="other_coding"),
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"h" * 70_000, b"431", id="huge_head"),
    ],
)
async def test_what_is_no_request_is_refused_by_the_proxy_and_never_passed_on(wire: bytes, status: bytes) -> None:
    async with bench(WELL_BEHAVED) as at:
        got = await at.say(wire)
        received = at.server.received

    assert got.startswith(b"HTTP/1.1 " + status)
    assert b"proxy_malformed_request" in got
    assert b"".join(received) == b""
    assert at.seen == ()


async def test_a_chunk_that_is_none_ends_a_request_without_an_answer_of_the_api() -> None:
    head = f"POST {BASE}/events HTTP/1.1\r\nHost: a\r\nX-Partner-Api-Key: {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"

    async with bench(silence) as at:
        got = await at.say(head.encode() + b"zz\r\n")

    assert got.startswith(b"HTTP/1.1 400")
    assert [seen.lost for seen in at.seen] == [Lost.BY_CLIENT]


async def test_an_idle_connection_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "IDLE_SECONDS", 0.05)

    async with bench(WELL_BEHAVED) as at, await at.connect() as client:
        client.writer.write(request().replace(b"Connection: close\r\n", b""))
        got = await client.rest()
        left = await settled(lambda: at.server.left == [True])

    assert got == answer_bytes()
    assert left


async def test_a_connection_that_waits_for_the_api_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "IDLE_SECONDS", 0.02)

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(0.2)
        writer.write(answer_bytes())

    async with bench(late) as at:
        got = await at.say(request())

    assert got.startswith(b"HTTP/1.1 200 OK")


async def test_a_connection_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.readiness.proxy.server.MOST_CONNECTIONS", 1)

    async with bench(WELL_BEHAVED) as at, await at.connect() as first:
        first.writer.write(request().replace(b"Connection: close\r\n", b""))
        await first.until(b"\r\n\r\n")
        async with await at.connect() as second:
            got = await second.rest()
        refused = at.proxy.refused

    assert (got, refused) == (b"", 1)


async def test_a_new_upstream_is_for_connections_that_begin_from_then_on() -> None:
    kept = request().replace(b"Connection: close\r\n", b"")

    async with Hostile(WELL_BEHAVED) as other, bench(WELL_BEHAVED) as at, await at.connect() as old:
        old.writer.write(kept)
        await old.exactly(len(answer_bytes()))
        at.proxy.upstream = other.url
        old.writer.write(kept)
        await old.exactly(len(answer_bytes()))
        await at.say(request())
        counts = [len(server.received) for server in (at.server, other)]

    assert counts == [1, 1]
    assert at.server.received[0].count(b"POST") == 2


async def test_a_busy_port_is_told_in_a_sentence() -> None:
    async with bench(WELL_BEHAVED) as at:
        port = int(at.proxy.base_url.rpartition(":")[2])
        with pytest.raises(UsageError, match=rf"the proxy can't listen on 127\.0\.0\.1, port {port}: address already"):
            await RecordingProxy(at.server.url, Recorder(), port=port).start()


@pytest.mark.parametrize("url", ["ftp://a", "http://user:secret@a", "http://a/?b=c", "nonsense"])
def test_an_upstream_that_is_no_plain_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UsageError) as told:
        RecordingProxy(url, Recorder())

    assert url not in str(told.value)


async def test_the_proxy_knows_when_its_clients_have_left() -> None:
    async with bench(WELL_BEHAVED) as at:
        async with await at.connect() as client:
            client.writer.write(request().replace(b"Connection: close\r\n", b""))
            await client.until(b"\r\n\r\n")
            still = await at.proxy.drained(within_seconds=0.01)
        gone = await at.proxy.drained(within_seconds=2)

    assert (still, gone) == (False, True)
