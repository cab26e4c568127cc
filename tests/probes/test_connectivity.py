"""A lost connection says nothing of the API while none of the references can be reached either."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from support.clocks import Hand
from support.facts import a_failure, a_start, an_exchange
from support.playing import Heard, target_for

from probes.connectivity import Connectivity, may_be_ours
from probes.ledger import MemoryLedger
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.words import FailureKind, FaultKind, Outcome


@contextmanager
def closed_port() -> Iterator[str]:
    """An address that refuses connections for as long as the test holds it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


@contextmanager
def silent_port() -> Iterator[str]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        yield f"127.0.0.1:{address[1]}"
        for filler in fillers:
            filler.close()


class Door:
    """A reference that counts who came."""

    def __init__(self) -> None:
        self.visits = 0
        self.address = ""

    def come(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@asynccontextmanager
async def open_door(host: str = "127.0.0.1") -> AsyncIterator[Door]:
    door = Door()
    async with await asyncio.start_server(door.come, host, 0) as server:
        port = server.sockets[0].getsockname()[1]
        door.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        yield door


async def lost(connectivity: Connectivity, *, faults: tuple[str, ...] = ()) -> tuple[Heard, str | None]:
    """What was heard of a search whose connection is lost at once (without faults: nobody listens), and its reason."""
    heard = Heard()
    runner = Runner(ledger=MemoryLedger(), listener=heard, connectivity=connectivity, uniform=lambda *_: 0.0)
    async with SandboxServer(faults=faults) as sandbox:
        target = target_for(sandbox)
        if faults:
            run = await runner.play(shipped()["quick_search"], target, deadline_seconds=1.0)
    if not faults:
        run = await runner.play(shipped()["quick_search"], target, deadline_seconds=1.0)
    return heard, run.reason


async def test_a_lost_connection_while_every_reference_is_unreachable_is_unknown_and_ours() -> None:
    with closed_port() as one, silent_port() as two:
        heard, reason = await lost(Connectivity([one, two]))
    (run,) = heard.runs

    assert (run.outcome, reason) == (Outcome.UNKNOWN, FaultKind.OFFLINE)
    assert one in str(run.detail)
    assert [fault.kind for fault in heard.faults] == [FaultKind.OFFLINE]
    assert run.failed_step is not None


async def test_a_lost_connection_while_one_reference_can_be_reached_is_the_api_s() -> None:
    async with open_door() as door:
        with closed_port() as closed:
            heard, reason = await lost(Connectivity([closed, door.address]))

    assert (heard.runs[0].outcome, reason) == (Outcome.FAILED, FailureKind.CONNECT)
    assert heard.faults == []


async def test_without_references_a_lost_connection_stays_a_failure() -> None:
    heard, reason = await lost(Connectivity())

    assert (heard.runs[0].outcome, reason) == (Outcome.FAILED, FailureKind.CONNECT)


@pytest.mark.parametrize("fault", ["hang@create_session", "reset@search", "truncated@search"])
async def test_other_losses_of_a_connection_are_looked_into_too(fault: str) -> None:
    with closed_port() as closed:
        _, reason = await lost(Connectivity([closed]), faults=(fault,))

    assert reason == FaultKind.OFFLINE


@pytest.mark.parametrize("fault", ["server_error_before@create_session", "not_json@search", "wrong_status@search"])
async def test_an_answer_is_judged_whatever_the_references_say(fault: str) -> None:
    with closed_port() as closed:
        heard, _ = await lost(Connectivity([closed]), faults=(fault,))

    assert heard.runs[0].outcome is Outcome.FAILED


def test_a_loss_that_proves_an_answer_is_never_ours() -> None:
    ours = {kind for kind in FailureKind if may_be_ours(a_failure(kind))}

    assert ours == {"dns", "connect", "timeout", "reset", "truncated"}


async def test_a_run_ends_within_a_second_of_its_deadline_though_its_references_stay_silent() -> None:
    began = time.monotonic()
    with silent_port() as silent:
        _, reason = await lost(Connectivity([silent]), faults=("hang@search",))

    assert reason == FaultKind.OFFLINE
    assert time.monotonic() - began < 1.0 + 1.0


async def test_a_run_that_is_cancelled_while_the_references_are_tried_can_tell_nothing() -> None:
    heard = Heard()
    with silent_port() as silent:
        runner = Runner(ledger=MemoryLedger(), listener=heard, connectivity=Connectivity([silent]))
        async with SandboxServer() as sandbox:
            gone = target_for(sandbox)
        playing = asyncio.create_task(runner.play(shipped()["quick_search"], gone))
        while not heard.exchanges:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        playing.cancel()
        await asyncio.wait([playing])
    (run,) = heard.runs

    assert playing.cancelled()
    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.CANCELLED)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_a_reference_is_an_address_or_a_name(host: str) -> None:
    async with open_door(host) as door:
        assert not await Connectivity([door.address]).offline()


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    assert await Connectivity(["nowhere.invalid:443"]).offline()


