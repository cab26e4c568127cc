"""A booking that nobody asked for stops what may book: in the very transaction that first knows of it.

A process that is killed at any moment after that leaves the stop behind; who heeds it is `probes.stops`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from probes.journal.inserting import insert_into
from probes.journal.items import Booked, Item, Judged, Settled
from probes.journal.rows import state_row
from probes.journal.tables import runs, states
from probes.journal.texts import Scrub
from probes.model import Booking, Run
from probes.unasked import STOPPED, Stop, booked_unasked, value_of
from probes.words import BookingState


def write_stop(connection: Connection, item: Item, scrub: Scrub) -> None:
    """If this item shows such a booking; the first word on a run's stop stays."""
    stop = _stop_in(connection, item)
    if stop is not None:
        row = state_row(STOPPED, stop.run_id, json.dumps(value_of(stop)), stop.since, scrub)
        connection.execute(insert_into(connection, states).on_conflict_do_nothing(), row)


def _stop_in(connection: Connection, item: Item) -> Stop | None:
    match item:
        case Booked(booking=booking, at=at) if booking.state is BookingState.UNEXPECTED:
            return _by_booking(booking, _scenario_of(connection, booking.run_id), at)
        case Settled(booking=Booking() as booking, intent=intent, at=at) if booking.state is BookingState.UNEXPECTED:
            return _by_booking(booking, intent.scenario, at)
        case Judged(run=run) if booked_unasked(run):
            return _by_run(run)
    return None


def _by_booking(booking: Booking, scenario: str | None, at: datetime) -> Stop:
    return Stop(run_id=booking.run_id, target=booking.target, scenario=scenario, since=at)


def _by_run(run: Run) -> Stop:
    ended_at = run.started_at + timedelta(seconds=run.duration_seconds)
    return Stop(run_id=run.run_id, target=run.target, scenario=run.scenario, since=ended_at)


def _scenario_of(connection: Connection, run_id: str) -> str | None:
    return connection.execute(select(runs.c.scenario).where(runs.c.run_id == run_id)).scalar_one_or_none()
