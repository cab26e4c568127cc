"""What the page at `/` knows after a restart: read from a real journal, and no more than the last day of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.facts import NOON, REQUEST_ID, a_probe, a_target
from support.journals import new_journal, put, put_exchange, put_run
from support.plans import plans_of
from support.status_boards import Clocks, a_recorder

from exporter import board_memory
from exporter.recorder.board import Row
from probes.journal.kept import Apart
from probes.journal.reading import Reader
from probes.journal.tables import instances, steps
from probes.listening import Listener
from probes.model import MonitorFault
from probes.settings import Maintenance, Service, Settings
from probes.words import FaultKind, Standing

MINUTE = timedelta(minutes=1)
SETTINGS = Settings(
    service=Service(journal="unused", location="eu-1"), targets={"acme": a_target()}, probes=(a_probe(),), scenarios={}
)


class Faults(Listener):
    def __init__(self) -> None:
        self.told: list[MonitorFault] = []

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.told.append(fault)


@pytest.fixture
def journal(sqlite_url: str) -> Iterator[Engine]:
    engine = new_journal(sqlite_url)
    with engine.begin() as connection:
        put(connection, instances, instance_id="service", command="serve")
        put(connection, instances, instance_id="person", command="run")
    yield engine
    engine.dispose()


def a_kept_run(journal: Engine, run_id: str, minutes_ago: int, outcome: str = "passed", **columns: object) -> None:
    facts: dict[str, object] = {"instance_id": "service", "started_at": NOON - minutes_ago * MINUTE, "outcome": outcome}
    with journal.begin() as connection:
        put_run(connection, run_id, **(facts | columns))


async def restored(url: str, settings: Settings = SETTINGS, faults: Faults | None = None) -> Row:
    recorder = a_recorder(Clocks(), [a_probe()])
    await board_memory.restore(recorder, lambda: Reader(url), settings, faults or Faults())
    (row,) = recorder.board.rows()
    return row


async def test_a_restart_keeps_the_verdict_the_day_and_the_reason(sqlite_url: str, journal: Engine) -> None:
    a_kept_run(journal, "1", 120)
    a_kept_run(journal, "2", 50, "failed", failed_step="search", failure_kind="server_error")
    a_kept_run(journal, "3", 5, "failed", failed_step="search", failure_kind="server_error", reason="server_error")
    with journal.begin() as connection:
        why = {"failure_kind": "server_error", "failure_expected": "HTTP 200", "failure_observed": "HTTP 503"}
        put(connection, steps, run_id="3", position=0, name="search", outcome="failed", first_seq=1, exchanges=1, **why)
        put_exchange(connection, "3", header_request_id=REQUEST_ID, status_code=503)
    row = await restored(sqlite_url)
    judged = row.sight.judged

    assert row.standing is Standing.FAILING
    assert judged is not None
    assert judged.failed is not None
    assert judged.since == NOON - 50 * MINUTE
    assert (judged.failed.step, judged.failed.observed, judged.failed.request_id) == ("search", "HTTP 503", REQUEST_ID)
    assert [(cell.passed, cell.failed) for cell in row.sight.strip.cells(NOON.timestamp()) if cell.judged] == [
        (1, 0),
        (0, 1),
        (0, 1),
    ]
    assert row.sight.last_failed_at == NOON - 5 * MINUTE
    assert row.sight.begun_at == NOON - 120 * MINUTE


async def test_what_others_measured_or_people_played_is_not_on_the_strip(sqlite_url: str, journal: Engine) -> None:
    a_kept_run(journal, "ours", 60)
    a_kept_run(journal, "elsewhere", 60, location="eu-2")
    a_kept_run(journal, "by hand", 60, instance_id="person")
    a_kept_run(journal, "under way", 60, outcome=None)  # type: ignore[arg-type]
    a_kept_run(journal, "old", 25 * 60)
    row = await restored(sqlite_url)

    assert sum(cell.judged for cell in row.sight.strip.cells(NOON.timestamp())) == 1


async def test_rechecks_and_maintenance_are_left_out_of_the_share(sqlite_url: str, journal: Engine) -> None:
    a_kept_run(journal, "1", 200)
    a_kept_run(journal, "2", 100, "failed")
    a_kept_run(journal, "3", 90, "failed", recheck=True)
    a_kept_run(journal, "4", 60, "failed")
    window = Maintenance(targets=("acme",), starts_at=NOON - 61 * MINUTE, ends_at=NOON - 30 * MINUTE, reason="")
    row = await restored(sqlite_url, replace(SETTINGS, maintenance=(window,)))
    cells = row.sight.strip.cells(NOON.timestamp())

    assert sum(cell.failed for cell in cells) == 3
    assert (sum(cell.good for cell in cells), sum(cell.bad for cell in cells)) == (1, 1)


async def test_runs_skipped_since_the_last_verdict_are_known(sqlite_url: str, journal: Engine) -> None:
    a_kept_run(journal, "1", 40, "skipped", reason="quota")
    a_kept_run(journal, "2", 20)
    a_kept_run(journal, "3", 10, "skipped", reason="quota")
    a_kept_run(journal, "4", 5, "skipped", reason="quota")
    untold = (await restored(sqlite_url)).sight.untold

    assert untold is not None
    assert (untold.reason, untold.count) == ("quota", 2)


async def test_a_journal_without_runs_is_no_fault(sqlite_url: str) -> None:
    faults = Faults()
    new_journal(sqlite_url).dispose()
    row = await restored(sqlite_url, faults=faults)

    assert faults.told == []
    assert row.standing is Standing.STALE


async def test_what_can_not_be_read_is_a_fault_and_stays_grey(tmp_path: Path) -> None:
    faults = Faults()
    (tmp_path / "scrap.db").write_bytes(b"no database at all" * 1000)
    row = await restored(f"sqlite:///{tmp_path}/scrap.db", faults=faults)

    assert {fault.kind for fault in faults.told} == {FaultKind.JOURNAL}
    assert row.standing is Standing.STALE


async def test_what_takes_too_long_is_given_up(sqlite_url: str, journal: Engine) -> None:
    faults, recorder = Faults(), a_recorder(Clocks(), [a_probe()])
    a_kept_run(journal, "1", 5)
    await board_memory.restore(recorder, lambda: Reader(sqlite_url), SETTINGS, faults, seconds=0.0)

    assert any("no answer in time" in fault.detail for fault in faults.told)
    assert recorder.board.uncounted_before == NOON


async def test_a_bug_in_what_reads_is_a_fault_and_no_reason_not_to_start() -> None:
    faults, recorder = Faults(), a_recorder(Clocks(), [a_probe()])

    def read() -> board_memory.BoardMemory:
        raise ValueError("min() of nothing")

    await board_memory.restore(recorder, read, SETTINGS, faults)

    assert {fault.kind for fault in faults.told} == {FaultKind.BUG}


def test_only_maintenance_of_the_last_day_is_asked_for() -> None:
    windows = [
        Maintenance(targets=("acme",), starts_at=NOON - ago, ends_at=NOON - ago + 5 * MINUTE, reason="")
        for ago in (timedelta(days=3), timedelta(hours=3), -timedelta(hours=3))
    ]
    wanted = board_memory.last_day(replace(SETTINGS, maintenance=tuple(windows)), NOON)

    assert wanted.apart == (Apart(targets=("acme",), starts_at=windows[1].starts_at, ends_at=windows[1].ends_at),)


def test_the_last_day_is_looked_up_by_the_moment_it_began(sqlite_url: str, journal: Engine) -> None:
    reader = Reader(sqlite_url)
    with plans_of(reader._engine) as plans:
        reader.tallies(board_memory.last_day(SETTINGS, NOON))

    assert any("SEARCH runs USING INDEX runs_started (started_at>?)" in plan for plan in plans)
