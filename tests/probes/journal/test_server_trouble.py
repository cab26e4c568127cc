"""A PostgreSQL server that goes away, loses a line or comes back costs no row and doubles none."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.engine import make_url
from support.cutting import CuttingProxy
from support.facts import a_probe, a_run, a_start
from support.keeping import Aware, keeping, rows, until
from support.postgres import Cluster

from probes.errors import LedgerUnavailableError
from probes.journal.opening import place_of, writing_engine
from probes.journal.server_locks import ServerLocks
from probes.words import SlotState

_OURS = "SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory'"


async def test_while_the_server_is_away_results_wait_and_then_all_are_written(
    postgres: Cluster, postgresql_url: str
) -> None:
    aware = Aware()
    async with keeping(postgresql_url, aware) as journal:
        journal.run_finished(a_run(run_id="before"))
        await until(lambda: aware.kept)
        postgres.stop()
        with pytest.raises(LedgerUnavailableError, match="the database server can't be reached"):
            await journal.begin_run(a_start(run_id="meanwhile"))
        for number in range(100):
            journal.run_finished(a_run(run_id=f"run{number}"))
        postgres.start()
        await until(lambda: len(aware.kept) == 101 and aware.problem is None)

    assert len(rows(postgresql_url, "SELECT * FROM runs")) == 102
    assert len(aware.faults) == 1


async def test_a_session_that_is_ended_is_begun_anew_with_its_lock(
    postgres: Cluster, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.journal.writer._OTHERS_EVERY_SECONDS", 0.1)
    aware = Aware()
    async with keeping(postgresql_url, aware) as journal:
        with postgres.connect() as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'brekwatch'"
            )
        journal.run_finished(a_run())
        await until(lambda: aware.kept and rows(postgresql_url, _OURS) == [{"held": 1}])

    assert len(rows(postgresql_url, "SELECT * FROM runs")) == 1
    assert rows(postgresql_url, _OURS) == [{"held": 0}]


@pytest.mark.parametrize("delivered", [True, False], ids=["after_the_commit", "before_the_commit"])
async def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_done_twice(
    postgresql_url: str, *, delivered: bool
) -> None:
    address = make_url(postgresql_url)
    assert address.host is not None
    assert address.port is not None
    aware = Aware()
    async with CuttingProxy(address.host, address.port).serving() as proxy:
        url = address.set(port=proxy.port).render_as_string(hide_password=False)
        async with keeping(url, aware) as journal:
            proxy.cut_at(b"COMMIT", after=b"INSERT INTO slots", delivered=delivered)
            journal.slot_finished(a_probe(), SlotState.RUN, None, 0.0)
            await until(lambda: proxy.cuts and aware.states and aware.states[-1].waiting == 0)
            journal.slot_finished(a_probe(), SlotState.LATE, None, 0.0)

    found = rows(postgresql_url, "SELECT state FROM slots ORDER BY slot_id")
    assert [row["state"] for row in found] == ["run", "late"]


async def test_a_database_that_can_not_keep_every_text_is_refused(postgres: Cluster) -> None:
    with postgres.connect() as session:
        session.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    aware = Aware()
    try:
        async with keeping(postgres.url("latin"), aware) as journal:
            with pytest.raises(LedgerUnavailableError, match="its encoding is not UTF8: make a database that has it"):
                await journal.begin_run(a_start())
            await journal.aclose(0.1)
    finally:
        with postgres.connect() as session:
            session.execute("DROP DATABASE latin WITH (FORCE)")


def test_a_free_lock_counts_only_when_it_is_free_twice_a_while_apart(postgresql_url: str) -> None:
    now = 0.0
    engine = writing_engine(place_of(postgresql_url))
    locks = ServerLocks(engine, "ours", clock=lambda: now)
    other = ServerLocks(engine, "other")
    seen = [locks.gone({"other"})]
    now = 4.9
    seen.append(locks.gone({"other"}))
    other.keep_instance()  # the server had freed it, and its owner came back
    now = 5.1
    seen.append(locks.gone({"other"}))
    other.release()
    while rows(postgresql_url, _OURS) != [{"held": 0}]:
        time.sleep(0.01)
    seen.append(locks.gone({"other"}))
    now = 10.2
    seen.append(locks.gone({"other"}))
    locks.release()

    assert seen == [set(), set(), set(), set(), {"other"}]
