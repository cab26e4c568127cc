"""Check, backup and prune, by hand, beside a service that goes on writing."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.facts import a_run, a_start
from support.journals import NOON, new_journal, put, put_exchange, put_run
from support.keeping import Aware, file_of, keeping, rows

from probes.errors import JournalError
from probes.journal import keeping as journal_keeping
from probes.journal.kept import RunFilter
from probes.journal.locks import FileLocks
from probes.journal.migrating import HEAD
from probes.journal.reading import Reader
from probes.journal.tables import intents
from probes.settings import Retention

DAY = timedelta(days=1)


@pytest.fixture
def journal(journal_url: str) -> Iterator[Engine]:
    engine = new_journal(journal_url)
    with engine.begin() as connection:
        put_run(connection, "old", started_at=NOON - 20 * DAY)
        put_run(connection, "young", started_at=NOON - DAY)
        put_run(connection, "under_way", outcome=None)
        for run_id in ("old", "young"):
            put_exchange(connection, run_id, answer_body="x" * 20_000, event_id=f"evt_{run_id}")
        put(connection, intents, run_id="young", idempotency_key="key")
    yield engine
    engine.dispose()


def run_ids(url: str) -> list[str]:
    reader = Reader(url)
    found = [run.run_id for run in reader.runs(RunFilter())]
    reader.close()
    return found


def test_a_check_tells_what_the_journal_holds(journal: Engine, journal_url: str) -> None:
    lines = list(journal_keeping.check(journal_url))

    assert lines[0].startswith("journal: ")
    assert f"version: {HEAD}" in lines
    assert "runs: 3 rows" in lines
    assert "intents: 1 row" in lines
    assert "runs under way: 1" in lines
    assert "turns whose end is not known: 1" in lines
    assert any(line.startswith("size: ") for line in lines)


def test_a_check_finds_the_damage_and_its_place(sqlite_url: str) -> None:
    engine = new_journal(sqlite_url)
    with engine.begin() as connection:
        for number in range(200):
            put_run(connection, f"run{number}")
            put_exchange(connection, f"run{number}", answer_body="x" * 3000)
        root = connection.exec_driver_sql("SELECT rootpage FROM sqlite_schema WHERE name = 'exchanges'").scalar_one()
    engine.dispose()
    with file_of(sqlite_url).open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(JournalError, match="damaged"):
        list(journal_keeping.check(sqlite_url))


def test_a_check_of_no_journal_says_so(sqlite_url: str) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        list(journal_keeping.check(sqlite_url))


def test_a_backup_is_a_journal_of_its_own_for_its_owner_alone(sqlite_url: str, tmp_path: Path) -> None:
    engine = new_journal(sqlite_url)
    with engine.begin() as connection:
        put_run(connection, "kept")
    copy = tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    journal_keeping.backup(sqlite_url, copy)
    engine.dispose()

    assert run_ids(f"sqlite:///{copy}") == ["kept"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]
    with sqlite3.connect(copy) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    opened.close()


def test_a_backup_holds_one_moment_while_others_write(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_keeping, "_PAGES_A_COPY", 5)
    engine = new_journal(sqlite_url)
    with engine.begin() as connection:
        put_run(connection, "before")
    shares: list[float] = []

    def write_meanwhile(share: float) -> None:
        shares.append(share)
        assert len(shares) < 1000
        with engine.begin() as connection:
            put_run(connection, f"meanwhile{len(shares)}")

    journal_keeping.backup(sqlite_url, tmp_path / "copy.db", write_meanwhile)
    engine.dispose()

    assert len(shares) > 3
    assert shares == sorted(set(shares))
    assert shares[-1] == 1.0
    assert run_ids(f"sqlite:///{tmp_path}/copy.db") == ["before"]
    assert len(run_ids(sqlite_url)) == len(shares) + 1


def test_a_backup_overwrites_nothing(sqlite_url: str, tmp_path: Path) -> None:
    new_journal(sqlite_url).dispose()
    (tmp_path / "mine").write_text("precious")

    with pytest.raises(JournalError, match="is there already"):
        journal_keeping.backup(sqlite_url, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing_behind(sqlite_url: str, tmp_path: Path) -> None:
    new_journal(sqlite_url).dispose()

    with pytest.raises(JournalError, match="nowhere"):
        journal_keeping.backup(sqlite_url, tmp_path / "nowhere" / "copy.db")
    assert not (tmp_path / "nowhere").exists()


def test_a_backup_of_a_server_names_its_own_tool(postgresql_url: str, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="pg_dump"):
        journal_keeping.backup(postgresql_url, tmp_path / "copy.db")


def test_pruning_by_hand_goes_on_to_the_end_and_tells(journal: Engine, journal_url: str) -> None:
    told: list[int] = []
    pruned = journal_keeping.prune(journal_url, Retention(), told.append, now=lambda: NOON)

    assert pruned == told[-1] == 1
    assert run_ids(journal_url) == ["under_way", "young"]
    [instance] = rows(journal_url, "SELECT command, ended_at FROM instances")
    assert instance["command"] == "journal prune"
    assert instance["ended_at"] is not None


async def test_pruning_by_hand_keeps_no_service_from_writing(journal_url: str) -> None:
    engine = new_journal(journal_url)
    with engine.begin() as connection:
        for number in range(20):
            put_run(connection, f"old{number}", started_at=NOON - 20 * DAY)
            for seq in range(8):
                put_exchange(connection, f"old{number}", seq, event_id=f"{number}.{seq}")
    engine.dispose()
    aware = Aware()
    async with keeping(journal_url, aware, exclusive=True) as journal:
        failed: list[BaseException] = []

        def by_hand() -> None:
            try:
                journal_keeping.prune(journal_url, Retention(), lambda _: None, now=lambda: NOON)
            except BaseException as error:  # noqa: BLE001 - told to the test below
                failed.append(error)

        thread = threading.Thread(target=by_hand)
        thread.start()
        played = 0
        while thread.is_alive():
            start = a_start(run_id=f"new{played}")
            await journal.begin_run(start)
            journal.run_finished(a_run(run_id=start.run_id))
            played += 1
        thread.join()

    assert failed == []
    assert aware.faults == []
    assert played > 1
    assert len(run_ids(journal_url)) == played


def test_pruning_makes_no_journal_where_there_is_none(sqlite_url: str) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        journal_keeping.prune(sqlite_url, Retention(), lambda _: None)
    assert not file_of(sqlite_url).exists()


def test_pruning_waits_for_whoever_writes_and_then_says_who_is_in_the_way(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_journal(sqlite_url).dispose()
    monkeypatch.setattr(journal_keeping, "_PATIENCE_SECONDS", 0.1)
    other = FileLocks(file_of(sqlite_url), "other")

    with other.writing(), pytest.raises(JournalError, match="busy for too long"):
        journal_keeping.prune(sqlite_url, Retention(), lambda _: None)
    assert journal_keeping.prune(sqlite_url, Retention(), lambda _: None) == 0
