"""What stands beside a run: the runs around it, and the request that proves how it failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from support.facts import a_run
from support.journals import NOON, new_journal, put_exchange, put_run
from support.plans import plans_of, scans

from probes.journal.kept import Neighbours, RunFilter
from probes.journal.reading import Reader
from probes.model import Run

MINUTE = timedelta(minutes=1)


@pytest.fixture
def journal(journal_url: str) -> Iterator[Engine]:
    engine = new_journal(journal_url)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(journal: Engine, journal_url: str) -> Iterator[Reader]:
    reader = Reader(journal_url)
    yield reader
    reader.close()


def the_run(run_id: str, at: datetime = NOON) -> Run:
    return a_run(run_id=run_id, started_at=at)


def test_a_run_stands_between_those_of_its_probe_whatever_began_at_the_same_moment(
    reader: Reader, journal: Engine
) -> None:
    with journal.begin() as connection:
        put_run(connection, "early", started_at=NOON - MINUTE)
        for run_id in ("a", "b", "c"):
            put_run(connection, run_id, started_at=NOON)
        put_run(connection, "of_another", started_at=NOON, scenario="golden_path")
        put_run(connection, "elsewhere", started_at=NOON, target="other")
        put_run(connection, "late", started_at=NOON + MINUTE)

    assert reader.neighbours(the_run("b")) == Neighbours(previous="a", following="c")
    assert reader.neighbours(the_run("a")) == Neighbours(previous="early", following="b")
    assert reader.neighbours(the_run("c")) == Neighbours(previous="b", following="late")


def test_the_only_run_has_no_neighbours(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "only")

    assert reader.neighbours(the_run("only")) == Neighbours()


def test_a_list_goes_on_behind_the_run_that_it_is_told(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        for run_id in ("a", "b", "c"):
            put_run(connection, run_id, started_at=NOON)
        put_run(connection, "early", started_at=NOON - MINUTE)

    behind = reader.runs(RunFilter(before=(NOON, "b"), limit=2))

    assert [run.run_id for run in behind] == ["a", "early"]


def test_a_long_list_goes_on_behind_it_on_each_page(
    reader: Reader, journal: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.journal.reading._SUMMARIES_AT_ONCE", 2)
    with journal.begin() as connection:
        for run_id in "abcdef":
            put_run(connection, run_id, started_at=NOON)

    behind = reader.runs(RunFilter(before=(NOON, "f")))

    assert [run.run_id for run in behind] == ["e", "d", "c", "b", "a"]


def test_a_failure_is_proved_by_the_last_attempt_of_what_its_step_asked_for(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "failed", outcome="failed", failed_step="search")
        put_exchange(connection, "failed", 1, step="create_session", header_request_id="req-0")
        put_exchange(connection, "failed", 2, header_request_id="req-1")
        put_exchange(connection, "failed", 3, body_request_id="req-2")
        put_exchange(connection, "failed", 4, operation="get_session", header_request_id="req-3")
        put_run(connection, "passed")
        put_exchange(connection, "passed", 1, header_request_id="req-4")

    assert reader.request_ids(["failed", "passed", "gone"]) == {"failed": "req-2"}


def test_a_failure_without_an_answer_has_no_request_id(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "failed", outcome="failed", failed_step="search")
        put_exchange(connection, "failed", 1, header_request_id="req-1")
        put_exchange(connection, "failed", 2, status_code=None)

    assert reader.request_ids(["failed"]) == {}


def test_none_of_it_walks_through_the_history(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "failed", outcome="failed", failed_step="search")

    with plans_of(reader._engine) as plans:
        reader.request_ids(["failed"])
    with plans_of(reader._engine) as listing:
        reader.neighbours(the_run("failed"))
        list(reader.runs(RunFilter(before=(NOON, "z"), limit=5)))

    assert len(listing) >= 3
    assert [line for plan in plans for line in scans(plan)] == []
    assert [line for plan in listing for line in scans(plan) if "USING" not in line] == []
    assert not any("USE TEMP B-TREE FOR ORDER BY" in plan for plan in listing)
