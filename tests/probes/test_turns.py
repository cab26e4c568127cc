"""Runs of one key come one after the other where they would come too thick, first come, first served."""

from __future__ import annotations

import asyncio

import pytest
from support.clocks import Hand
from support.facts import a_start, a_target, an_answer, an_exchange
from support.hasty import HastyLoop

from probes.model import Quota
from probes.turns import Turn, Turns

CAREFUL = a_target(quota=Quota(share=0.1))  # ten requests in a minute, sixty in ten


def play(turns: Turns, turn: Turn, requests: int, run_id: str) -> None:
    """A whole run that sends so much at once."""
    start = a_start(run_id=run_id)
    with turn:
        assert turn.admit(start) is None
        for _ in range(requests):
            answer = an_answer(ratelimit_limit=None, ratelimit_remaining=None)
            turns.exchange_finished(start, "search", an_exchange(answer=answer))


async def test_waiting_runs_are_let_in_in_the_order_in_which_they_came() -> None:
    turns = Turns([CAREFUL])
    first = await turns.wait(CAREFUL, 7, patience_seconds=1.0)
    came: list[str] = []

    async def come(name: str, requests: int) -> None:
        with await turns.wait(CAREFUL, requests, patience_seconds=5.0) as turn:
            assert turn.refusal is None
            came.append(name)

    others = [asyncio.create_task(come(name, size)) for name, size in (("large", 7), ("small", 1), ("last", 7))]
    await asyncio.sleep(0.01)
    before = list(came)
    with first:
        pass
    await asyncio.gather(*others)

    assert before == []
    assert came == ["large", "small", "last"]


async def test_a_turn_that_does_not_come_in_time_is_refused_with_numbers() -> None:
    clock = Hand()
    turns = Turns([CAREFUL], monotonic=clock)
    play(turns, await turns.wait(CAREFUL, 7, patience_seconds=1.0), 7, "first")
    turn = await turns.wait(CAREFUL, 4, patience_seconds=0.02)
    with turn:
        refusal = turn.admit(a_start())

    assert refusal is not None
    assert refusal[0] == "quota"
    assert "7 requests of a minute are taken, and this run needs 4: 10 may come" in refusal[1]


async def test_a_costly_run_waits_for_the_average_and_keeps_cheap_ones_from_taking_what_is_freed() -> None:
    clock = Hand()
    turns = Turns([CAREFUL], monotonic=clock)
    for clock.now in range(0, 590, 10):
        play(turns, await turns.wait(CAREFUL, 1, patience_seconds=0.1), 1, "cheap")
    last = await turns.wait(CAREFUL, 1, patience_seconds=0.1)
    came: list[str] = []

    async def come(name: str, requests: int) -> None:
        with await turns.wait(CAREFUL, requests, patience_seconds=5.0) as turn:
            assert turn.refusal is None
            came.append(name)

    waiting = [asyncio.create_task(come(name, size)) for name, size in (("costly", 3), ("cheap", 1))]
    await asyncio.sleep(0.01)
    before = list(came)
    clock.now = 620.0
    with last:
        pass
    await asyncio.gather(*waiting)

    assert before == []
    assert came == ["costly", "cheap"]


async def test_a_run_beyond_the_share_is_refused_without_waiting() -> None:
    turns = Turns([CAREFUL])
    async with asyncio.timeout(1):
        turn = await turns.wait(CAREFUL, 61, patience_seconds=50.0)

    assert "needs 61 requests, and ten minutes may hold 60" in str(turn.refusal)


async def test_a_refused_turn_plans_nothing() -> None:
    turns = Turns([CAREFUL])
    await turns.wait(CAREFUL, 61, patience_seconds=0.0)
    turn = await turns.wait(CAREFUL, 60, patience_seconds=0.0)

    assert turn.refusal is None


@pytest.mark.parametrize("requests", [1, 7])
async def test_a_cancelled_wait_leaves_no_trace(requests: int) -> None:
    turns = Turns([CAREFUL])
    first = await turns.wait(CAREFUL, 10, patience_seconds=1.0)
    waiting = asyncio.create_task(turns.wait(CAREFUL, requests, patience_seconds=5.0))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    with first:
        pass
    turn = await turns.wait(CAREFUL, 9, patience_seconds=0.0)

    assert waiting.cancelled()
    assert turn.refusal is None


async def test_targets_with_one_key_share_a_budget_and_other_keys_have_their_own() -> None:
    twin, stranger = a_target(name="twin"), a_target(name="stranger", base_url="http://127.0.0.1:3001")
    turns = Turns([CAREFUL, twin, stranger])
    await turns.wait(CAREFUL, 9, patience_seconds=0.0)
    refused = await turns.wait(twin, 9, patience_seconds=0.0)
    free = await turns.wait(stranger, 9, patience_seconds=0.0)

    assert refused.refusal is not None
    assert free.refusal is None


async def test_a_reload_keeps_the_books_of_a_key_that_stays_and_takes_over_its_new_share() -> None:
    turns = Turns([CAREFUL], monotonic=Hand())
    play(turns, await turns.wait(CAREFUL, 9, patience_seconds=0.0), 9, "first")
    generous = a_target(name="renamed", quota=Quota(share=0.3))
    turns.expect([generous])
    fits = await turns.wait(generous, 21, patience_seconds=0.0)
    with fits:
        too_much = await turns.wait(generous, 1, patience_seconds=0.0)

    assert fits.refusal is None
    assert "30 requests of a minute are taken, and this run needs 1" in str(too_much.refusal)


def test_a_run_that_a_person_asked_for_waits_until_the_headroom_that_was_told_is_stale() -> None:
    loop = HastyLoop()
    turns = Turns([CAREFUL], monotonic=loop.time)
    told: list[tuple[float, str]] = []

    async def played(requests: int, remaining: int | None = None) -> float:
        """When it started."""
        with await turns.when_free(CAREFUL, requests, waiting=lambda *wait: told.append(wait)) as turn:
            started, start = loop.time(), a_start()
            assert turn.admit(start) is None
            answer = an_answer(ratelimit_limit=60, ratelimit_remaining=remaining)
            turns.exchange_finished(start, "search", an_exchange(answer=answer))
        return started

    async def scene() -> list[float]:
        bold = await played(500, remaining=15)
        modest = await played(3, remaining=14)
        await asyncio.sleep(18.0)
        return [bold, modest, await played(3)]

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        bold, modest, waited = runner.run(scene())
    (seconds, why), *more = told

    assert bold == modest < 1.0
    assert 60.0 < waited - modest < 61.0
    assert seconds == pytest.approx(42.0, abs=1.0)
    assert "14 of 60 requests a minute are left" in why
    assert more == []


async def test_a_wait_for_the_reserve_that_is_cancelled_leaves_no_trace() -> None:
    turns = Turns([CAREFUL], monotonic=Hand())
    start, told = a_start(), asyncio.Event()
    with await turns.when_free(CAREFUL, 1, waiting=lambda *_: None) as turn:
        turn.admit(start)
        answer = an_answer(ratelimit_limit=60, ratelimit_remaining=14)
        turns.exchange_finished(start, "search", an_exchange(answer=answer))
    waits = asyncio.create_task(turns.when_free(CAREFUL, 3, waiting=lambda *_: told.set()))
    async with asyncio.timeout(1):
        await told.wait()
    waits.cancel()
    await asyncio.wait([waits])
    modest = await turns.wait(CAREFUL, 2, patience_seconds=0.0)

    assert waits.cancelled()
    assert modest.refusal is None
