"""Names: looked up within the deadline, on threads that hold nobody up."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest
from aiohappyeyeballs import AddrInfoType
from support.hostile import WELL_BEHAVED, Hostile, closed_port, full_backlog
from support.loops import on_both_loops
from support.requests import SOON, lose, send

from probes.errors import LocalResourceError
from probes.http.resolver import Resolver
from probes.transport import Transport
from probes.words import FailureKind


def _address(port: int, host: str = "127.0.0.1") -> AddrInfoType:
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


@on_both_loops
async def test_a_name_is_looked_up_and_the_time_it_took_told() -> None:
    async def resolve(host: str, port: int) -> Sequence[AddrInfoType]:
        await asyncio.sleep(0.05)
        asked.append((host, port))
        return [_address(server.port)]

    asked: list[tuple[str, int]] = []
    async with Hostile(WELL_BEHAVED) as server, Transport(resolve=resolve) as transport:
        fresh, kept = [(await send(transport, "http://api.example:8080/")).extensions["phases"] for _ in range(2)]

        assert asked == [("api.example", 8080)]
        assert b"Host: api.example:8080\r\n" in server.received[0]
        assert (fresh.dns > 0.045, fresh.connect < 0.04, kept.dns) == (True, True, None)


@on_both_loops
async def test_the_machine_s_own_resolver_knows_localhost() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        response = await send(transport, f"http://localhost:{server.port}/")

    assert response.status_code == 200
    assert response.extensions["phases"].dns > 0.0


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        pytest.param(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "not known", id="no such name"),
        pytest.param(socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure", id="no server"),
        pytest.param(UnicodeError("label too long"), "no valid name", id="no valid name"),
        pytest.param(None, "it has none", id="no address"),
    ],
)
@on_both_loops
async def test_a_name_without_an_address_is_a_dns_failure(error: Exception | None, detail: str) -> None:
    def look_up(_host: str, _port: int) -> Sequence[AddrInfoType]:
        if error is not None:
            raise error
        return []

    lost = await lose(Transport(resolve=Resolver(look_up)), "http://api.example/?token=secret")

    assert lost.kind is FailureKind.DNS
    assert lost.detail.startswith("no address for api.example: ")
    assert detail in lost.detail
    assert lost.phases.dns is not None
    assert (lost.phases.connect, lost.duration_seconds) == (None, 0.0)


@on_both_loops
async def test_a_failing_machine_in_a_lookup_is_not_the_name_s_fault() -> None:
    def look_up(_host: str, _port: int) -> Sequence[AddrInfoType]:
        raise OSError(24, "Too many open files")

    with pytest.raises(LocalResourceError):
        await send(Transport(resolve=Resolver(look_up)), "http://api.example/")


@on_both_loops
async def test_a_lookup_without_an_answer_ends_at_the_deadline() -> None:
    def look_up(_host: str, port: int) -> Sequence[AddrInfoType]:
        release.wait(5)
        return [_address(port)]

    release = threading.Event()
    resolver = Resolver(look_up)
    began = time.monotonic()
    lost = await lose(Transport(resolve=resolver), "http://api.example/", seconds=SOON)
    took = time.monotonic() - began
    release.set()

    assert (lost.kind, lost.detail) == (FailureKind.TIMEOUT, "the deadline passed in phase dns")
    assert took < SOON + 0.4
    assert lost.phases.dns == pytest.approx(SOON, abs=0.1)


@on_both_loops
async def test_a_stuck_name_leaves_other_names_and_other_threads_alone() -> None:
    def look_up(host: str, port: int) -> Sequence[AddrInfoType]:
        if host == "stuck.example":
            under_way.append(port)
            release.wait(5)
        return [_address(port)]

    under_way: list[int] = []
    release = threading.Event()
    resolver = Resolver(look_up, most_at_once=4)
    stuck = [asyncio.ensure_future(resolver("stuck.example", 80)) for _ in range(50)]
    began = time.monotonic()
    found = await resolver("other.example", 81)
    took = time.monotonic() - began
    await asyncio.sleep(0.02)
    most_stuck = len(under_way)
    release.set()
    answers = await asyncio.gather(*stuck)

    assert most_stuck == 4
    assert found == [_address(81)]
    assert took < 0.2
    assert answers == [[_address(80)]] * 50


@on_both_loops
async def test_questions_that_nobody_waits_for_are_not_asked() -> None:
    def look_up(_host: str, port: int) -> Sequence[AddrInfoType]:
        asked.append(port)
        release.wait(5)
        return [_address(port)]

    asked: list[int] = []
    release = threading.Event()
    resolver = Resolver(look_up, most_at_once=1)
    waiting = [asyncio.ensure_future(resolver("api.example", port)) for port in (1, 2, 3)]
    await asyncio.sleep(0.01)
    waiting[1].cancel()
    await asyncio.sleep(0)
    release.set()
    await waiting[2]

    assert asked == [1, 3]


@on_both_loops
async def test_without_a_thread_for_the_lookup_it_is_the_monitor_s_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = Resolver(lambda _host, port: [_address(port)])
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(LocalResourceError):
            await resolver("api.example", 80)

    assert await resolver("api.example", 80) == [_address(80)]


def test_a_stuck_lookup_does_not_delay_the_end_of_the_process() -> None:
    script = (
        "import asyncio, time\n"
        "from probes.http.resolver import Resolver\n"
        "async def main():\n"
        "    try:\n"
        "        await asyncio.wait_for(Resolver(lambda *_: time.sleep(30))('api.example', 80), 0.05)\n"
        "    except TimeoutError:\n"
        "        print('gave up')\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=10, check=False, env=environment
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "gave up\n", "")


@on_both_loops
async def test_an_address_that_refuses_is_passed_over_for_the_next() -> None:
    async with Hostile(WELL_BEHAVED) as server:

        async def resolve(_host: str, _port: int) -> Sequence[AddrInfoType]:
            return [_address(closed_port()), _address(server.port)]

        async with Transport(resolve=resolve) as transport:
            response = await send(transport, "http://api.example/")

    assert response.status_code == 200


@on_both_loops
async def test_an_address_that_says_nothing_is_overtaken_by_the_next() -> None:
    with full_backlog() as black_hole:
        async with Hostile(WELL_BEHAVED) as server:

            async def resolve(_host: str, _port: int) -> Sequence[AddrInfoType]:
                return [_address(black_hole), _address(server.port)]

            async with Transport(resolve=resolve) as transport:
                phases = (await send(transport, "http://api.example/")).extensions["phases"]

    assert 0.2 < phases.connect < 1.0


@on_both_loops
async def test_addresses_that_fail_in_different_ways_are_all_told() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[AddrInfoType]:
        unroutable = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("255.255.255.255", 9))
        return [_address(closed_port()), unroutable]

    lost = await lose(Transport(resolve=resolve), "http://api.example/")

    assert lost.kind is FailureKind.CONNECT
    assert "Multiple exceptions" in lost.detail


@on_both_loops
async def test_an_ipv6_literal_needs_no_lookup() -> None:
    lost = await lose(Transport(resolve=Resolver(_never)), f"http://[::1]:{closed_port()}/")

    assert lost.kind is FailureKind.CONNECT
    assert lost.phases.dns is None


def _never(_host: str, _port: int) -> Sequence[AddrInfoType]:
    raise AssertionError("a literal address was looked up")
