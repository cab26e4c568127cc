"""The day's cap on real bookings outlives whatever happens to a process, a clock or a file."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from support.facts import NOON, a_probe, a_start
from support.keeping import Aware, Hang, file_of, keeping, on_each, rows, until

from probes.errors import LedgerUnavailableError, RefusedError
from probes.journal.assembling import store_of
from probes.model import BookingCap
from probes.words import SlotState

CAP = BookingCap(host="www.brek.ai", per_day=3, bookings=1)


async def test_a_cap_refuses_what_would_exceed_it(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        for number in range(3):
            await journal.begin_run(a_start(run_id=f"run{number}"), CAP)
        with pytest.raises(RefusedError, match="whose cap is 3 a day: 0 are left"):
            await journal.begin_run(a_start(run_id="run3"), CAP)
        await journal.begin_run(a_start(run_id="run4"), BookingCap(host="other.brek.ai", per_day=1, bookings=1))

    found = rows(journal_url, "SELECT run_id FROM runs ORDER BY run_id")
    assert [row["run_id"] for row in found] == ["run0", "run1", "run2", "run4"]


async def test_it_survives_a_restart_and_a_clock_that_is_set_back_a_day(journal_url: str) -> None:
    whole = BookingCap(host="www.brek.ai", per_day=2, bookings=2)
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start(run_id="today"), whole)
    async with keeping(journal_url) as journal:
        with pytest.raises(RefusedError):
            await journal.begin_run(a_start(run_id="yesterday", started_at=NOON - timedelta(days=1)), whole)
        await journal.begin_run(a_start(run_id="tomorrow", started_at=NOON + timedelta(days=1)), whole)


async def test_two_processes_together_do_not_exceed_it(journal_url: str) -> None:
    async with keeping(journal_url) as one, keeping(journal_url) as other:
        begun = await asyncio.gather(
            *(
                journal.begin_run(a_start(run_id=f"{name}{number}"), CAP)
                for number in range(6)
                for name, journal in (("one", one), ("other", other))
            ),
            return_exceptions=True,
        )

    assert begun.count(None) == 3
    assert {type(each) for each in begun} == {type(None), RefusedError}
    assert len(rows(journal_url, "SELECT * FROM reservations")) == 3


async def test_after_a_damaged_file_was_set_aside_nobody_books_that_day(sqlite_url: str) -> None:
    file_of(sqlite_url).write_bytes(b"no database, but as long as one" * 1000)
    async with keeping(sqlite_url, Aware(), now=lambda: NOON) as journal:
        await until(lambda: journal._condition.problem is None)
        with pytest.raises(RefusedError, match="nobody knows what is left"):
            await journal.begin_run(a_start(), CAP)
        await journal.begin_run(a_start(run_id="next", started_at=NOON + timedelta(days=1)), CAP)


async def test_nobody_books_that_day_either_if_the_process_dies_before_it_begins_a_new_file(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        await journal.begin_run(a_start(run_id="first"), CAP)
    dying = store_of(sqlite_url, instance_id="dying", command="test", now=lambda: NOON)
    dying.open()
    dying.set_aside()
    dying.locks.release()

    async with keeping(sqlite_url, now=lambda: NOON) as journal:
        with pytest.raises(RefusedError, match="nobody knows what is left"):
            await journal.begin_run(a_start(run_id="second"), CAP)


async def test_a_run_with_a_cap_that_was_waited_for_in_vain_is_not_written_later(journal_url: str) -> None:
    hang = Hang()
    with on_each("before_cursor_execute", hang):
        async with keeping(journal_url) as journal:
            hang.begin()
            journal.slot_finished(a_probe(), SlotState.RUN, None, 0.0)
            await until(lambda: journal._queue.busy_seconds() > 0)
            with pytest.raises(LedgerUnavailableError):
                await journal.begin_run(a_start(), CAP)
            hang.end()

    assert rows(journal_url, "SELECT * FROM reservations") == []
    assert rows(journal_url, "SELECT * FROM runs") == []


async def test_a_run_with_a_cap_does_not_wait_for_a_journal_that_is_down(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        journal._condition.worse("the disk is full")
        with pytest.raises(LedgerUnavailableError, match="the journal can't commit: the disk is full"):
            await journal.begin_run(a_start(), CAP)

    assert rows(sqlite_url, "SELECT * FROM runs") == []
    assert rows(sqlite_url, "SELECT * FROM reservations") == []
