"""A journal in trouble says so, lets nobody wait for long, and goes on by itself with all that waited."""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.facts import a_run, a_start, an_exchange
from support.keeping import Aware, Hang, file_of, journal_at, keeping, on_each, rows, until

from probes.errors import JournalInUseError, LedgerUnavailableError
from probes.journal import file_store
from probes.journal.journal import Journal
from probes.journal.migrating import HEAD
from probes.model import Booking
from probes.words import BookingState, FaultKind, Outcome


@contextmanager
def locked_by_sqlite(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def locked_by_brekwatch(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.write-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def refused_in(journal: Journal, run_id: str) -> tuple[str, float]:
    """What a promise is answered while there is trouble, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(LedgerUnavailableError) as refused:
        await journal.begin_run(a_start(run_id=run_id))
    return str(refused.value), time.monotonic() - began


@pytest.mark.parametrize("locked", [locked_by_sqlite, locked_by_brekwatch])
async def test_while_another_process_has_the_lock_results_wait_and_then_all_are_written(
    sqlite_url: str, locked: type
) -> None:
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        with locked(file_of(sqlite_url)):
            first, seconds = await refused_in(journal, "one")
            again, at_once = await refused_in(journal, "two")
            journal.run_finished(a_run(run_id="three"))
            journal.exchange_finished(a_start(run_id="two"), "search", an_exchange())
        await until(lambda: aware.kept and aware.problem is None)

    assert "another process has it locked" in first
    assert first == again
    assert seconds < 2.5
    assert at_once < 0.1
    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 3
    assert [fault.kind for fault in aware.faults] == [FaultKind.JOURNAL]


async def test_a_commit_that_hangs_keeps_no_promise_waiting_for_long(journal_url: str) -> None:
    aware, hang = Aware(), Hang()
    with on_each("before_cursor_execute", hang):
        async with keeping(journal_url, aware) as journal:
            hang.begin()
            _, seconds = await refused_in(journal, "one")
            problem, at_once = await refused_in(journal, "two")
            hang.end()
            await until(lambda: aware.problem is None and aware.states[-1].waiting == 0)
            await journal.begin_run(a_start(run_id="three"))

    assert 1.9 < seconds < 3
    assert at_once < 0.1
    assert problem == "the journal can't commit: a commit has taken more than 2 s"
    assert len(rows(journal_url, "SELECT * FROM runs")) == 3
    assert len(aware.faults) == 1


async def test_a_journal_that_is_slow_to_open_is_waited_for(journal_url: str) -> None:
    aware, hang = Aware(), Hang()
    hang.begin()
    asyncio.get_running_loop().call_later(2.2, hang.end)
    with on_each("before_cursor_execute", hang):
        async with keeping(journal_url, aware) as journal:
            await journal.begin_run(a_start())

    assert aware.faults == []
    assert len(rows(journal_url, "SELECT * FROM runs")) == 1


async def test_closing_does_not_wait_for_a_commit_that_hangs(sqlite_url: str) -> None:
    aware, hang = Aware(), Hang()
    with on_each("before_cursor_execute", hang):
        journal = journal_at(sqlite_url, aware)
        await journal.start()
        hang.begin()
        journal.run_finished(a_run())
        began = time.monotonic()
        await journal.aclose(0.3)
        seconds = time.monotonic() - began
        hang.end()

    assert seconds < 1
    assert aware.states[-1].lost > 0
    assert "could not be written before the end" in aware.faults[-1].detail


@pytest.mark.parametrize(
    ("pragma", "said"),
    [("PRAGMA max_page_count=60", "there is no room left"), ("PRAGMA query_only=ON", "it can't be written")],
    ids=["full", "read_only"],
)
async def test_a_disk_that_is_full_or_read_only_is_told_and_outlived(sqlite_url: str, pragma: str, said: str) -> None:
    aware = Aware()
    bad = False

    def spoil(connection: sqlite3.Connection, _record: object) -> None:
        if bad:
            connection.execute(pragma)

    async with keeping(sqlite_url, aware):
        pass
    bad = True
    with on_each("connect", spoil):
        async with keeping(sqlite_url, aware) as journal:
            for number in range(40):
                journal.run_finished(a_run(Outcome.FAILED, run_id=f"run{number}", detail="long " * 800))
            await until(lambda: aware.problem)
            problem, waiting = aware.problem, aware.states[-1].waiting
            bad = False
            await until(lambda: aware.problem is None and len(aware.kept) == 40)

    assert problem is not None
    assert problem.startswith(said)
    assert waiting > 0
    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 40
    assert aware.states[-1].lost == 0


async def test_a_journal_of_a_newer_version_is_not_touched_until_it_is_known(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.journal.writer._NEWER_PAUSE_SECONDS", 0.1)
    async with keeping(journal_url):
        pass
    before = rows(journal_url, "SELECT * FROM instances")
    set_version(journal_url, "9999")
    aware = Aware()
    async with keeping(journal_url, aware) as journal:
        problem, _ = await refused_in(journal, "one")
        meanwhile = rows(journal_url, "SELECT * FROM instances")
        set_version(journal_url, HEAD)
        await until(lambda: aware.problem is None)

    assert "it is of another version (" in problem
    assert f"it has version 9999, and this brekwatch knows {HEAD}: install" in problem
    assert meanwhile == before
    assert len(rows(journal_url, "SELECT * FROM runs")) == 1


def set_version(url: str, version: str) -> None:
    import sqlalchemy

    from probes.journal.opening import place_of, writing_engine

    with writing_engine(place_of(url)).connect() as connection, connection.begin():
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = :v"), {"v": version})


async def test_one_thing_that_can_not_be_kept_takes_nothing_else_with_it(journal_url: str) -> None:
    aware = Aware()
    async with keeping(journal_url, aware) as journal:
        journal.run_finished(a_run(run_id="before"))
        journal.exchange_finished(a_start(run_id="x"), "search", an_exchange(duration_seconds=object()))
        with pytest.raises(LedgerUnavailableError, match="one result could not be kept"):
            await journal.book(Booking(run_id="b", target=object(), session_id="s", state=BookingState.MADE))  # type: ignore[arg-type]
        journal.run_finished(a_run(run_id="after"))

    assert [run.run_id for run in aware.kept] == ["before", "after"]
    assert len(rows(journal_url, "SELECT * FROM runs")) == 2
    assert aware.states[-1].lost == 2
    assert {fault.kind for fault in aware.faults} == {FaultKind.JOURNAL}


async def test_the_loop_is_not_held_up_while_results_wait(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        with locked_by_sqlite(file_of(sqlite_url)):
            began = time.monotonic()
            for number in range(1000):
                journal.run_finished(a_run(run_id=f"run{number}"))
            seconds = time.monotonic() - began
            with suppress(LedgerUnavailableError):
                await asyncio.wait_for(journal.begin_run(a_start()), 5)

    assert seconds < 5  # to wait for the lock but once would take as long
    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 1001


async def test_a_journal_that_was_locked_while_it_was_opened_still_knows_who_writes(sqlite_url: str) -> None:
    unregistered = "SELECT run_id FROM runs WHERE instance_id NOT IN (SELECT instance_id FROM instances)"
    aware = Aware()
    async with keeping(sqlite_url):
        journal = journal_at(sqlite_url, aware)
        with locked_by_sqlite(file_of(sqlite_url)):
            await journal.start()
            await until(lambda: "locked" in (aware.problem or ""))
        await until(lambda: aware.problem is None)
        await journal.begin_run(a_start())
        found = rows(sqlite_url, unregistered)
        await journal.aclose()

    assert found == []


async def test_another_name_of_a_file_leads_to_the_same_journal(sqlite_url: str, tmp_path: Path) -> None:
    aware, elsewhere = Aware(), tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.joinpath("link.db").symlink_to(file_of(sqlite_url))
    by_link = f"sqlite:///{elsewhere}/link.db"
    async with keeping(sqlite_url, exclusive=True) as journal:
        await journal.begin_run(a_start())
        async with keeping(by_link, aware) as beside:
            await beside.begin_run(a_start(run_id="beside"))
            found = rows(sqlite_url, "SELECT DISTINCT outcome FROM runs")
        with pytest.raises(JournalInUseError):
            await journal_at(by_link, exclusive=True).start()

    assert found == [{"outcome": None}]
    assert [path.name for path in elsewhere.iterdir()] == ["link.db"]


async def test_others_may_write_while_a_big_journal_is_checked(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[bool] = []

    def check(_raw: sqlite3.Connection) -> None:
        with file_of(sqlite_url).with_name("journal.db.write-lock").open("w") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free.append(True)

    monkeypatch.setattr(file_store, "_check", check)
    async with keeping(sqlite_url) as journal:
        await journal.begin_run(a_start())

    assert free == [True]
