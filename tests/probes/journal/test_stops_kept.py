"""A booking that nobody asked for stops what may book in the transaction that first knows of it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest
from support.facts import NOON, SEARCH, a_start
from support.journals import put, put_run
from support.keeping import keeping, rows
from support.stopping import BOOKED, a_booking, a_run_that_booked

from probes.journal.kept import OpenIntent
from probes.journal.opening import place_of, writing_engine
from probes.journal.reading import Reader
from probes.journal.tables import intents
from probes.unasked import RESUMED, STOPPED, Stop, in_force
from probes.words import BookingState, Leaves, Outcome, Settlement


def stops_in(url: str) -> tuple[Stop, ...]:
    with closing(Reader(url)) as reader:
        return in_force(reader.states(STOPPED), reader.states(RESUMED))


async def test_a_run_s_verdict_is_committed_with_its_stop(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        journal.run_finished(a_run_that_booked(duration_seconds=0.0))

    (stop,) = stops_in(journal_url)
    assert stop == Stop(run_id=BOOKED, target="acme", scenario=SEARCH.name, since=NOON)
    assert [row["outcome"] for row in rows(journal_url, "SELECT outcome FROM runs")] == [Outcome.FAILED]


async def test_a_booking_that_is_told_before_the_verdict_is_committed_with_its_stop(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start(run_id=BOOKED))
        await journal.book(a_booking())
        told = stops_in(journal_url)
        journal.run_finished(a_run_that_booked())

    assert [(stop.run_id, stop.scenario) for stop in told] == [(BOOKED, SEARCH.name)]
    assert stops_in(journal_url) == told


@pytest.mark.parametrize("state", [state for state in BookingState if state is not BookingState.UNEXPECTED])
async def test_a_booking_that_was_asked_for_stops_nothing(journal_url: str, state: BookingState) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start(run_id=BOOKED))
        await journal.book(a_booking(state))

    assert stops_in(journal_url) == ()


async def test_a_booking_that_is_found_after_a_crash_is_committed_with_its_stop(journal_url: str) -> None:
    intent = OpenIntent(
        run_id=BOOKED,
        target="acme",
        scenario="quick_search",
        leaves=Leaves.SESSION,
        session_id="sess_1",
        idempotency_key="acme:k",
        intended_at=NOON,
    )
    async with keeping(journal_url) as journal:
        await journal.keep_state("any", "thing", 1)
        with writing_engine(place_of(journal_url)).begin() as connection:
            put_run(connection, BOOKED, outcome="unknown")
            put(connection, intents, run_id=BOOKED, session_id="sess_1", idempotency_key="acme:k", settled_at=None)
        await journal.settle(intent, Settlement.BOOKED, a_booking())

    assert [(stop.run_id, stop.scenario) for stop in stops_in(journal_url)] == [(BOOKED, "quick_search")]


async def test_a_stop_that_was_marked_is_not_written_over_by_the_verdict(journal_url: str) -> None:
    marked = {"target": "acme", "scenario": "quick_search", "since": datetime.now(UTC).isoformat(), "mark": "ab:cd"}
    async with keeping(journal_url) as journal:
        await journal.keep_state(STOPPED, BOOKED, marked)
        journal.run_finished(a_run_that_booked())

    assert [stop.mark for stop in stops_in(journal_url)] == ["ab:cd"]


async def test_what_is_read_under_several_kinds_is_read_in_their_order(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.keep_state(STOPPED, "a", 1)
        await journal.keep_state(RESUMED, "b", 2)
        found = await journal.states(RESUMED, STOPPED)

    assert found == ({"b": 2}, {"a": 1})
