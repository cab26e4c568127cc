"""What the journal gives back: lists and whole runs, last verdicts, open intents, states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from support.journals import NOON, new_journal, put, put_exchange, put_run
from support.plans import plans_of, scans

from probes.errors import JournalError, UsageError
from probes.journal import reading
from probes.journal.kept import LastVerdict, OpenIntent, RunFilter, VerdictFilter
from probes.journal.reading import Reader
from probes.journal.tables import bookings, instances, intents, runs, states
from probes.model import Booking
from probes.words import BookingState, Leaves, Outcome, Settlement

MINUTE = timedelta(minutes=1)
MEASURED = VerdictFilter(location="eu-1", commands=("serve",))


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


def listed(reader: Reader, **wanted: Any) -> list[str]:
    return [run.run_id for run in reader.runs(RunFilter(**wanted))]


def test_runs_are_listed_newest_first_those_under_way_too(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "b", started_at=NOON)
        put_run(connection, "a", started_at=NOON, outcome="failed", reason="timeout", failed_step="search")
        put_run(connection, "under_way", started_at=NOON + MINUTE, outcome=None, duration_seconds=None)

    rows = list(reader.runs(RunFilter()))

    assert [row.run_id for row in rows] == ["under_way", "b", "a"]
    assert [row.outcome for row in rows] == [None, Outcome.PASSED, Outcome.FAILED]
    assert (rows[2].started_at, rows[2].reason, rows[2].failed_step) == (NOON, "timeout", "search")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"since": NOON}, ["late", "degraded", "noon"]),
        ({"outcome": Outcome.FAILED}, ["late", "early"]),
        ({"scenario": "golden_path"}, ["noon"]),
        ({"target": "other"}, ["early"]),
        ({"failure_kind": "timeout"}, ["degraded", "early"]),
        ({"outcome": Outcome.FAILED, "since": NOON}, ["late"]),
        ({"limit": 1}, ["late"]),
        ({"limit": 0}, []),
        ({"until": NOON + MINUTE}, ["noon", "early"]),
        ({"since": NOON, "until": NOON + MINUTE}, ["noon"]),
        ({"run_ids": ("early", "late", "gone")}, ["late", "early"]),
        ({"run_ids": ()}, []),
        ({"location": "us-1"}, ["noon"]),
        ({"commands": ("serve",)}, ["noon"]),
        ({"commands": ("serve", "run")}, ["late", "noon"]),
        ({"commands": ()}, []),
    ],
    ids=str,
)
def test_a_filter_wants_all_that_it_names(
    reader: Reader, journal: Engine, wanted: dict[str, Any], found: list[str]
) -> None:
    with journal.begin() as connection:
        put_run(connection, "early", started_at=NOON - MINUTE, outcome="failed", failure_kind="timeout", target="other")
        put_run(connection, "noon", started_at=NOON, scenario="golden_path", location="us-1", instance_id="service")
        put_run(connection, "degraded", started_at=NOON + MINUTE, outcome="degraded", reason="timeout")
        put_run(
            connection,
            "late",
            started_at=NOON + 2 * MINUTE,
            outcome="failed",
            failure_kind="latency",
            instance_id="command",
        )
        put(connection, instances, instance_id="service", command="serve")
        put(connection, instances, instance_id="command", command="run")

    assert listed(reader, **wanted) == found
    assert [kept.run.run_id for kept in reader.whole_runs(RunFilter(**wanted))] == found


def test_no_run_is_lost_or_told_twice_between_pages(
    reader: Reader, journal: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_SUMMARIES_AT_ONCE", 3)
    with journal.begin() as connection:
        for number in range(10):
            put_run(connection, f"run{number}", started_at=NOON + (number // 4) * MINUTE)

    assert sorted(listed(reader)) == [f"run{number}" for number in range(10)]
    assert listed(reader, limit=7) == listed(reader)[:7]


@pytest.mark.parametrize(
    "wanted", [{}, {"outcome": Outcome.PASSED}, {"target": "acme", "scenario": "quick_search"}], ids=str
)
def test_a_page_begins_where_the_last_one_ended_by_an_index(
    reader: Reader, journal: Engine, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    monkeypatch.setattr(reading, "_SUMMARIES_AT_ONCE", 3)
    with journal.begin() as connection:
        for number in range(5):
            put_run(connection, f"run{number}", started_at=NOON + number * MINUTE)
    with plans_of(reader._engine) as plans:
        list(reader.runs(RunFilter(**wanted)))

    assert [line for line in scans(plans[-1]) if "USING" not in line] == []
    assert "started_at" in plans[-1]
    assert "USE TEMP B-TREE FOR ORDER BY" not in plans[-1]


def test_whole_runs_take_few_queries_however_many_there_are(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        for number in range(60):
            put_run(connection, f"run{number:02}")
            put_exchange(connection, f"run{number:02}")
    sent: list[str] = []
    event.listen(reader._engine, "before_cursor_execute", lambda *told: sent.append(told[2]))

    kept = list(reader.whole_runs(RunFilter()))

    assert len(kept) == 60
    assert all(len(each.exchanges) == 1 for each in kept)
    assert len(sent) < 20


def test_a_run_is_read_by_the_beginning_of_its_id(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "abcdef")
        put_run(connection, "abcdxy")

    kept = reader.run("abcde")

    assert kept is not None
    assert kept.run.run_id == "abcdef"
    assert reader.run("nothing") is None
    assert reader.run("nul\0\ud800") is None
    with pytest.raises(UsageError, match="abcdef and abcdxy"):
        reader.run("abcd")


def test_a_journal_reaches_back_to_its_oldest_run(reader: Reader, journal: Engine) -> None:
    empty = reader.oldest()
    with journal.begin() as connection:
        put_run(connection, "newer", started_at=NOON)
        put_run(connection, "older", started_at=NOON - timedelta(days=3))

    assert empty is None
    assert reader.oldest() == NOON - timedelta(days=3)


def test_a_run_under_way_reads_as_unknown_with_what_it_sent(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "open", outcome=None, duration_seconds=None)
        put_exchange(connection, "open", 1, step="create_session")
        put_exchange(connection, "open", 2, step="search", duration_seconds=0.5)
        put_exchange(connection, "open", 3, step="search", started_at=NOON + MINUTE, duration_seconds=0.5)

    kept = reader.run("open")

    assert kept is not None
    assert kept.under_way
    assert kept.run.outcome is Outcome.UNKNOWN
    assert [(step.name, len(step.exchanges)) for step in kept.run.steps] == [("create_session", 1), ("search", 2)]
    assert [step.outcome for step in kept.run.steps] == [Outcome.UNKNOWN] * 2
    assert kept.run.steps[1].duration_seconds == 60.5


def test_all_words_on_bookings_are_read(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "booked")
        for state in ("made", "cancelled"):
            put(connection, bookings, run_id="booked", session_id="s", booking_id="bk", state=state, told_at=NOON)

    kept = reader.run("booked")

    assert kept is not None
    told = [
        Booking(run_id="booked", target="acme", session_id="s", booking_id="bk", state=state)
        for state in (BookingState.MADE, BookingState.CANCELLED)
    ]
    assert list(kept.bookings) == told


def test_the_last_verdict_of_each_probe_leaves_out_what_judges_nothing(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, instances, instance_id="", command="serve")
        put_run(connection, "1", started_at=NOON, outcome="passed", finished_at=NOON + MINUTE)
        put_run(connection, "2", started_at=NOON + MINUTE, outcome="failed", reason="timeout", recheck=True)
        put_run(connection, "3", started_at=NOON + 2 * MINUTE, outcome="skipped")
        put_run(connection, "4", started_at=NOON + 3 * MINUTE, outcome=None)
        put_run(connection, "5", target="zeta", outcome="unknown")
        put_run(connection, "6", target="beta", outcome="degraded")

    common = {"scenario": "quick_search"}
    assert reader.last_verdicts(MEASURED) == (
        LastVerdict(
            **common,  # type: ignore[arg-type]
            target="acme",
            outcome=Outcome.FAILED,
            reason="timeout",
            finished_at=NOON + MINUTE,
            succeeded_at=NOON + MINUTE,
            run_id="2",
            since=NOON + MINUTE,
            first_at=NOON,
        ),
        LastVerdict(
            **common,  # type: ignore[arg-type]
            target="beta",
            outcome=Outcome.DEGRADED,
            reason=None,
            finished_at=NOON,
            succeeded_at=NOON,
            run_id="6",
            since=NOON,
            first_at=NOON,
        ),
    )


def test_a_verdict_of_elsewhere_or_of_a_person_is_none_of_ours(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, instances, instance_id="", command="serve")
        put(connection, instances, instance_id="person", command="run")
        put_run(connection, "ours", outcome="failed")
        put_run(connection, "elsewhere", started_at=NOON + MINUTE, location="eu-2")
        put_run(connection, "by hand", started_at=NOON + MINUTE, instance_id="person")
        put_run(connection, "only there", target="beta", location="eu-2")

    assert [(last.run_id, last.first_at, last.since) for last in reader.last_verdicts(MEASURED)] == [
        ("ours", NOON, NOON)
    ]


@pytest.mark.parametrize(
    ("passed_for", "verdict"), [(MINUTE, Outcome.PASSED), (timedelta(0), Outcome.FAILED)], ids=["ended last", "alike"]
)
def test_of_runs_that_began_in_one_moment_the_last_to_end_is_the_verdict(
    reader: Reader, journal: Engine, passed_for: timedelta, verdict: Outcome
) -> None:
    with journal.begin() as connection:
        put(connection, instances, instance_id="", command="serve")
        put_run(connection, "1", outcome="passed", finished_at=NOON + passed_for)
        put_run(connection, "2", outcome="failed", finished_at=NOON)
    (last,) = reader.last_verdicts(MEASURED)

    assert (last.outcome, last.since) == (verdict, NOON)


def test_last_verdicts_are_looked_up_and_history_is_not_walked(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, instances, instance_id="", command="serve")
        put_run(connection, "1")
        put_run(connection, "2", target="beta")
    with plans_of(reader._engine) as plans:
        reader.last_verdicts(MEASURED)

    first_probe = "SCAN runs USING COVERING INDEX runs_of_probe"  # of which the first row is taken
    assert len(plans) >= 2
    assert [line for plan in plans for line in scans(plan) if line != first_probe] == []


def test_open_intents_are_those_of_runs_that_were_cut_off(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "cut", outcome="unknown", leaves="booking", scenario="golden_path")
        put_run(connection, "under_way", outcome=None)
        common = {"target": "acme", "session_id": "s", "intended_at": NOON}
        put(connection, intents, run_id="cut", idempotency_key="k1", **common)
        put(connection, intents, run_id="cut", idempotency_key="k0", settled_at=NOON, **common)
        put(connection, intents, run_id="under_way", idempotency_key="k2", **common)
        for state in ("made", "unclear"):
            put(connection, bookings, run_id="cut", session_id="s", state=state)

    assert reader.open_intents() == (
        OpenIntent(
            run_id="cut",
            target="acme",
            scenario="golden_path",
            leaves=Leaves.BOOKING,
            session_id="s",
            idempotency_key="k1",
            intended_at=NOON,
            booking_state=BookingState.UNCLEAR,
        ),
    )


def test_a_run_that_was_cut_off_tells_the_turn_that_nobody_answered(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "cut", outcome="unknown", leaves="booking", scenario="golden_path")
        common = {"run_id": "cut", "target": "acme", "session_id": "s", "intended_at": NOON}
        for key, settlement in (("answered", "booked"), ("lost", "booked"), ("covered", "verdict"), ("", None)):
            put(connection, intents, idempotency_key=key, settlement=settlement, **common)
        put_exchange(connection, "cut", idempotency_key="answered")
    kept = reader.run("cut")

    assert kept is not None
    assert [(turn.idempotency_key, turn.settlement) for turn in kept.unanswered] == [("lost", Settlement.BOOKED)]


def test_states_are_read_by_their_kind(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, states, kind="stopped", key="acme", value='{"since": 1}')
        put(connection, states, kind="other", key="acme", value="2")

    assert reader.states("stopped") == {"acme": {"since": 1}}


def test_a_reader_can_not_write(reader: Reader, journal: Engine) -> None:
    with pytest.raises(JournalError), reader._reading() as connection:
        connection.execute(runs.delete())


def test_each_trouble_with_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    def told(url: str) -> str:
        with pytest.raises(JournalError) as refused:
            list(Reader(url).runs(RunFilter()))
        return str(refused.value)

    (tmp_path / "scrap.db").write_bytes(b"no database at all" * 1000)
    empty = f"sqlite:///{tmp_path}/empty.db"
    (tmp_path / "empty.db").touch()

    assert told(f"sqlite:///{tmp_path}/none.db") == f"there is no journal at {tmp_path}/none.db"
    assert "it is damaged" in told(f"sqlite:///{tmp_path}/scrap.db")
    assert "nothing was kept yet" in told(empty)
    assert "server can't be reached" in told("postgresql://nobody:secret-word@127.0.0.1:1/none")
    assert "secret-word" not in told("postgresql://nobody:secret-word@127.0.0.1:1/none")


def test_a_journal_of_a_newer_version_is_not_read(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(JournalError, match="install the newer brekwatch"):
        reader.last_verdicts(MEASURED)


def test_a_reader_sees_what_is_written_beside_it(sqlite_url: str) -> None:
    engine = new_journal(sqlite_url)
    reader = Reader(sqlite_url)

    assert listed(reader) == []
    with engine.begin() as connection:
        put_run(connection, "fresh")
        assert listed(reader) == []
    assert listed(reader) == ["fresh"]
    reader.close()
    engine.dispose()
