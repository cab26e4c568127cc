"""What a run has truly booked, as far as it can tell: the ledger is told, the cleanup is decided on it."""

from __future__ import annotations

from collections.abc import Callable

from probes.answers import event_statuses
from probes.errors import LedgerUnavailableError
from probes.model import Answer, Booking, Exchange, Failure, Ledger, RunStart
from probes.words import BookingState, ChatStatus, FailureKind, FaultKind

_BOOKED_SO_FAR = frozenset({BookingState.MADE, BookingState.UNEXPECTED, BookingState.UNCLEAR})


class BookingWatch:
    """Follows one run's bookings. Cleanup is due while something is, or may be, booked."""

    def __init__(
        self, start: RunStart, ledger: Ledger, tell_fault: Callable[[FaultKind, str, BaseException], None]
    ) -> None:
        self._start = start
        self._ledger = ledger
        self._tell_fault = tell_fault
        self.bookings: list[Booking] = []
        self.booking_id: str | None = None

    @property
    def cleanup_due(self) -> bool:
        """Whether something is, or may be, booked and not yet cancelled."""
        return bool(self.bookings) and self.bookings[-1].state in _BOOKED_SO_FAR

    async def record(self, state: BookingState, session_id: str | None) -> None:
        """Tell the ledger; the same state of the same session is told once.

        A ledger that can't keep it is the monitor's fault: the run's verdict stands, and the cleanup is still due.
        """
        booking = Booking(
            run_id=self._start.run_id,
            target=self._start.target,
            session_id=session_id or "",
            state=state,
            booking_id=self.booking_id,
        )
        if booking in self.bookings:
            return
        self.bookings.append(booking)
        try:
            await self._ledger.book(booking)
        except LedgerUnavailableError as problem:
            self._tell_fault(FaultKind.JOURNAL, str(problem), problem)

    async def saw_turn(self, answer: Answer, failure: Failure | None) -> None:
        """An answered turn: `booked` is a booking, expected or not."""
        if answer.chat_status != ChatStatus.BOOKED:
            return
        self.booking_id = booking_id_in(answer)
        unexpected = failure is not None and failure.kind is FailureKind.UNEXPECTED_BOOKING
        await self.record(BookingState.UNEXPECTED if unexpected else BookingState.MADE, answer.session_id)

    async def saw_snapshot(self, snapshot: Exchange, session_id: str | None, *, may_be_under_way: bool) -> None:
        """The snapshot that was read after a write whose answer was lost.

        Without `booked` in it nothing was booked, unless the write may still be under way.
        """
        answer = snapshot.answer
        readable = answer is not None and answer.status_code == 200 and answer.session_id == session_id
        if answer is not None and readable and ChatStatus.BOOKED in event_statuses(answer):
            await self.record(BookingState.MADE, session_id)
        elif may_be_under_way or not readable:
            await self.record(BookingState.UNCLEAR, session_id)

    async def saw_cancel(self, exchange: Exchange) -> bool:
        """The answer to a cancel action; whether the booking is gone.

        No document says what a cancel answers. A success counts, unless it says `booked` still.
        """
        answer = exchange.answer
        cancelled = answer is not None and answer.status_code == 200 and answer.chat_status != ChatStatus.BOOKED
        last = self.bookings[-1]
        if cancelled:
            await self.record(BookingState.CANCELLED, last.session_id)
        elif last.state is not BookingState.UNCLEAR:
            await self.record(BookingState.LEFT, last.session_id)
        return cancelled


def booking_id_in(answer: Answer) -> str | None:
    """The booking's id in `artifacts.booking`: the payload of an action calls it `bookingId`."""
    match answer.artifacts.get("booking"):
        case {"bookingId": str(booking_id)} | {"id": str(booking_id)}:
            return booking_id
        case _:
            return None


def is_ambiguous(last: Exchange) -> bool:
    """Whether a failed turn that may book leaves open what became of it: no answer, or one that may be wrong.

    A 4xx is a refusal: the API says that it did nothing.
    """
    told = last.answer is not None and last.answer.chat_status == ChatStatus.BOOKED
    refused = last.status_code is not None and 400 <= last.status_code < 500
    return not told and not refused