async def test_many_runs_that_fail_at_once_share_one_trial() -> None:
    async with open_door() as door:
        connectivity = Connectivity([door.address])
        exchange = an_exchange(failure=a_failure(FailureKind.RESET), expected=False)
        for _ in range(200):
            connectivity.exchange_finished(a_start(), "search", exchange)
        offline = await asyncio.gather(*(connectivity.offline() for _ in range(200)))
        await asyncio.sleep(0.05)

    assert door.visits == 1
    assert set(offline) == {False}


@pytest.mark.parametrize(("kind", "visits"), [(FailureKind.TIMEOUT, 1), (FailureKind.PROTOCOL, 0)])
async def test_the_references_are_tried_as_soon_as_an_exchange_is_lost(kind: FailureKind, visits: int) -> None:
    async with open_door() as door:
        exchange = an_exchange(failure=a_failure(kind), expected=False)
        Connectivity([door.address]).exchange_finished(a_start(), "search", exchange)
        await asyncio.sleep(0.05)

    assert door.visits == visits


async def test_an_answer_of_the_references_is_believed_for_a_few_seconds() -> None:
    clock = Hand()
    visits = []
    async with open_door() as door:
        connectivity = Connectivity([door.address], monotonic=clock)
        for clock.now in (0.0, 0.9, 1.1):
            await connectivity.offline()
            await asyncio.sleep(0.05)
            visits.append(door.visits)
    clock.now = 3.0
    offline = await connectivity.offline()
    async with open_door() as door:
        connectivity._references = Connectivity([door.address])._references
        clock.now = 7.9
        still_offline = await connectivity.offline()
        clock.now = 8.1
        online_again = not await connectivity.offline()

    assert visits == [1, 1, 2]
    assert (offline, still_offline, online_again) == (True, True, True)


async def test_a_run_that_gives_up_waiting_leaves_the_trial_to_the_others() -> None:
    with silent_port() as silent:
        connectivity = Connectivity([silent])
        impatient = asyncio.create_task(connectivity.offline())
        patient = asyncio.create_task(connectivity.offline())
        await asyncio.sleep(0.05)
        impatient.cancel()

        assert await patient
    assert impatient.cancelled()


async def test_other_references_are_asked_anew() -> None:
    with closed_port() as closed:
        connectivity = Connectivity([closed])
        before = await connectivity.offline()
        async with open_door() as door:
            connectivity.expect([closed])
            same = await connectivity.offline()
            connectivity.expect([door.address])
            after = await connectivity.offline()

    assert (before, same, after) == (True, True, False)
    assert door.visits == 1


async def test_a_trial_of_other_references_that_is_under_way_is_no_answer() -> None:
    with silent_port() as silent:
        connectivity = Connectivity([silent])
        trying = asyncio.create_task(connectivity.offline())
        await asyncio.sleep(0.05)
        async with open_door() as door:
            connectivity.expect([door.address])
            meanwhile = await connectivity.offline()
            of_the_old = await trying
            afterwards = await connectivity.offline()

    assert of_the_old
    assert (meanwhile, afterwards) == (False, False)
