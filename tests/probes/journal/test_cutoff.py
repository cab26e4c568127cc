"""A run whose process is gone gets its verdict from whoever comes next; one whose process is there is left alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from support.facts import RUN_ID, a_run, a_start
from support.keeping import Aware, file_of, journal_at, keeping, rows, until

from probes.errors import JournalInUseError
from probes.journal import server_locks
from probes.model import Intent
from probes.words import FaultKind

_BEGINS_A_RUN = """
import asyncio, sys
from support.facts import a_start
from support.keeping import journal_at

async def main():
    journal = journal_at(sys.argv[1])
    await journal.start()
    await journal.begin_run(a_start(run_id="cut"))
    print("begun", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def a_process_with_a_run(url: str) -> subprocess.Popen[str]:
    """One that began the run `cut` and plays it for ever."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _BEGINS_A_RUN, url], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ".:tests"}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


async def test_a_run_that_was_cut_off_is_unknown_at_the_next_start(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_locks, "TWICE_SECONDS", 0.1)
    kill(a_process_with_a_run(journal_url))
    aware = Aware()
    async with keeping(journal_url, aware):
        await until(lambda: aware.faults)

    (run,) = rows(journal_url, "SELECT outcome, reason, detail, finished_at FROM runs")
    assert (run["outcome"], run["reason"]) == ("unknown", "cancelled")
    assert run["detail"] == "the process that played it ended before its verdict"
    assert run["finished_at"] is not None
    assert [(fault.kind, fault.detail) for fault in aware.faults] == [
        (FaultKind.CANCELLED, "a run was cut off: the process that played ended before the verdict")
    ]


async def test_a_run_under_way_in_another_process_is_left_alone(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_locks, "TWICE_SECONDS", 0.0)
    monkeypatch.setattr("probes.journal.writer._OTHERS_EVERY_SECONDS", 0.1)
    process = a_process_with_a_run(journal_url)
    aware = Aware()
    try:
        async with keeping(journal_url, aware):
            await asyncio.sleep(0.5)
            meanwhile = rows(journal_url, "SELECT outcome FROM runs")
            kill(process)
            await until(lambda: aware.faults)
    finally:
        kill(process)

    assert meanwhile == [{"outcome": None}]
    assert rows(journal_url, "SELECT outcome FROM runs") == [{"outcome": "unknown"}]


async def test_the_intents_of_a_run_that_was_cut_off_stay_open(sqlite_url: str) -> None:
    first = journal_at(sqlite_url)
    await first.start()
    await first.begin_run(a_start())
    await first.intend(Intent(run_id=RUN_ID, target="acme", session_id="s", idempotency_key="key", body=b"{}"))
    await first.aclose()  # without its verdict
    async with keeping(sqlite_url):
        await until(lambda: rows(sqlite_url, "SELECT outcome FROM runs") == [{"outcome": "unknown"}])

    assert rows(sqlite_url, "SELECT settled_at FROM intents") == [{"settled_at": None}]


async def test_a_verdict_that_comes_after_a_run_was_closed_changes_nothing(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        await journal.begin_run(a_start())
        for path in file_of(sqlite_url).parent.glob("*.instance-*"):
            path.unlink()
        async with keeping(sqlite_url):
            await until(lambda: rows(sqlite_url, "SELECT outcome FROM runs") == [{"outcome": "unknown"}])
        journal.run_finished(a_run())

    assert rows(sqlite_url, "SELECT outcome FROM runs") == [{"outcome": "unknown"}]


async def test_the_lock_of_an_instance_comes_back_when_its_file_is_removed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.journal.writer._OTHERS_EVERY_SECONDS", 0.1)
    folder = file_of(sqlite_url).parent
    async with keeping(sqlite_url):
        (lock,) = folder.glob("*.instance-*")
        lock.unlink()
        await until(lambda: list(folder.glob("*.instance-*")))

        assert list(folder.glob("*.instance-*")) == [lock]


async def test_no_lock_of_an_instance_is_left_behind(sqlite_url: str) -> None:
    kill(a_process_with_a_run(sqlite_url))
    async with keeping(sqlite_url):
        await until(lambda: rows(sqlite_url, "SELECT outcome FROM runs") == [{"outcome": "unknown"}])

    assert list(file_of(sqlite_url).parent.glob("*.instance-*")) == []


async def test_a_second_service_on_one_file_is_refused_and_a_run_beside_it_is_not(sqlite_url: str) -> None:
    async with keeping(sqlite_url, exclusive=True):
        second = journal_at(sqlite_url, exclusive=True)
        with pytest.raises(JournalInUseError, match="another brekwatch serve writes the journal"):
            await second.start()
        async with keeping(sqlite_url) as beside:
            beside.run_finished(a_run())

    assert len(rows(sqlite_url, "SELECT * FROM runs")) == 1


async def test_services_may_share_a_server_and_follow_each_other_on_a_file(
    journal_url: str, postgresql_url: str
) -> None:
    for _ in range(2):
        async with keeping(journal_url, exclusive=True) as journal:
            await journal.keep_state("a", "b", 1)
    async with keeping(postgresql_url, exclusive=True), keeping(postgresql_url, exclusive=True) as second:
        await second.keep_state("a", "b", 1)

    assert [rows(url, "SELECT kind, key FROM states") for url in (journal_url, postgresql_url)] == [
        [{"kind": "a", "key": "b"}],
        [{"kind": "a", "key": "b"}],
    ]
