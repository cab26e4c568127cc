"""What the loop may say to a connection in an order that no server on loopback can be made to cause."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.hostile import Hostile, answer_bytes, dawdler, silence
from support.loops import on_both_loops

from probes.errors import LocalResourceError
from probes.http.attempt import Lost, Stopwatch
from probes.http.connection import Connection
from probes.http.parser import Bounds, Incoming
from probes.words import FailureKind


@asynccontextmanager
async def _under_way() -> AsyncIterator[tuple[Connection, asyncio.Task[Incoming]]]:
    """A connection whose request has been sent to a server that stays silent."""
    loop = asyncio.get_running_loop()
    async with Hostile(silence) as server:
        connection = Connection(bounds=Bounds(), clock=time.perf_counter)
        await loop.create_connection(lambda: connection, "127.0.0.1", server.port)
        request = b"GET / HTTP/1.1\r\n\r\n"
        watch = Stopwatch(time.perf_counter)
        exchange = asyncio.ensure_future(connection.exchange(request, deadline=loop.time() + 5, watch=watch))
        await asyncio.sleep(0.01)
        yield connection, exchange
        connection.abort()


@on_both_loops
async def test_bytes_right_behind_an_answer_that_nobody_has_taken_yet_spoil_it() -> None:
    async with _under_way() as (connection, exchange):
        connection.data_received(answer_bytes())
        connection.data_received(b"more")
        with pytest.raises(Lost) as lost:
            await exchange

    assert lost.value.kind is FailureKind.PROTOCOL
    assert not connection.usable


@on_both_loops
async def test_an_end_right_behind_an_answer_leaves_it_whole_but_the_connection_unusable() -> None:
    async with _under_way() as (connection, exchange):
        connection.data_received(answer_bytes())
        connection.eof_received()
        incoming = await exchange

    assert incoming.status_code == 200
    assert not connection.usable


@on_both_loops
async def test_the_first_reason_to_lose_an_answer_is_the_one_that_is_told() -> None:
    async with _under_way() as (connection, exchange):
        connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n")
        connection.data_received(b"x")
        connection.connection_lost(ConnectionResetError(errno.ECONNRESET, "reset"))
        with pytest.raises(Lost) as lost:
            await exchange

    assert lost.value.kind is FailureKind.BODY_TOO_LARGE


@on_both_loops
async def test_no_buffers_left_while_sending_is_the_monitor_s_own_fault() -> None:
    async with _under_way() as (connection, exchange):
        connection.connection_lost(OSError(errno.ENOBUFS, "No buffer space available"))
        with pytest.raises(LocalResourceError):
            await exchange


@on_both_loops
async def test_the_end_of_sending_is_seen_however_little_is_left_in_the_buffer() -> None:
    loop = asyncio.get_running_loop()
    connection = Connection(bounds=Bounds(), clock=time.perf_counter)
    watch = Stopwatch(time.perf_counter)
    request = b"POST / HTTP/1.1\r\ncontent-length: 50000\r\n\r\n" + bytes(50_000)
    async with Hostile(dawdler, receive_buffer_bytes=4096) as server:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", server.port))
        await loop.create_connection(lambda: connection, sock=sock)
        await connection.exchange(request, deadline=loop.time() + 5, watch=watch)
        connection.abort()
    phases = watch.phases

    assert phases.send is not None
    assert phases.wait is not None
    assert (phases.send > 0.09, phases.wait > 0.09) == (True, True)
