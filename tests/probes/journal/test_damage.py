"""A journal file that is damaged, truncated, taken away or replaced is set aside, and a new one begun."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from support.facts import RUN_ID, a_run, a_start, an_exchange
from support.keeping import Aware, file_of, keeping, rows, until

from probes.errors import LedgerUnavailableError
from probes.model import Intent

_OUTCOME = "SELECT outcome FROM runs WHERE run_id NOT LIKE 'old%'"


async def a_full_file(url: str, runs: int = 50) -> None:
    async with keeping(url) as journal:
        for number in range(runs):
            journal.run_finished(a_run(run_id=f"old{number}", detail="words " * 200))


def is_seen_at_once(path: Path) -> bool:
    """Whether SQLite finds it in the time that a start has: an entry that an index lacks takes too long to find."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # what it says repeats the broken bytes
            return True


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_bytes_are_flipped_the_journal_starts_and_keeps_what_comes(sqlite_url: str, seed: int) -> None:
    await a_full_file(sqlite_url)
    path, chance = file_of(sqlite_url), random.Random(seed)  # noqa: S311 - the same bytes in every run
    content = bytearray(path.read_bytes())
    for _ in range(100):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    seen = is_seen_at_once(path)
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        journal.run_finished(a_run())
        await until(lambda: aware.kept)

    aside = list(path.parent.glob("journal.db.corrupt-*Z"))
    told = [fault for fault in aware.faults if "it is damaged, and was set aside" in fault.detail]
    assert rows(sqlite_url, _OUTCOME) == [{"outcome": "passed"}]
    assert (len(aside), len(told)) == ((1, 1) if seen else (0, 0))


async def test_a_file_that_is_none_of_sqlites_is_set_aside_whole(sqlite_url: str) -> None:
    path = file_of(sqlite_url)
    path.write_bytes(b"not a database" * 1000)
    async with keeping(sqlite_url) as journal:
        journal.run_finished(a_run())

    (aside,) = path.parent.glob("journal.db.corrupt-*Z")
    assert aside.read_bytes() == b"not a database" * 1000
    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 1


def emptied(url: str) -> None:
    os.truncate(file_of(url), 0)


def cut_in_half(url: str) -> None:
    path = file_of(url)
    os.truncate(path, path.stat().st_size // 8192 * 4096)


def removed(url: str) -> None:
    file_of(url).unlink()


def all_removed(url: str) -> None:
    for part in ("", "-wal", "-shm"):
        file_of(f"{url}{part}").unlink()


def replaced(url: str) -> None:
    path = file_of(url)
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    sqlite3.connect(copy).close()
    copy.replace(path)


@pytest.mark.parametrize("harm", [emptied, cut_in_half, removed, all_removed, replaced])
async def test_what_happens_to_the_file_while_it_is_used_costs_no_run_under_way(sqlite_url: str, harm: object) -> None:
    assert callable(harm)
    await a_full_file(sqlite_url)
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        await journal.begin_run(a_start())
        journal.exchange_finished(a_start(), "one", an_exchange())
        await journal.intend(Intent(run_id=RUN_ID, target="acme", session_id="s", idempotency_key="k", body=b"{}"))
        harm(sqlite_url)
        journal.exchange_finished(a_start(), "two", an_exchange())
        await until(lambda: aware.faults and journal._condition.problem is None)
        under_way = rows(sqlite_url, _OUTCOME)
        journal.run_finished(a_run())

    assert under_way == [{"outcome": None}]
    assert rows(sqlite_url, _OUTCOME) == [{"outcome": "passed"}]
    exchanges = rows(sqlite_url, "SELECT step FROM exchanges WHERE run_id NOT LIKE 'old%' ORDER BY seq")
    assert [row["step"] for row in exchanges][:2] == ["one", "two"]
    assert len(rows(sqlite_url, "SELECT * FROM intents WHERE idempotency_key = 'k'")) == 1
    assert len(rows(sqlite_url, "SELECT * FROM reservations WHERE host = '*'")) == 1
    assert len(aware.faults) == 1


@pytest.mark.parametrize("harm", [removed, replaced])
async def test_no_promise_is_kept_in_a_file_that_is_gone(
    sqlite_url: str, harm: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(harm)
    monkeypatch.setattr("probes.journal.writer._OTHERS_EVERY_SECONDS", 60)
    async with keeping(sqlite_url) as journal:
        for run_id in ("one", "two"):  # the second comes after the first look around
            await journal.begin_run(a_start(run_id=run_id))
        harm(sqlite_url)
        with suppress(LedgerUnavailableError):
            await journal.intend(Intent(run_id="r", target="t", session_id="s", idempotency_key="k", body=b"{}"))
        kept = rows(sqlite_url, "SELECT idempotency_key FROM intents")

    assert kept == [{"idempotency_key": "k"}]


async def test_the_log_of_a_file_never_meets_the_one_that_came_to_its_place(sqlite_url: str) -> None:
    await a_full_file(sqlite_url, runs=1)
    path = file_of(sqlite_url)
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        for number in range(20):
            journal.run_finished(a_run(run_id=f"later{number}"))
        await until(lambda: len(aware.kept) == 20)
        backup.replace(path)
        await until(lambda: aware.faults and journal._condition.problem is None)
        found = rows(sqlite_url, "SELECT run_id FROM runs")

    assert found == [{"run_id": "old0"}]
    assert len(list(path.parent.glob("journal.db.corrupt-*-wal"))) == 1


async def test_a_file_that_a_vacuum_made_shorter_is_not_damaged(sqlite_url: str) -> None:
    await a_full_file(sqlite_url)
    aware = Aware()
    async with keeping(sqlite_url, aware) as journal:
        before = file_of(sqlite_url).stat().st_size
        other = sqlite3.connect(file_of(sqlite_url), isolation_level=None)
        other.execute("DELETE FROM runs")
        other.execute("PRAGMA incremental_vacuum").fetchall()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        other.close()
        await journal.begin_run(a_start())
        after = file_of(sqlite_url).stat().st_size

    assert after < before
    assert aware.faults == []
    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 1
