"""Every way to lose an answer has its kind, its phases, and an end by the deadline."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohappyeyeballs import AddrInfoType
from support.hostile import (
    ANNOUNCES_LESS,
    ANNOUNCES_MORE,
    ANNOUNCES_TERABYTES,
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
    answers,
    answers_and_ends,
    closed_port,
    deaf,
    drip_1xx,
    drip_body,
    drip_header,
    endless_body,
    endless_chunk_extensions,
    endless_chunks,
    endless_trailers,
    flood_1xx,
    full_backlog,
    half_close,
    huge_header,
    read_request,
    reset,
    reset_mid_body,
    silence,
)
from support.loops import on_both_loops
from support.requests import SOON, lose, send

from probes.errors import LocalResourceError
from probes.transport import Transport, TransportFailure
from probes.words import FailureKind


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _filled(lost: TransportFailure) -> list[str]:
    names = ("dns", "connect", "tls", "send", "wait", "receive")
    return [name for name in names if getattr(lost.phases, name) is not None]


@pytest.mark.parametrize(
    ("script", "kind", "detail"),
    [
        pytest.param(ENDS_UNHEARD, FailureKind.RESET, "before the first byte", id="ends unheard"),
        pytest.param(half_close, FailureKind.RESET, "before the first byte", id="half close"),
        pytest.param(RESETS_UNHEARD, FailureKind.RESET, "reset by peer", id="resets unheard"),
        pytest.param(reset_mid_body, FailureKind.RESET, "reset by peer", id="resets mid body"),
        pytest.param(TRUNCATED_HEAD, FailureKind.TRUNCATED, "in the head", id="head cut off"),
        pytest.param(ANNOUNCES_MORE, FailureKind.TRUNCATED, "after 5 bytes", id="announces more than it sends"),
        pytest.param(TRUNCATED_CHUNKED, FailureKind.TRUNCATED, "after 5 bytes", id="chunks cut off"),
        pytest.param(GARBAGE, FailureKind.PROTOCOL, "breaks HTTP", id="garbage"),
        pytest.param(SWITCH_PROTOCOLS, FailureKind.PROTOCOL, "101", id="switches protocols"),
        pytest.param(TRAILING_BYTES, FailureKind.PROTOCOL, "behind the end", id="a second answer"),
        pytest.param(ANNOUNCES_LESS, FailureKind.PROTOCOL, "behind the end", id="announces less than it sends"),
        pytest.param(
            answers(answer_bytes(b"{}", "connection: close") + b"x"),
            FailureKind.PROTOCOL,
            "behind the end",
            id="more after its close",
        ),
        pytest.param(flood_1xx, FailureKind.PROTOCOL, "more than 20", id="flood of interim answers"),
        pytest.param(huge_header, FailureKind.PROTOCOL, "65,536 bytes of headers", id="huge header"),
        pytest.param(
            answers(answer_bytes(b"{}", *(f"x-{number}: {'v' * 1000}" for number in range(70)))),
            FailureKind.PROTOCOL,
            "65,536 bytes of headers",
            id="many headers",
        ),
        pytest.param(endless_trailers, FailureKind.PROTOCOL, "65,536 bytes of headers", id="endless trailers"),
        pytest.param(
            answers(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            FailureKind.PROTOCOL,
            "breaks HTTP",
            id="two framings",
        ),
        pytest.param(
            answers(b"HTTP/2.0 200 OK\r\ncontent-length: 1\r\n\r\nx"), FailureKind.PROTOCOL, "version", id="HTTP/2.0"
        ),
        pytest.param(
            answers(b"HTTP/1.1 099 OK\r\ncontent-length: 1\r\n\r\nx"), FailureKind.PROTOCOL, "99", id="status 099"
        ),
        pytest.param(endless_body, FailureKind.BODY_TOO_LARGE, "1,048,576 bytes", id="endless body"),
        pytest.param(endless_chunks, FailureKind.BODY_TOO_LARGE, "1,048,576 bytes", id="endless chunks"),
        pytest.param(endless_chunk_extensions, FailureKind.BODY_TOO_LARGE, "1,048,576 bytes", id="endless extensions"),
        pytest.param(ANNOUNCES_TERABYTES, FailureKind.BODY_TOO_LARGE, "1,048,576 bytes", id="announces terabytes"),
    ],
)
@on_both_loops
async def test_a_broken_answer_is_told_by_its_kind(script: Script, kind: FailureKind, detail: str) -> None:
    async with Hostile(script) as server, Transport() as transport:
        lost = await lose(transport, server.url, content=b"{}")

    assert (lost.kind, detail in lost.detail) == (kind, True), lost.detail
    assert lost.kept is False
    assert lost.first_byte_seen is not (script in (ENDS_UNHEARD, half_close, RESETS_UNHEARD))
    assert 0.0 < lost.duration_seconds < 1.0


@pytest.mark.parametrize(
    ("script", "phase", "content"),
    [
        pytest.param(silence, "wait", b"{}", id="silence"),
        pytest.param(drip_1xx, "wait", b"{}", id="interim answers"),
        pytest.param(drip_header, "receive", b"{}", id="dripping head"),
        pytest.param(drip_body, "receive", b"{}", id="dripping body"),
        pytest.param(deaf, "send", bytes(30_000_000), id="a request that doesn't leave"),
    ],
)
@on_both_loops
async def test_a_slow_answer_ends_at_the_deadline_and_names_the_phase(
    script: Script, phase: str, content: bytes
) -> None:
    async with Hostile(script) as server, Transport() as transport:
        began = time.monotonic()
        lost = await lose(transport, server.url, content=content, seconds=SOON)
        took = time.monotonic() - began

    assert lost.kind is FailureKind.TIMEOUT
    assert lost.detail == f"the deadline passed in phase {phase}"
    assert SOON - 0.01 < took < SOON + 0.4
    assert _filled(lost) == ["connect", *["send", "wait", "receive"][: 1 + ["send", "wait", "receive"].index(phase)]]
    assert SOON / 2 < lost.duration_seconds < SOON + 0.4


@on_both_loops
async def test_a_server_that_never_accepts_runs_out_of_time_in_connect() -> None:
    with full_backlog() as port:
        began = time.monotonic()
        lost = await lose(Transport(), f"http://127.0.0.1:{port}", seconds=SOON)
        took = time.monotonic() - began

    assert (lost.kind, lost.detail) == (FailureKind.TIMEOUT, "the deadline passed in phase connect")
    assert took < SOON + 0.4
    assert _filled(lost) == ["connect"]
    assert (lost.duration_seconds, lost.first_byte_seen) == (0.0, False)


@on_both_loops
async def test_a_refused_connection_is_a_connect_failure() -> None:
    lost = await lose(Transport(), f"http://127.0.0.1:{closed_port()}/?token=secret")

    assert lost.kind is FailureKind.CONNECT
    assert "Connection refused" in lost.detail
    assert "secret" not in lost.detail
    assert (_filled(lost), lost.duration_seconds) == (["connect"], 0.0)


@on_both_loops
async def test_when_every_address_refuses_it_is_a_connect_failure() -> None:
    port = closed_port()
    lost = await lose(Transport(), f"http://localhost:{port}")

    assert lost.kind is FailureKind.CONNECT
    assert _filled(lost) == ["dns", "connect"]


@on_both_loops
async def test_no_file_descriptors_left_is_the_monitor_s_own_fault() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            with pytest.raises(LocalResourceError, match="Too many open files"):
                await send(transport, server.url)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert (await send(transport, server.url)).status_code == 200


@on_both_loops
async def test_no_descriptors_left_counts_more_than_what_else_went_wrong() -> None:
    async def resolve(_host: str, port: int) -> Sequence[AddrInfoType]:
        no_family = (9999, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        return [no_family, (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
    try:
        with pytest.raises(LocalResourceError, match="Too many open files"):
            await send(Transport(resolve=resolve), "http://api.example/")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@on_both_loops
async def test_an_endless_body_is_bounded_while_it_arrives() -> None:
    sent = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()
            await asyncio.sleep(0)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with Hostile(script) as server, Transport(most_body_bytes=100_000) as transport:
        lost = await lose(transport, server.url)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        assert lost.kind is FailureKind.BODY_TOO_LARGE
        assert sent < 16_000_000
        assert after - before < 16_384


@on_both_loops
async def test_a_byte_over_the_bound_is_too_much_even_if_unannounced() -> None:
    wire = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001
    async with Hostile(answers_and_ends(wire)) as server, Transport(most_body_bytes=100_000) as transport:
        lost = await lose(transport, server.url)

    assert (lost.kind, lost.detail) == (FailureKind.BODY_TOO_LARGE, "the answer has more than 100,000 bytes of body")


@pytest.mark.parametrize("size", [99_999, 100_000])
@on_both_loops
async def test_a_body_up_to_the_bound_is_taken(size: int) -> None:
    async with Hostile(answers(answer_bytes(b"x" * size))) as server, Transport(most_body_bytes=100_000) as transport:
        response = await send(transport, server.url)

    assert len(response.content) == size


@on_both_loops
async def test_thousands_of_cancelled_requests_leave_nothing_behind() -> None:
    async with Hostile(silence) as server, Transport() as transport:
        before = _open_files()
        for _ in range(20):
            under_way = [asyncio.ensure_future(send(transport, server.url)) for _ in range(100)]
            for round_ in range(6):  # some while they connect, some while they wait
                await asyncio.sleep(0.001 * (round_ % 2))
                for task in under_way[round_::6]:
                    task.cancel()
            ended = await asyncio.gather(*under_way, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended)
        async with Hostile(WELL_BEHAVED) as healthy:
            response = await send(transport, healthy.url)
    await transport.aclose()
    await asyncio.sleep(0.02)

    assert response.status_code == 200
    assert _open_files() < before


@on_both_loops
async def test_a_cancelled_connection_is_never_used_again() -> None:
    async def answers_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes(b'"first"'))
        await read_request(reader)
        await asyncio.sleep(0.05)
        writer.write(answer_bytes(b'"meant for the cancelled one"'))

    async with Hostile(answers_late, WELL_BEHAVED) as server, Transport() as transport:
        await send(transport, server.url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(send(transport, server.url), 0.02)
        await asyncio.sleep(0.01)
        left = server.left
        response = await send(transport, server.url)

        assert left == [True]
        assert response.json() == {"data": {"ok": True}}
        assert len(server.received) == 2


@on_both_loops
async def test_after_the_deadline_a_late_answer_reaches_nobody() -> None:
    async def answers_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(0.1)
        writer.write(answer_bytes(b'"late"'))

    async with Hostile(answers_late, WELL_BEHAVED) as server, Transport() as transport:
        lost = await lose(transport, server.url, seconds=0.05)
        await asyncio.sleep(0.1)
        left = server.left
        response = await send(transport, server.url)

        assert (lost.kind, left) == (FailureKind.TIMEOUT, [True])
        assert response.json() == {"data": {"ok": True}}


@on_both_loops
async def test_failures_leave_no_open_files() -> None:
    scripts = (silence, reset_mid_body, ANNOUNCES_MORE, GARBAGE, TRAILING_BYTES, endless_body, drip_body, half_close)
    counts = []
    for _ in range(2):  # the first round opens what the loop itself needs
        async with Hostile(*scripts) as server, Transport() as transport:
            for _ in scripts:
                await lose(transport, server.url, seconds=0.05)
            for _ in range(30):
                await lose(transport, f"http://127.0.0.1:{closed_port()}")
        await asyncio.sleep(0.02)
        counts.append(_open_files())

    assert counts[1] <= counts[0]


@on_both_loops
async def test_a_reset_between_connecting_and_sending_is_a_reset() -> None:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with Hostile(script) as server, Transport() as transport:
        kinds = {(await lose(transport, server.url)).kind for _ in range(20)}

    assert kinds == {FailureKind.RESET}


@pytest.mark.parametrize(
    ("script", "status_code"),
    [
        pytest.param(endless_body, 200, id="a body without measure"),
        pytest.param(reset_mid_body, 200, id="a body that breaks off"),
        pytest.param(drip_header, None, id="a head that never ends"),
        pytest.param(silence, None, id="no answer"),
    ],
)
async def test_a_lost_answer_still_says_what_status_its_head_had(script: Script, status_code: int | None) -> None:
    async with Hostile(script) as server:
        failure = await lose(Transport(), server.url, seconds=0.5)

    assert failure.status_code == status_code
