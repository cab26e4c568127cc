"""What the journal lets go of, and in what order; and that no step of it takes long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, Table, func, select
from support.journals import NOON, new_journal, put, put_exchange, put_run
from support.keeping import keeping, until
from support.plans import plans_of, scans

from probes.journal.moments import day_of
from probes.journal.opening import driver_connection
from probes.journal.retention import ROWS_A_STEP, Pruning, used_bytes
from probes.journal.tables import (
    OF_A_RUN,
    alerts,
    bookings,
    exchanges,
    findings,
    ids,
    incidents,
    instances,
    intents,
    notices,
    reservations,
    runs,
    slots,
    steps,
    transitions,
)
from probes.settings import Retention

DAY = timedelta(days=1)
HUGE = 10**12


@pytest.fixture
def journal(journal_url: str) -> Iterator[Engine]:
    engine = new_journal(journal_url)
    yield engine
    engine.dispose()


def prune(journal: Engine, now: datetime = NOON, *, size_bytes: int = HUGE, sweeps: int = 1) -> int:
    """Sweeps to the end, each step in a transaction of its own; the number of steps."""
    pruning = Pruning(Retention(size_bytes=size_bytes), clock=lambda: 0.0)
    taken = 0
    for _ in range(sweeps):
        more = True
        while more:
            taken += 1
            assert taken < 1000
            with journal.begin() as connection:
                more = pruning.step(connection, now)
    return taken


def left(journal: Engine, table: Table = runs) -> list[object]:
    with journal.begin() as connection:
        return list(connection.execute(select(table.columns[0]).order_by(table.columns[0])).scalars())


@pytest.mark.parametrize("outcome", ["passed", "skipped"])
def test_a_success_goes_after_fourteen_days(journal: Engine, outcome: str) -> None:
    with journal.begin() as connection:
        put_run(connection, "old", outcome=outcome, started_at=NOON - 14 * DAY - timedelta(seconds=1))
        put_run(connection, "young", outcome=outcome, started_at=NOON - 14 * DAY + timedelta(seconds=1))
    prune(journal)

    assert left(journal) == ["young"]


@pytest.mark.parametrize("outcome", ["failed", "degraded", "unknown"])
def test_a_failure_goes_after_ninety_days(journal: Engine, outcome: str) -> None:
    with journal.begin() as connection:
        put_run(connection, "old", outcome=outcome, started_at=NOON - 91 * DAY)
        put_run(connection, "young", outcome=outcome, started_at=NOON - 89 * DAY)
    prune(journal)

    assert left(journal) == ["young"]


def test_a_run_under_way_never_goes(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "ancient", outcome=None, started_at=NOON - 1000 * DAY)
        put_exchange(connection, "ancient")
    prune(journal, size_bytes=0)

    assert left(journal) == ["ancient"]
    assert left(journal, exchanges) == ["ancient"]


@pytest.mark.parametrize("state", ["made", "left", "unclear", "unexpected"])
def test_a_booking_that_may_stand_keeps_its_run_as_long_as_failures(journal: Engine, state: str) -> None:
    with journal.begin() as connection:
        for name, days in (("month", 30), ("year", 365)):
            put_run(connection, name, started_at=NOON - days * DAY)
            put(connection, bookings, run_id=name, session_id="s", booking_id=None, state=state)
    prune(journal)

    assert left(journal) == ["month"]


def test_the_last_word_on_each_booking_decides(journal: Engine) -> None:
    with journal.begin() as connection:
        for name in ("cancelled", "one_left", "unclear_again"):
            put_run(connection, name, started_at=NOON - 30 * DAY)
            put(connection, bookings, run_id=name, session_id="s", booking_id="1", state="made")
            put(connection, bookings, run_id=name, session_id="s", booking_id="1", state="cancelled")
        put(connection, bookings, run_id="one_left", session_id="s", booking_id="2", state="made")
        put(connection, bookings, run_id="unclear_again", session_id="s", booking_id="1", state="unclear")
    prune(journal)

    assert left(journal) == ["one_left", "unclear_again"]


def test_an_intent_that_is_not_settled_keeps_its_run(journal: Engine) -> None:
    with journal.begin() as connection:
        for name, settled in (("open", None), ("settled", NOON)):
            put_run(connection, name, started_at=NOON - 30 * DAY)
            put(connection, intents, run_id=name, idempotency_key=name, settled_at=settled)
    prune(journal)

    assert left(journal) == ["open"]


def test_nothing_of_a_run_is_left_when_it_goes(journal: Engine) -> None:
    with journal.begin() as connection:
        for name, days in (("gone", 15), ("kept", 13)):
            put_run(connection, name, started_at=NOON - days * DAY)
            put_exchange(connection, name, event_id="evt", session_id="sess")
            put(connection, bookings, run_id=name, state="cancelled")
            put(connection, intents, run_id=name, idempotency_key=name, settled_at=NOON)
            for table in (steps, transitions, findings):
                put(connection, table, run_id=name)
    prune(journal)

    with journal.begin() as connection:
        for table in OF_A_RUN:
            assert set(connection.execute(select(table.c.run_id)).scalars()) == {"kept"}, table.name


def test_what_belongs_to_no_run_goes_with_its_age(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "open", outcome=None, instance_id="needed", started_at=NOON - 20 * DAY)
        for name in ("ended", "needed"):
            put(connection, instances, instance_id=name, ended_at=NOON - 91 * DAY)
        put(connection, instances, instance_id="there", started_at=NOON - 99 * DAY, ended_at=None)
        for number, days in enumerate((15, 13), 1):
            put(connection, slots, slot_id=number, ended_at=NOON - days * DAY)
        for number, days in enumerate((91, 89), 1):
            put(connection, findings, finding_id=number, run_id=None, found_at=NOON - days * DAY)
        for days in (8, 7):
            put(connection, reservations, run_id=f"{days} days", day=day_of(NOON) - days)
    prune(journal)

    assert left(journal, instances) == ["needed", "there"]
    assert left(journal, slots) == [2]
    assert left(journal, findings) == [2]
    assert left(journal, reservations) == ["7 days"]


def fill(journal: Engine, *names: str, outcome: str = "passed", hours: int = 0) -> None:
    """Runs of about 50 KB each, an hour apart."""
    with journal.begin() as connection:
        for number, name in enumerate(names):
            at = NOON - DAY + timedelta(hours=hours + number)
            put_run(connection, name, outcome=outcome, started_at=at, stored_bytes=50_000)
            put_exchange(connection, name, answer_body="x" * 50_000)
            put(connection, slots, ended_at=at)


def size_of(journal: Engine) -> int:
    with journal.begin() as connection:
        return used_bytes(connection)


def test_a_journal_that_is_too_big_loses_its_oldest_successes_first(journal: Engine) -> None:
    fill(journal, *(f"f{number}" for number in range(20)), outcome="failed")
    fill(journal, *(f"s{number:02}" for number in range(40)), hours=30)
    size = size_of(journal)
    prune(journal, size_bytes=size * 2 // 3)

    assert size * 0.5 < size_of(journal) <= size * 2 / 3
    names = left(journal)
    assert len([name for name in names if str(name).startswith("f")]) == 20
    assert names[-1] == "s39"
    assert "s00" not in names


def test_failures_follow_and_bookings_that_may_stand_go_last(journal: Engine) -> None:
    fill(journal, *(f"f{number:02}" for number in range(20)), outcome="failed")
    with journal.begin() as connection:
        put(connection, bookings, run_id="f00", state="left")
    fill(journal, *(f"s{number:02}" for number in range(10)), hours=-30)
    prune(journal, size_bytes=size_of(journal) // 4)

    names = left(journal)
    assert "f00" in names
    assert "f19" in names
    assert "f01" not in names
    assert not any(str(name).startswith("s") for name in names)
    prune(journal, size_bytes=0)
    assert left(journal) == []


def test_slots_go_with_the_successes_that_had_to_go_early(journal: Engine) -> None:
    fill(journal, *(f"s{number:02}" for number in range(40)))
    prune(journal, size_bytes=size_of(journal) // 2)

    with journal.begin() as connection:
        oldest = connection.execute(select(func.min(runs.c.started_at))).scalar_one()
        assert connection.execute(select(func.min(slots.c.ended_at))).scalar_one() == oldest


def test_a_step_deletes_five_hundred_rows_at_most(journal: Engine) -> None:
    with journal.begin() as connection:
        for number in range(40):
            put_run(connection, f"r{number:02}", started_at=NOON - 20 * DAY)
            for seq in range(12):
                put_exchange(connection, f"r{number:02}", seq, event_id=f"{number}.{seq}", session_id="s")
        before = _rows(connection)
    pruning = Pruning(Retention(), clock=lambda: 0.0)
    deleted = []
    more = True
    while more:
        with journal.begin() as connection:
            more = pruning.step(connection, NOON)
            rows = _rows(connection)
        deleted.append(before - rows)
        before = rows

    assert before == 0
    assert max(deleted) == ROWS_A_STEP
    assert pruning.pruned == 40


def _rows(connection: object) -> int:
    return sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[attr-defined]
        for table in (runs, *OF_A_RUN)
    )


def test_a_run_of_more_rows_than_a_step_takes_several(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "long", started_at=NOON - 20 * DAY)
        for seq in range(ROWS_A_STEP + 10):
            put_exchange(connection, "long", seq)
    taken = prune(journal)

    assert taken == 2
    assert left(journal) == left(journal, exchanges) == []


def test_a_step_ends_when_its_time_is_over(journal: Engine) -> None:
    with journal.begin() as connection:
        for number in range(10):
            put_run(connection, f"r{number}", started_at=NOON - 20 * DAY)
    ticks = count()
    pruning = Pruning(Retention(), clock=lambda: next(ticks) * 0.01)
    with journal.begin() as connection:
        more = pruning.step(connection, NOON)

    assert more
    assert 0 < len(left(journal)) < 10


def test_a_second_sweep_looks_again_at_what_was_spared(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "booked", started_at=NOON - 20 * DAY)
        put(connection, bookings, run_id="booked", session_id="s", state="left")
    pruning = Pruning(Retention(), clock=lambda: 0.0)
    for state in ("cancelled", None):
        with journal.begin() as connection:
            assert not pruning.step(connection, NOON)
            if state is not None:
                put(connection, bookings, run_id="booked", session_id="s", state=state)

    assert left(journal) == []


def test_what_was_freed_goes_back_to_the_disk_bite_by_bite(sqlite_url: str) -> None:
    journal = new_journal(sqlite_url)
    fill(journal, *(f"s{number:03}" for number in range(200)))

    def pages() -> tuple[int, int]:
        with journal.begin() as connection:
            raw = driver_connection(connection)
            return tuple(raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))

    before, _ = pages()
    prune(journal, size_bytes=size_of(journal) // 4)
    after, free = pages()

    assert after < before / 2
    assert free <= 256
    journal.dispose()


async def test_a_journal_with_a_retention_prunes_by_itself_and_one_without_does_not(journal_url: str) -> None:
    engine = new_journal(journal_url)
    with engine.begin() as connection:
        put_run(connection, "old", started_at=NOON - 20 * DAY)
    async with keeping(journal_url, now=lambda: NOON) as journal:
        await journal.keep_state("any", "thing", 1)
    assert left(engine) == ["old"]
    async with keeping(journal_url, retention=Retention(), now=lambda: NOON):
        await until(lambda: not left(engine))
    engine.dispose()


def test_only_one_process_prunes_a_shared_server_at_a_time(postgresql_url: str) -> None:
    journal = new_journal(postgresql_url)
    with journal.begin() as connection:
        put_run(connection, "old", started_at=NOON - 20 * DAY)
    first, second = (Pruning(Retention()) for _ in range(2))
    with journal.begin() as one, journal.begin() as two:
        first.step(one, NOON)
        assert not second.step(two, NOON)
        assert second.pruned == 0
    journal.dispose()


def test_an_incident_goes_ninety_days_after_it_closed_and_never_while_it_is_open(journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, incidents, incident_id="open", detected_at=NOON - 999 * DAY, closed_at=None)
        put(connection, incidents, incident_id="old", detected_at=NOON - 999 * DAY, closed_at=NOON - 91 * DAY)
        put(connection, incidents, incident_id="young", detected_at=NOON - 999 * DAY, closed_at=NOON - 89 * DAY)
    prune(journal)

    assert left(journal, incidents) == ["open", "young"]


def test_a_notice_goes_ninety_days_after_it_was_settled_and_never_while_it_waits(journal: Engine) -> None:
    with journal.begin() as connection:
        put(connection, notices, notice_id="waits", due_at=NOON - 999 * DAY, settled_at=None)
        put(connection, notices, notice_id="old", due_at=NOON - 999 * DAY, settled_at=NOON - 91 * DAY)
        put(connection, notices, notice_id="young", due_at=NOON - 999 * DAY, settled_at=NOON - 89 * DAY)
    prune(journal)

    assert left(journal, notices) == ["waits", "young"]


def test_an_alert_goes_ninety_days_after_it_was_last_heard_of_but_not_before_its_incident_closed(
    journal: Engine,
) -> None:
    with journal.begin() as connection:
        put(connection, incidents, incident_id="open", detected_at=NOON - 999 * DAY, closed_at=None)
        put(connection, incidents, incident_id="over", detected_at=NOON - 999 * DAY, closed_at=NOON - DAY)
        put(connection, alerts, fingerprint="of-open", incident_id="open", received_at=NOON - 91 * DAY)
        put(connection, alerts, fingerprint="of-none", incident_id=None, received_at=NOON - 91 * DAY)
        put(connection, alerts, fingerprint="of-over", incident_id="over", received_at=NOON - 91 * DAY)
        put(connection, alerts, fingerprint="young", incident_id=None, received_at=NOON - 89 * DAY)
    prune(journal)

    assert left(journal, alerts) == ["of-open", "young"]


def test_the_old_are_looked_up_by_an_index(journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "old", started_at=NOON - 20 * DAY)
        put_exchange(connection, "old", event_id="evt")
    with plans_of(journal) as plans:
        prune(journal)
    scanned = [line for plan in plans if "sum(" not in plan for line in scans(plan)]

    assert [line for line in scanned if "instances" not in line and "reservations" not in line] == []
    assert left(journal, ids) == []
