"""Reaching an origin without a key: what comes of servers good and bad."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from pathlib import Path

import pytest
from support.certificates import Certificates
from support.hostile import Hostile, answer_bytes, answers, answers_and_ends, reset, silence

from probes.origin import Origin
from probes.reach import Reached, reach
from probes.words import FailureKind

NOON = 1_795_521_600.0
DATE = "date: Tue, 24 Nov 2026 12:00:00 GMT"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def reached(server: Hostile, ask: str | None = None, *, now: float = NOON, seconds: float = 2.0) -> Reached:
    return await reach(Origin.of(server.url), seconds=seconds, ask=ask, now=lambda: now)


async def test_a_server_that_accepts_is_reached_and_sent_nothing() -> None:
    async with Hostile(silence) as server:
        found = await reached(server)
        await asyncio.sleep(0.05)
        sent = server.received

    assert (found.kind, found.problem) == (None, None)
    assert found.phases.connect is not None
    assert sent == [b""]


async def test_a_request_for_the_time_carries_no_key_and_no_body() -> None:
    async with Hostile(answers(answer_bytes(b"{}", DATE))) as server:
        found = await reached(server, "/llms.txt", now=NOON + 100)
        (sent,) = server.received

    assert found.clock_ahead_seconds == pytest.approx(99.5)
    assert sent.decode().split("\r\n") == [
        "GET /llms.txt HTTP/1.1",
        f"host: 127.0.0.1:{server.port}",
        "accept-encoding: identity",
        "connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answers(answer_bytes()), id="no-date"),
        pytest.param(answers(answer_bytes(b"{}", "date: yesterday")), id="no-moment"),
        pytest.param(answers(answer_bytes(b"{}", "date: \xff\xfe")), id="not-ascii"),
        pytest.param(answers(answer_bytes(b"{}", "date: Tue, 24 Nov 99999999 12:00:00 GMT")), id="no-year"),
        pytest.param(answers_and_ends(b"HTTP/1.1 200 OK\r\n"), id="cut-off"),
        pytest.param(answers_and_ends(b"SSH-2.0-OpenSSH\r\n"), id="not-http"),
        pytest.param(silence, id="silent"),
    ],
)
async def test_a_server_that_tells_no_time_is_reached_all_the_same(script: object) -> None:
    async with Hostile(script) as server:  # type: ignore[arg-type]
        found = await reached(server, "/llms.txt", seconds=0.3)

    assert (found.kind, found.clock_ahead_seconds) == (None, None)


async def test_a_closed_port_is_not_reached() -> None:
    async with Hostile(silence) as server:
        pass
    found = await reached(server)

    assert found.kind is FailureKind.CONNECT
    assert re.search("refused", found.problem or "", re.IGNORECASE)


async def test_a_name_without_an_address_is_not_reached() -> None:
    async def nowhere(_host: str, _port: int) -> list[object]:
        return []

    found = await reach(Origin.of("https://nowhere.example"), seconds=2, resolve=nowhere)  # type: ignore[arg-type]

    assert found.kind is FailureKind.DNS


async def test_a_name_server_that_does_not_answer_costs_no_more_than_the_time_that_there_is() -> None:
    async def never(_host: str, _port: int) -> list[object]:
        await asyncio.Event().wait()
        return []

    began = time.monotonic()
    found = await reach(Origin.of("https://slow.example"), seconds=0.2, resolve=never)  # type: ignore[arg-type]

    assert found.kind is FailureKind.TIMEOUT
    assert time.monotonic() - began < 1.5


async def test_over_tls_the_end_of_the_certificate_is_seen(certificates: Certificates) -> None:
    async with Hostile(silence, ssl_context=certificates.server("good")) as server:
        found = await reach(Origin.of(server.url), seconds=2, ssl_context=certificates.client)

    assert found.kind is None
    assert found.certificate_expires_at == ssl.cert_time_to_seconds("Jan  1 00:00:00 2049 GMT")


@pytest.mark.parametrize("wrong", ["expired", "wrong_host", "self_signed"])
async def test_a_wrong_certificate_is_no_way_in(certificates: Certificates, wrong: str) -> None:
    async with Hostile(silence, ssl_context=certificates.server(wrong)) as server:
        found = await reach(Origin.of(server.url), seconds=2, ask="/llms.txt", ssl_context=certificates.client)
        sent = b"".join(server.received)

    assert found.kind is FailureKind.TLS
    assert sent == b""


async def test_a_server_that_resets_after_the_request_is_reached() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        reset(writer)

    async with Hostile(script) as server:
        found = await reached(server, "/llms.txt")

    assert (found.kind, found.clock_ahead_seconds) == (None, None)


async def test_no_connection_is_left_open(tmp_path: Path) -> None:
    async with Hostile(silence) as server:
        await reached(server)
        async with asyncio.timeout(2):
            while server.left != [True]:
                await asyncio.sleep(0.01)

    assert server.left == [True]
