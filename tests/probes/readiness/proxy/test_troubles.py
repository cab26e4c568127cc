from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import orjson
import pytest
from support.certificates import Certificates
from support.hostile import (
    ANNOUNCES_MORE,
    ENDS_UNHEARD,
    GARBAGE,
    RESETS_UNHEARD,
    SWITCH_PROTOCOLS,
    TRAILING_BYTES,
    TRUNCATED_CHUNKED,
    TRUNCATED_HEAD,
    WELL_BEHAVED,
    Hostile,
    Script,
    answer_bytes,
    closed_port,
    deaf,
    drip_body,
    early_answer,
    endless_body,
    endless_trailers,
    huge_header,
    read_request,
    reset_mid_body,
    silence,
)
from support.proxying import BASE, KEY, bench, request, settled

from probes.errors import UsageError
from probes.readiness.proxy import link
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.words import Lost


@pytest.mark.parametrize("script", [RESETS_UNHEARD, reset_mid_body], ids=["unheard", "mid_body"])
async def test_a_reset_by_the_api_is_a_reset_for_the_client(script: Script) -> None:
    async with bench(script) as at:
        with pytest.raises(ConnectionResetError):
            await at.say(request())

    assert [(seen.lost, seen.status_code) for seen in at.seen] == [(Lost.BY_SERVER, None)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(ENDS_UNHEARD, b"", id="ends_unheard"),
        pytest.param(TRUNCATED_HEAD, b"", id="truncated_head"),
        pytest.param(GARBAGE, b"", id="garbage"),
        pytest.param(SWITCH_PROTOCOLS, b"", id="switches_protocols"),
        pytest.param(huge_header, b"", id="huge_header"),
    ],
)
async def test_what_is_no_answer_ends_the_clients_connection_without_one(script: Script, expected: bytes) -> None:
    async with bench(script) as at:
        got = await at.say(request())

    assert got == expected
    assert [seen.lost for seen in at.seen] == [Lost.BY_SERVER]


@pytest.mark.parametrize(
    ("script", "end"),
    [
        pytest.param(ANNOUNCES_MORE, b"content-length: 100\r\nconnection: close\r\n\r\nhello", id="length"),
        pytest.param(TRUNCATED_CHUNKED, b"\r\n\r\n5\r\nhello\r\n", id="chunks"),
    ],
)
async def test_a_truncated_answer_is_truncated_for_the_client(script: Script, end: bytes) -> None:
    async with bench(script) as at:
        got = await at.say(request())

    assert got.endswith(end)
    assert [seen.lost for seen in at.seen] == [Lost.BY_SERVER]


async def test_trailers_without_measure_end_the_connection() -> None:
    async with bench(endless_trailers) as at:
        await at.say(request())

    assert [seen.lost for seen in at.seen] == [Lost.BY_SERVER]


async def test_bytes_behind_an_answer_never_reach_the_client_as_the_answer_to_its_next_request() -> None:
    kept = request().replace(b"Connection: close\r\n", b"")

    async with bench(TRAILING_BYTES) as at, await at.connect() as client:
        client.writer.write(kept)
        got = await client.rest()

    assert got == answer_bytes()
    assert at.seen[0].status_code == 200


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


async def test_an_early_answer_reaches_a_client_that_is_still_sending() -> None:
    async with bench(early_answer) as at, await at.connect() as client:
        client.writer.write(request(body=b"x" * 4_000_000))
        got = await client.until(b"\r\n\r\n")
        await client.exactly(22)

    assert got.startswith(b"HTTP/1.1 413 Content Too Large")
    assert [seen.status_code for seen in at.seen] == [413]


async def test_an_api_that_reads_nothing_stops_the_client_from_sending() -> None:
    async with bench(deaf) as at, await at.connect() as client:
        client.writer.write(request(body=b"x" * 30_000_000))
        await asyncio.sleep(0.3)
        unsent = client.writer.transport.get_write_buffer_size()

    assert unsent > 10_000_000


async def test_a_client_that_reads_nothing_stops_the_api_from_sending() -> None:
    sent = 0

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with bench(floods) as at, await at.connect() as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.write(request())
        await asyncio.sleep(0.3)
        before = sent
        await asyncio.sleep(0.2)
        after = sent

    assert after == before
    assert before < 30_000_000


async def test_a_huge_answer_passes_whole_and_is_kept_cut() -> None:
    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b"x" * 5_000_000))

    async with bench(large) as at:
        got = await at.say(request())

    assert len(got.partition(b"\r\n\r\n")[2]) == 5_000_000
    assert at.seen[0].answer is not None
    assert len(at.seen[0].answer.content) == 1024 * 1024
    assert at.seen[0].answer.json_problem == "the body is larger than a megabyte"


async def test_an_endless_answer_takes_no_more_memory_than_its_bound() -> None:
    async with bench(endless_body) as at, await at.connect() as client:
        client.writer.write(request())
        for _ in range(200):
            await client.exactly(65_536)

    assert at.seen[0].lost is Lost.BY_CLIENT
    assert at.seen[0].answer is not None
    assert len(at.seen[0].answer.content) == 1024 * 1024


async def test_an_api_that_can_not_be_reached_is_the_proxys_answer_and_no_evidence() -> None:
    recorder = Recorder()

    async with RecordingProxy(f"http://127.0.0.1:{closed_port()}", recorder) as proxy:
        host, _, port = proxy.base_url.rpartition("//")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request())
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        writer.close()
    envelope = orjson.loads(body)

    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (envelope["success"], envelope["code"]) == (False, "proxy_upstream_unreachable")
    assert (recorder.exchanges, recorder.unreachable) == ((), 1)


async def test_a_certificate_that_does_not_hold_is_an_api_that_can_not_be_reached(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)

    async with bench(
        WELL_BEHAVED, server_ssl=certificates.server("wrong_host"), upstream_ssl=certificates.client()
    ) as at:
        got = await at.say(request())

    assert b"proxy_upstream_unreachable" in got
    assert at.server.received in ([], [b""])
    assert (at.seen, at.recorder.unreachable) == ((), 1)


async def test_tls_on_both_sides_is_passed_through_and_noted(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)

    async with (
        bench(
            WELL_BEHAVED,
            server_ssl=certificates.server("good"),
            upstream_ssl=certificates.client(),
            ssl=certificates.server("good"),
        ) as at,
        await at.connect(certificates.client()) as client,
    ):
        client.writer.write(request())
        got = await client.rest()

    assert at.proxy.base_url.startswith("https://127.0.0.1:")
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert [(seen.over_tls, seen.from_loopback) for seen in at.seen] == [(True, True)]


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        pytest.param(b"this is no HTTP\r\n\r\n", b"400", id="garbage"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no_host"),
        pytest.param(b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", b"400", id="no_path"),
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


async def test_an_api_that_ends_an_idle_connection_ends_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ends_later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes())
        await asyncio.sleep(0.05)
        writer.close()

    async with bench(ends_later) as at, await at.connect() as client:
        client.writer.write(request().replace(b"Connection: close\r\n", b""))
        got = await client.rest()

    assert got == answer_bytes()
    assert at.seen[0].status_code == 200


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
