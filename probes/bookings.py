"""What a run has truly booked, as far as it can tell: the ledger is told, the cleanup is decided on it."""

from __future__ import annotations

from collections.abc import Callable

from probes.answers import event_statuses, snapshot_statuses
from probes.errors import LedgerUnavailableError
from probes.ledger import answering
from probes.model import Answer, Booking, Exchange, Ledger, RunStart
from probes.words import DOCUMENTED_REFUSALS, BookingState, ChatStatus, Envelope, FaultKind

_DUE = frozenset({BookingState.MADE, BookingState.UNEXPECTED, BookingState.UNCLEAR})
_CANCELLED_WORDS = frozenset({"cancelled", "canceled"})
_LEDGER_SECONDS = 1.0
_SAYS_NOTHING_OF_CANCELLING = frozenset({ChatStatus.ERROR, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED})


class BookingWatch:
    """Follows one run's bookings. Cleanup is due for each that is, or may be, made and not yet cancelled."""

    def __init__(
        self, start: RunStart, ledger: Ledger, tell_fault: Callable[[FaultKind, str, BaseException], None]
    ) -> None:
        self._start = start
        self._ledger = ledger
        self._tell_fault = tell_fault
        self.bookings: list[Booking] = []
        self._marks: dict[str | None, set[str]] = {}

    @property
    def due(self) -> tuple[Booking, ...]:
        """The bookings that should be taken back."""
        newest = {(booking.session_id, booking.booking_id): booking for booking in self.bookings}
        return tuple(booking for booking in newest.values() if booking.state in _DUE)

    def knows(self, session_id: str | None) -> bool:
        """Whether a booking of this session was seen, in whatever state."""
        return bool(self.of(session_id))

    def of(self, session_id: str | None) -> tuple[Booking, ...]:
        """All that was told of this session's bookings."""
        return tuple(booking for booking in self.bookings if booking.session_id == session_id)

    async def record(self, state: BookingState, session_id: str | None, booking_id: str | None = None) -> None:
        """Tell the ledger.

        A ledger that can't keep it is the monitor's fault: the run's verdict stands, and the cleanup is still due.
        """
        booking = Booking(
            run_id=self._start.run_id,
            target=self._start.target,
            session_id=session_id or "",
            state=state,
            booking_id=booking_id,
        )
        self.bookings.append(booking)
        try:
            async with answering(_LEDGER_SECONDS):
                await self._ledger.book(booking)
        except LedgerUnavailableError as problem:
            if not problem.told:
                self._tell_fault(FaultKind.JOURNAL, str(problem), problem)

    async def saw_answer(self, answer: Answer, session_id: str | None, *, expected: bool) -> None:
        """A turn that says `booked`, or a snapshot that shows it: a booking, whatever else is wrong with the answer.

        An answer that names another session than ours says nothing of ours.
        """
        if answer.session_id not in {None, session_id}:
            return
        if answer.chat_status != ChatStatus.BOOKED and ChatStatus.BOOKED not in event_statuses(answer):
            return
        mark, seen = _mark_of(answer), self._marks.setdefault(session_id, set())
        another = mark is not None and bool(seen) and mark not in seen
        if mark is not None:
            seen.add(mark)
        if self.knows(session_id) and not another:
            return
        await self.record(BookingState.MADE if expected else BookingState.UNEXPECTED, session_id, booking_id_in(answer))

    async def saw_snapshot(
        self,
        snapshot: Exchange,
        lost: Exchange | None,
        session_id: str | None,
        *,
        before: str | None,
        refused: bool = False,
    ) -> None:
        """The snapshot that was read after a turn that may book and whose answer doesn't say what it did.

        A snapshot that ends in another status than `before` the turn has its result. Else the turn may still be under
        way, unless its answer shows that it ended. `lost` is None for a turn that was given up by us; `refused` is a
        turn that was meant to be turned away, and was.
        """
        if self.knows(session_id):
            return
        statuses = snapshot_statuses(snapshot.answer, session_id)
        if statuses is not None and ChatStatus.BOOKED in statuses:
            await self.record(BookingState.UNEXPECTED if refused else BookingState.MADE, session_id)
        elif (statuses is None or statuses[-1:] == ((before,) if before else ())) and not _has_ended(lost, statuses):
            await self.record(BookingState.UNCLEAR, session_id)

    async def saw_cancel(self, exchange: Exchange | None, booking: Booking) -> BookingState:
        """What became of a booking, from the answer to a cancel action; None if it was not sent."""
        state = BookingState.LEFT if exchange is None else _after_cancel(exchange, booking.session_id)
        if BookingState.UNCLEAR is not booking.state or state is BookingState.CANCELLED:
            await self.record(state, booking.session_id, booking.booking_id)
        return state


def _has_ended(lost: Exchange | None, statuses: tuple[str, ...] | None) -> bool:
    """Whether the answer shows that the turn is over: a documented refusal, or a success that a snapshot bears out."""
    if lost is None or lost.answer is None:
        return False
    succeeded = lost.answer.envelope is Envelope.SUCCESS and lost.answer.status_code < 300
    return lost.status_code in DOCUMENTED_REFUSALS or (succeeded and statuses is not None)


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


def _mark_of(answer: Answer) -> str | None:
    """What tells one booking from another: its id, else where its confirmation is."""
    match answer.artifacts.get("booking"):
        case {"confirmationUrl": str(url)}:
            return booking_id_in(answer) or url
        case _:
            return booking_id_in(answer)


def booking_id_in(answer: Answer) -> str | None:
    """The booking's id in `artifacts.booking`: the payload of an action calls it `bookingId`."""
    match answer.artifacts.get("booking"):
        case {"bookingId": str(booking_id)} | {"id": str(booking_id)}:
            return booking_id
        case _:
            return None
