"""What a run has truly booked, as far as it can tell: the ledger is told, the cleanup is decided on it."""

from __future__ import annotations

from collections.abc import Callable

from probes.answers import event_statuses
from probes.errors import LedgerUnavailableError
from probes.model import Answer, Booking, Exchange, Ledger, RunStart
from probes.words import BookingState, ChatStatus, Envelope, FaultKind

_DUE = frozenset({BookingState.MADE, BookingState.UNEXPECTED, BookingState.UNCLEAR})
_CANCELLED_WORDS = frozenset({"cancelled", "canceled"})
_DOCUMENTED_REFUSALS = frozenset({400, 401, 403, 404, 409, 429})  # the guide's "Error catalog"
_SAYS_NOTHING_OF_CANCELLING = frozenset({ChatStatus.ERROR, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED})


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
        return bool(self.bookings) and self.bookings[-1].state in _DUE

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

    async def saw_answer(self, answer: Answer, session_id: str | None, *, expected: bool) -> None:
        """A turn that says `booked`, or a snapshot that shows it: a booking, whatever else is wrong with the answer."""
        if answer.chat_status != ChatStatus.BOOKED and ChatStatus.BOOKED not in event_statuses(answer):
            return
        named = booking_id_in(answer)
        if self.bookings and named in {None, self.booking_id}:
            return
        self.booking_id = named
        await self.record(BookingState.MADE if expected else BookingState.UNEXPECTED, session_id)

    async def saw_snapshot(
        self, snapshot: Exchange, lost: Exchange | None, session_id: str | None, *, before: str | None
    ) -> None:
        """The snapshot that was read after a turn that may book and whose answer doesn't say what it did.

        A snapshot that ends in another status than `before` the turn has its result. Without any word of it, the turn
        may still be under way, unless it was answered. `lost` is None for a turn that was given up by us.
        """
        answer = snapshot.answer
        if answer is None or answer.status_code != 200 or answer.session_id != session_id:
            if lost is None or lost.status_code not in _DOCUMENTED_REFUSALS:
                await self.record(BookingState.UNCLEAR, session_id)
            return
        statuses = event_statuses(answer)
        if ChatStatus.BOOKED in statuses:
            await self.record(BookingState.MADE, session_id)
        elif (lost is None or lost.answer is None) and statuses[-1:] == ((before,) if before else ()):
            await self.record(BookingState.UNCLEAR, session_id)

    async def saw_cancel(self, exchange: Exchange | None) -> BookingState:
        """What became of the booking, from the answer to a cancel action; None if it was not sent."""
        last = self.bookings[-1]
        state = BookingState.LEFT if exchange is None else _after_cancel(exchange, last.session_id)
        if state is not BookingState.LEFT or last.state is not BookingState.UNCLEAR:
            await self.record(state, last.session_id)
        return state


def _after_cancel(exchange: Exchange, session_id: str) -> BookingState:
    """No document says what a cancel answers, so `cancelled` wants evidence, and `left` a plain refusal."""
    answer = exchange.answer
    if answer is not None and 400 <= answer.status_code < 500:
        return BookingState.LEFT
    if answer is None or answer.envelope is not Envelope.SUCCESS or answer.session_id != session_id:
        return BookingState.UNCLEAR
    if _told_cancelled(answer):
        return BookingState.CANCELLED
    if answer.chat_status == ChatStatus.BOOKED:
        return BookingState.LEFT
    if answer.chat_status is None or answer.chat_status in _SAYS_NOTHING_OF_CANCELLING or answer.status_code != 200:
        return BookingState.UNCLEAR
    return BookingState.CANCELLED


def _told_cancelled(answer: Answer) -> bool:
    match answer.artifacts.get("booking"):
        case {"status": str(status)}:
            return status.lower() in _CANCELLED_WORDS
        case _:
            return False


def booking_id_in(answer: Answer) -> str | None:
    """The booking's id in `artifacts.booking`: the payload of an action calls it `bookingId`."""
    match answer.artifacts.get("booking"):
        case {"bookingId": str(booking_id)} | {"id": str(booking_id)}:
            return booking_id
        case _:
            return None
