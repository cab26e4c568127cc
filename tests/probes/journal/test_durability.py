"""What was promised waits for the disk; the rest of a run need not."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from support.facts import RUN_ID, a_probe, a_run, a_start, an_exchange
from support.keeping import ENDS_A_BATCH, keeping, on_each

from probes.journal.journal import Journal
from probes.model import Booking, Intent
from probes.words import BookingState, SlotState

BOOKING = Booking(run_id=RUN_ID, target="acme", session_id="s", state=BookingState.MADE)


class Batches:
    """How the commit of each batch will wait for the disk, as the database itself says."""

    def __init__(self) -> None:
        self.durable: list[bool] = []

    def __call__(self, connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith(ENDS_A_BATCH):
            return
        if connection.dialect.name == "sqlite":
            self.durable.append(connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2)  # FULL
        else:
            self.durable.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on")


async def begun(journal: Journal) -> None:
    await journal.begin_run(a_start())


async def intended(journal: Journal) -> None:
    await journal.intend(Intent(run_id=RUN_ID, target="acme", session_id="s", idempotency_key="k", body=b"{}"))


async def booked(journal: Journal) -> None:
    await journal.book(BOOKING)


async def stated(journal: Journal) -> None:
    await journal.keep_state("alert", "a", 1)


async def judged_with_a_booking(journal: Journal) -> None:
    journal.run_finished(a_run(steps=(), bookings=(BOOKING,)))


async def judged(journal: Journal) -> None:
    journal.run_finished(a_run())


async def sent(journal: Journal) -> None:
    journal.exchange_finished(a_start(), "search", an_exchange())


async def planned(journal: Journal) -> None:
    journal.slot_finished(a_probe(), SlotState.RUN, None, 0.0)


@pytest.mark.parametrize(
    ("told", "durable"),
    [
        (begun, True),
        (intended, True),
        (booked, True),
        (stated, True),
        (judged_with_a_booking, True),
        (judged, False),
        (sent, False),
        (planned, False),
    ],
)
async def test_a_commit_waits_for_the_disk_only_where_a_power_cut_would_break_a_promise(
    journal_url: str, told: object, *, durable: bool
) -> None:
    assert callable(told)
    batches = Batches()
    async with keeping(journal_url) as journal:
        with on_each("before_cursor_execute", batches):
            await told(journal)
            await journal.aclose()

    assert batches.durable[0] is durable
