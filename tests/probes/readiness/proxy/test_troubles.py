from __future__ import annotations

import asyncio
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
    Script,
    answer_bytes,
    closed_port,
    deaf,
    early_answer,
    endless_body,
    endless_trailers,
    huge_header,
    read_request,
    reset_mid_body,
)
from support.proxying import bench, request

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
