"""What waits for a journal is bounded: bodies go first, then exchanges, and verdicts and promises last."""

from __future__ import annotations

import asyncio
import weakref
from contextlib import suppress

from support.facts import RUN_ID, a_run, a_start, a_step, an_answer, an_exchange
from support.keeping import Aware, Hang, keeping, on_each, rows, until

from probes.errors import LedgerUnavailableError
from probes.journal.queue import Limits
from probes.model import Booking
from probes.words import BookingState


class _Watched(dict[str, str]):
    """A part of an answer of which can be seen whether anybody holds it."""


async def test_above_half_exchanges_wait_without_their_bodies(sqlite_url: str) -> None:
    hang = Hang()
    with on_each("before_cursor_execute", hang):
        async with keeping(sqlite_url, limits=Limits(items=20)) as journal:
            hang.begin()
            for number in range(16):
                answer = an_answer(content=b'{"a": 1}')
                journal.exchange_finished(a_start(), f"step{number}", an_exchange(answer=answer))
            hang.end()

    found = rows(sqlite_url, "SELECT answer_body, answer_bytes, trace_id FROM exchanges ORDER BY seq")
    assert [row["answer_body"] for row in found] == ['{"a": 1}'] * 10 + [None] * 6
    assert [row["answer_bytes"] for row in found] == [8] * 10 + [None] * 6
    assert all(row["trace_id"] for row in found)


async def test_beyond_the_limit_the_oldest_exchanges_go_and_are_counted_and_told_once(sqlite_url: str) -> None:
    aware, hang = Aware(), Hang()
    with on_each("before_cursor_execute", hang):
        async with keeping(sqlite_url, aware, limits=Limits(items=50)) as journal:
            hang.begin()
            with suppress(LedgerUnavailableError):
                await journal.book(Booking(run_id=RUN_ID, target="t", session_id="s", state=BookingState.MADE))
            journal.run_finished(a_run(run_id="first", steps=()))
            for number in range(200):
                journal.exchange_finished(a_start(), f"step{number}", an_exchange())
            journal.run_finished(a_run(run_id="last", steps=()))
            hang.end()
            await until(lambda: len(aware.kept) == 2 and aware.states[-1].waiting == 0)

    kept = rows(sqlite_url, "SELECT step FROM exchanges ORDER BY seq")
    assert [run.run_id for run in aware.kept] == ["first", "last"]
    assert len(rows(sqlite_url, "SELECT * FROM bookings")) == 1
    assert kept[-1] == {"step": "step199"}
    assert len(kept) + aware.states[-1].lost == 200
    told = [fault.detail for fault in aware.faults if "more waits for the journal" in fault.detail]
    assert len(told) == 1


async def test_bytes_are_bounded_too(sqlite_url: str) -> None:
    aware, hang = Aware(), Hang()
    with on_each("before_cursor_execute", hang):
        async with keeping(sqlite_url, aware, limits=Limits(bytes=1_000_000)) as journal:
            hang.begin()
            for _ in range(2000):
                journal.exchange_finished(a_start(), "big", an_exchange(answer=an_answer(content=b"x" * 10_000)))
            waiting = journal._queue.size
            hang.end()

    assert waiting < 1000
    assert aware.states[-1].lost == 2000 - len(rows(sqlite_url, "SELECT * FROM exchanges"))


async def test_what_comes_after_the_end_is_lost_and_counted(sqlite_url: str) -> None:
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        await journal.aclose()
        journal.run_finished(a_run(steps=()))
        lost = journal._condition.state.lost

    assert lost == 1


async def test_what_was_dropped_is_in_nobodys_hands_any_more(sqlite_url: str) -> None:
    hang = Hang()
    with on_each("commit", hang):
        async with keeping(sqlite_url, limits=Limits(bytes=1_000_000)) as journal:
            hang.begin()
            held = []
            for number in range(500):
                start, part = a_start(run_id=str(number)), _Watched()
                exchange = an_exchange(answer=an_answer(content=b"x" * 10_000, artifacts=part))
                held.append(weakref.ref(part))
                with suppress(LedgerUnavailableError, TimeoutError):
                    await asyncio.wait_for(journal.begin_run(start), 0.0001)
                journal.exchange_finished(start, "big", exchange)
                journal.run_finished(a_run(run_id=str(number), steps=(a_step(exchanges=(exchange,)),)))
            del part, exchange
            alive = sum(each() is not None for each in held)
            hang.end()

    assert alive < 50
