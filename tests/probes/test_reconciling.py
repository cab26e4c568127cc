"""What cut-off runs may have booked is looked up, and never sent again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.facts import an_answer
from support.playing import Heard, target_for
from support.sandbox import Partner, partner_of

from probes.errors import RefusedError
from probes.journal.kept import OpenIntent
from probes.model import Booking, Quota, Target
from probes.reconciling import Reconciling, judge
from probes.turns import Turns
from probes.words import BookingState, Leaves, Operation, Settlement

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def an_intent(session_id: str = "s", **changes: object) -> OpenIntent:
    intent = OpenIntent(
        run_id="cut-off",
        target="sandbox",
        scenario="golden_path",
        leaves=Leaves.BOOKING,
        session_id=session_id,
        idempotency_key=f"acme:{session_id}:confirm:006",
        intended_at=NOW - 5 * MINUTE,
    )
    return replace(intent, **changes)  # type: ignore[arg-type]


class Book:
    """A book of intents in memory."""

    def __init__(self, *intents: OpenIntent) -> None:
        self.open = list(intents)
        self.settled: list[tuple[str, Settlement, Booking | None]] = []

    async def open_intents(self) -> tuple[OpenIntent, ...]:
        return tuple(self.open)

    async def settle(self, intent: OpenIntent, settlement: Settlement, booking: Booking | None) -> None:
        self.open.remove(intent)
        self.settled.append((intent.idempotency_key, settlement, booking))


class Settled(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.bookings: list[Booking] = []

    def booking_settled(self, booking: Booking) -> None:
        self.bookings.append(booking)


def reconciling_of(book: Book, target: Target, heard: Settled) -> Reconciling:
    return Reconciling(
        book,
        targets=lambda: {target.name: target},
        turns=Turns([target]),
        listener=heard,
        location="test",
        now=lambda: NOW,
        sleep=lambda _seconds: asyncio.sleep(0),
    )


async def look(book: Book, target: Target) -> Settled:
    heard = Settled()
    await reconciling_of(book, target, heard).look()
    return heard


async def booked_session(partner: Partner) -> str:
    session = await partner.to_consent("brekwatch_cut-off")
    await partner.say(session, "yes, use this card", key="acme:k")
    return session


def unlimited(partner: Partner) -> Target:
    return target_for(partner.sandbox, quota=Quota(share=1.0, reserve=0.0))


async def test_a_booking_of_a_cut_off_run_is_found_in_one_read_and_told() -> None:
    async with partner_of() as partner:
        session = await booked_session(partner)
        earlier = an_intent(session, idempotency_key="acme:earlier")
        book = Book(earlier, an_intent(session))

        heard = await look(book, unlimited(partner))

    assert [exchange.operation for exchange in heard.exchanges] == [Operation.GET_SESSION]
    assert [(key, settlement) for key, settlement, _ in book.settled] == [
        ("acme:earlier", Settlement.BOOKED),
        (f"acme:{session}:confirm:006", Settlement.BOOKED),
    ]
    assert [booking.state for _, _, booking in book.settled if booking] == [BookingState.LEFT]
    assert [(booking.session_id, booking.state) for booking in heard.bookings] == [(session, BookingState.LEFT)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"leaves": Leaves.SESSION}, id="it was to leave none"),
        pytest.param({"booking_state": BookingState.UNEXPECTED}, id="the run said so before it was cut off"),
    ],
)
async def test_a_booking_that_a_cut_off_run_was_not_to_make_is_unexpected(changes: dict[str, object]) -> None:
    async with partner_of() as partner:
        session = await booked_session(partner)

        heard = await look(Book(an_intent(session, **changes)), unlimited(partner))

    assert [booking.state for booking in heard.bookings] == [BookingState.UNEXPECTED]


async def test_runs_that_are_found_to_be_cut_off_later_are_looked_up_at_once() -> None:
    async with partner_of() as partner:
        book = Book()
        reconciling = reconciling_of(book, unlimited(partner), Settled())
        reconciling.start()
        await asyncio.sleep(0.05)
        book.open.append(an_intent(await booked_session(partner)))
        reconciling.runs_cut_off(1)
        async with asyncio.timeout(5):
            while not book.settled:
                await asyncio.sleep(0.01)
        await reconciling.aclose()

    assert [settlement for _, settlement, _ in book.settled] == [Settlement.BOOKED]


async def test_a_session_that_booked_nothing_is_settled_once_no_turn_can_be_under_way_any_more() -> None:
    async with partner_of() as partner:
        session = await partner.to_consent("brekwatch_cut-off")
        fresh = Book(an_intent(session, intended_at=NOW - MINUTE))
        old = Book(an_intent(session))

        await look(fresh, unlimited(partner))
        heard = await look(old, unlimited(partner))

    assert fresh.settled == []
    assert [(settlement, booking) for _, settlement, booking in old.settled] == [(Settlement.NOTHING, None)]
    assert heard.bookings == []


async def test_a_session_that_is_gone_leaves_a_booking_unclear() -> None:
    async with partner_of() as partner:
        book = Book(an_intent("sess_1_gone"), an_intent("sess_2_gone", run_id="search", leaves=Leaves.SESSION))

        heard = await look(book, unlimited(partner))

    assert [settlement for _, settlement, _ in book.settled] == [Settlement.UNCLEAR, Settlement.NOTHING]
    assert [booking.state for booking in heard.bookings] == [BookingState.UNCLEAR]


async def test_a_server_that_does_not_answer_settles_nothing_and_a_target_that_is_gone_is_not_asked() -> None:
    async with partner_of(faults=["server_error"]) as partner:
        book = Book(an_intent("s"), an_intent("s", target="elsewhere"))

        heard = await look(book, unlimited(partner))

    assert book.settled == []
    assert {exchange.status_code for exchange in heard.exchanges} == {500}


async def test_a_turn_that_had_no_session_needs_no_look() -> None:
    async with partner_of() as partner:
        book = Book(an_intent(""))

        heard = await look(book, unlimited(partner))

    assert heard.exchanges == []
    assert [settlement for _, settlement, _ in book.settled] == [Settlement.NOTHING]


class ClosedBook(Book):
    """Another process was quicker."""

    async def settle(self, intent: OpenIntent, settlement: Settlement, booking: Booking | None) -> None:
        raise RefusedError("another process has settled this turn already")


async def test_a_booking_that_another_process_has_found_is_told_by_that_one_alone() -> None:
    async with partner_of() as partner:
        session = await booked_session(partner)

        heard = await look(ClosedBook(an_intent(session)), unlimited(partner))

    assert len(heard.exchanges) == 1
    assert heard.bookings == []


def snapshot(*statuses: str) -> object:
    return {"data": {"events": [{"resultStatus": status} for status in statuses]}}


@pytest.mark.parametrize(
    ("intent", "answer", "age", "found"),
    [
        (an_intent(booking_state=BookingState.CANCELLED), None, MINUTE, (Settlement.CANCELLED, None)),
        (an_intent(), None, 60 * MINUTE, None),
        (an_intent(), None, timedelta(days=2), (Settlement.UNCLEAR, BookingState.UNCLEAR)),
        (an_intent(leaves=Leaves.SESSION), None, timedelta(days=2), (Settlement.NOTHING, None)),
        (
            an_intent(),
            an_answer(session_id="s", body=snapshot("booked", "error")),
            MINUTE,
            (Settlement.BOOKED, BookingState.LEFT),
        ),
        (an_intent(), an_answer(session_id="another", body=snapshot("booked")), MINUTE, None),
        (an_intent(), an_answer(session_id="s", body={"data": {}}), 5 * MINUTE, None),
    ],
)
def test_a_snapshot_is_believed_as_far_as_it_tells(
    intent: OpenIntent, answer: object, age: timedelta, found: object
) -> None:
    assert judge(answer, intent, age=age) == found  # type: ignore[arg-type]
