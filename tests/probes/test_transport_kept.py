"""When a connection carries another request, and what becomes of one that must not."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from support.hostile import (
    ANNOUNCES_LESS,
    BODY,
    ENDS_AFTERWARDS,
    WELL_BEHAVED,
    Hostile,
    Script,
    answer_bytes,
    answers,
    answers_and_resets,
    early_answer,
    late_bytes,
)
from support.loops import on_both_loops
from support.requests import lose, send

from probes.transport import Transport
from probes.words import FailureKind


@on_both_loops
async def test_requests_of_a_run_share_one_connection() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        responses = [await send(transport, server.url, content=b"{}") for _ in range(7)]

        assert [response.status_code for response in responses] == [200] * 7
        assert len(server.received) == 1
        assert server.received[0].count(b"POST / ") == 7


@on_both_loops
async def test_each_origin_has_its_own_connection() -> None:
    async with Hostile(WELL_BEHAVED) as api, Hostile(WELL_BEHAVED) as portal, Transport() as transport:
        for url in (api.url, portal.url, api.url, portal.url):
            await send(transport, url)

        assert [len(api.received), len(portal.received)] == [1, 1]


@on_both_loops
async def test_requests_at_the_same_time_do_not_share_a_connection() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        await asyncio.gather(*(send(transport, server.url) for _ in range(3)))
        await send(transport, server.url)
        await asyncio.sleep(0.01)

        assert sorted(received.count(b"GET / ") for received in server.received) == [1, 1, 2]
        assert sorted(server.left) == [False, True, True]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answers(answer_bytes(BODY, "connection: close")), id="it says close"),
        pytest.param(answers(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"), id="it speaks HTTP/1.0"),
        pytest.param(answers(answer_bytes(BODY, "keep-alive: timeout=1, max=9")), id="it closes within a second"),
        pytest.param(ENDS_AFTERWARDS, id="it ended the connection"),
    ],
)
@on_both_loops
async def test_a_connection_that_will_not_last_is_not_used_again(script: Script) -> None:
    async with Hostile(script, WELL_BEHAVED) as server, Transport() as transport:
        await send(transport, server.url)
        await asyncio.sleep(0.02)
        await send(transport, server.url)

        assert [received.count(b"GET / ") for received in server.received] == [1, 1]


@pytest.mark.parametrize(
    ("headers", "idle_seconds", "connections"),
    [
        pytest.param((), 0.9, 1, id="unsaid: a second is trusted"),
        pytest.param((), 1.1, 2, id="unsaid: not more"),
        pytest.param(("keep-alive: timeout=5",), 3.9, 1, id="said: up to a second before"),
        pytest.param(("keep-alive: max=3, timeout=5",), 4.1, 2, id="said: not longer"),
        pytest.param(("keep-alive: timeout=soon",), 1.1, 2, id="unreadable: as if unsaid"),
    ],
)
@on_both_loops
async def test_an_idle_connection_is_trusted_as_long_as_the_server_promises(
    headers: tuple[str, ...], idle_seconds: float, connections: int
) -> None:
    now = 100.0
    async with Hostile(answers(answer_bytes(BODY, *headers))) as server, Transport(clock=lambda: now) as transport:
        await send(transport, server.url)
        now += idle_seconds
        await send(transport, server.url)
        await asyncio.sleep(0.01)

        assert server.left == [True, False][-connections:]


@on_both_loops
async def test_bytes_on_an_idle_connection_end_its_use() -> None:
    async with Hostile(late_bytes, WELL_BEHAVED) as server, Transport() as transport:
        contents = [(await send(transport, server.url)).content]
        await asyncio.sleep(0.05)
        contents.append((await send(transport, server.url)).content)

        assert contents == [BODY, BODY]
        assert len(server.received) == 2


@on_both_loops
async def test_a_kept_connection_that_dies_unheard_is_told_as_kept() -> None:
    async with Hostile(answers_and_resets(answer_bytes(), requests=2)) as server, Transport() as transport:
        await send(transport, server.url)
        lost = await lose(transport, server.url)

    assert lost.kind is FailureKind.RESET
    assert (lost.kept, lost.first_byte_seen) == (True, False)
    assert lost.phases.connect is None


@on_both_loops
async def test_a_fresh_connection_that_dies_is_not_told_as_kept() -> None:
    async with Hostile(answers_and_resets(b"")) as server, Transport() as transport:
        lost = await lose(transport, server.url)

    assert (lost.kind, lost.kept, lost.first_byte_seen) == (FailureKind.RESET, False, False)


@on_both_loops
async def test_bytes_behind_the_end_spoil_answer_and_connection() -> None:
    async with Hostile(ANNOUNCES_LESS, WELL_BEHAVED) as server, Transport() as transport:
        lost = await lose(transport, server.url)
        response = await send(transport, server.url)

        assert lost.kind is FailureKind.PROTOCOL
        assert response.content == BODY
        assert len(server.received) == 2


@on_both_loops
async def test_an_answer_before_all_was_sent_is_taken_and_the_connection_is_not_kept() -> None:
    async with Hostile(early_answer, WELL_BEHAVED) as server, Transport() as transport:
        response = await send(transport, server.url, content=bytes(30_000_000))
        phases = response.extensions["phases"]
        await send(transport, server.url)

        assert response.status_code == 413
        assert phases.send > 0.0
        assert phases.wait == 0.0
        assert len(server.received) == 2


@on_both_loops
async def test_a_closed_transport_keeps_nothing() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        await send(transport, server.url)
        await transport.aclose()
        await asyncio.sleep(0.01)
        left = server.left
        for _ in range(2):
            await send(transport, server.url)

        assert left == [True]
        assert len(server.received) == 3


@on_both_loops
async def test_what_is_sent_once_only_waits_for_a_connection_that_the_server_has_shown_to_keep() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        answers = [await send(transport, server.url, once=once) for once in (False, True, False, True)]

    assert [answer.extensions["phases"].connect is None for answer in answers] == [False, False, True, True]


def _answer_once_and_leave(listener: socket.socket, closed: threading.Event) -> None:
    for _ in range(2):
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(65_536)
            accepted.sendall(answer_bytes())
        closed.set()


@on_both_loops
async def test_an_end_that_the_loop_has_not_read_yet_is_seen_before_the_connection_is_used() -> None:
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_answer_once_and_leave, args=(listener, closed))
        server.start()
        async with Transport() as transport:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            first = await send(transport, url)
            closed.wait(2.0)
            second = await send(transport, url)
        server.join()

    assert [first.status_code, second.status_code] == [200, 200]
    assert second.extensions["phases"].connect is not None
