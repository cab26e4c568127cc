"""Where the time of an attempt went, stamped where it was spent."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.hostile import (
    WELL_BEHAVED,
    Hostile,
    answer_bytes,
    dawdler,
    read_request,
)
from support.loops import on_both_loops
from support.requests import lose, send

from probes.model import Phases
from probes.transport import Transport
from probes.words import FailureKind


@on_both_loops
async def test_phases_of_a_fresh_and_of_a_kept_connection() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = answer_bytes()
        while True:
            await read_request(reader)
            await asyncio.sleep(0.05)
            writer.write(wire[:-5])
            await asyncio.sleep(0.03)
            writer.write(wire[-5:])

    async with Hostile(script) as server, Transport() as transport:
        fresh, kept = [(await send(transport, server.url)).extensions for _ in range(2)]

    for extensions in (fresh, kept):
        phases = extensions["phases"]
        assert phases.send < 0.04
        assert 0.045 < phases.wait < 0.3
        assert 0.025 < phases.receive < 0.3
        assert extensions["duration_seconds"] == pytest.approx(phases.send + phases.wait + phases.receive)
    assert fresh["phases"].connect > 0.0
    assert (fresh["phases"].dns, fresh["phases"].tls) == (None, None)
    assert (kept["phases"].dns, kept["phases"].connect, kept["phases"].tls) == (None, None, None)


@on_both_loops
async def test_the_wait_ends_with_the_final_answer_not_with_an_interim_one() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(answer_bytes())

    async with Hostile(script) as server, Transport() as transport:
        phases = (await send(transport, server.url)).extensions["phases"]

    assert phases.wait > 0.04
    assert phases.receive < 0.04


@on_both_loops
async def test_sending_ends_when_the_last_byte_has_left() -> None:
    async with Hostile(dawdler) as server, Transport() as transport:
        phases = (await send(transport, server.url, content=bytes(30_000_000))).extensions["phases"]

    assert phases.send > 0.09
    assert 0.09 < phases.wait < 0.4


@on_both_loops
async def test_an_answer_that_begins_before_all_was_sent_ends_the_sending() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer_bytes()[:-5])
        await asyncio.sleep(0.1)
        await reader.readexactly(30_000_000)
        writer.write(answer_bytes()[-5:])

    async with Hostile(script) as server, Transport() as transport:
        phases = (await send(transport, server.url, content=bytes(30_000_000))).extensions["phases"]

    assert phases.send < 0.09
    assert phases.wait == 0.0
    assert phases.receive > 0.09


@on_both_loops
async def test_stamps_are_made_where_bytes_arrive_not_where_a_coroutine_wakes() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer_bytes())
        for _ in range(5):  # a busy loop: whoever wakes, wakes late
            asyncio.get_running_loop().call_soon(time.sleep, 0.02)
            await asyncio.sleep(0)

    async with Hostile(script) as server, Transport() as transport:
        began = time.perf_counter()
        extensions = (await send(transport, server.url)).extensions
        woke_after = time.perf_counter() - began

    assert extensions["phases"].receive == pytest.approx(0.0, abs=0.01)
    assert extensions["duration_seconds"] < woke_after - 0.015


@on_both_loops
async def test_without_time_left_nothing_is_sent() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        await send(transport, server.url)
        lost = await lose(transport, server.url, seconds=-0.01)
        await send(transport, server.url)

        assert lost.kind is FailureKind.TIMEOUT
        assert (lost.duration_seconds, lost.phases, lost.kept) == (0.0, Phases(), False)
        assert [received.count(b"GET / ") for received in server.received] == [2]
