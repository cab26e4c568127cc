"""The conversation: a session and a turn in, the next status with its message and artifacts out.

The state machine is the guide's "Status-driven integration model". What the guide leaves open is told
in `llms.txt`. A turn that isn't understood, or doesn't fit, changes nothing and repeats what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from probes.sandbox.hotels import CURRENCY, Option, offers
from probes.sandbox.ids import IdSource
from probes.sandbox.state import BookingRecord, SavedCard, Session, State
from probes.sandbox.understanding import LAST, Turn
from probes.sandbox.words import TurnKind
from probes.words import ChatStatus, WriteKind

_UNKNOWN_WISH = "I did not understand that."
_WANTED: Mapping[ChatStatus | None, str] = {
    None: "Tell me a city and dates, for example: Seattle Mar 20-23 1 room refundable.",
    ChatStatus.SHORTLIST: "Tell me which option to book, for example: book option 1.",
    ChatStatus.GUEST_NAME_REQUIRED: "Tell me the guest's first and last name, as on the passport.",
    ChatStatus.PAYMENT_SETUP_REQUIRED: "Open the setup URL, add a card there, and say Done.",
    ChatStatus.PAYMENT_CONFIRMATION_REQUIRED: "Say yes to book with this card, or no to stop.",
    ChatStatus.BOOKED: "Your booking stands. Say 'cancel my booking' to cancel it, or search again.",
    ChatStatus.ERROR: "Nothing is under way. Tell me a city and dates to search again.",
}
_AWAITING_CARD = frozenset({ChatStatus.PAYMENT_SETUP_REQUIRED, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED})
_HALTED_BY_NO = _AWAITING_CARD | {ChatStatus.GUEST_NAME_REQUIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`data.result`, but for its traceId."""

    status: ChatStatus
    text: str
    artifacts: Mapping[str, object] = field(default_factory=dict)


class Dialog:
    """Plays turns. Only `_confirm`, in one status and after a clear yes, ever books."""

    def __init__(self, state: State, ids: IdSource) -> None:
        self._state = state
        self._ids = ids
        self._plays: Mapping[TurnKind, Callable[[Session, Turn], Result]] = {
            TurnKind.SEARCH: self._search,
            TurnKind.BOOK: self._choose,
            TurnKind.NAME: self._name,
            TurnKind.DONE: self._done,
            TurnKind.CONFIRM: self._confirm,
            TurnKind.DECLINE: self._decline,
            TurnKind.CANCEL: self._cancel,
            TurnKind.OTHER: self._other,
        }

    def play(self, session: Session, turn: Turn) -> Result:
        """Let the turn take effect, and say what is so now."""
        result = self._plays[turn.kind](session, turn)
        session.status = result.status
        return result

    def _search(self, session: Session, turn: Turn) -> Result:
        search = turn.search
        if search is None or search.problem:
            return self._keep(session, search.problem if search and search.problem else _UNKNOWN_WISH)
        session.forget_choice()
        session.shortlist = offers(search, self._ids.uuid)
        nights = f"{search.check_in.isoformat()} to {search.check_out.isoformat()}"
        text = f"I found {len(session.shortlist)} hotels in {search.city} from {nights}."
        return Result(
            status=ChatStatus.SHORTLIST, text=f"{text} {_WANTED[ChatStatus.SHORTLIST]}", artifacts=_shortlist(session)
        )

    def _choose(self, session: Session, turn: Turn) -> Result:
        if not session.shortlist:
            return self._keep(session, "There is nothing to choose from.")
        option = _option(session.shortlist, turn)
        if option is None:
            return self._keep(session, f"I have options 1 to {len(session.shortlist)}.")
        session.chosen = option
        session.guest = session.card = session.portal_token = None
        return Result(
            status=ChatStatus.GUEST_NAME_REQUIRED,
            text=f"{option.hotel}, {option.room}. {_WANTED[ChatStatus.GUEST_NAME_REQUIRED]}",
        )

    def _name(self, session: Session, turn: Turn) -> Result:
        if session.chosen is None:
            return self._keep(session, "Let us choose a hotel first.")
        if turn.guest is None or not turn.guest.complete:
            return self._keep(session, "I need both a first and a last name.")
        session.guest = turn.guest
        return self._ask_payment(session)

    def _done(self, session: Session, _turn: Turn) -> Result:
        if session.status is not ChatStatus.PAYMENT_SETUP_REQUIRED:
            return self._keep(session, "There is no card to wait for.")
        return self._ask_payment(session)

    def _ask_payment(self, session: Session) -> Result:
        """Asks for consent where a card is saved, else hands out a new setup URL, every time."""
        session.card = self._state.card_of(session)
        session.portal_token = None
        if session.card is None:
            status, text = ChatStatus.PAYMENT_SETUP_REQUIRED, "There is no usable card yet."
        else:
            status, text = ChatStatus.PAYMENT_CONFIRMATION_REQUIRED, _offer(session, session.card)
        return Result(status=status, text=f"{text} {_WANTED[status]}", artifacts=self._payment(session))

    def _confirm(self, session: Session, _turn: Turn) -> Result:
        asked = session.status is ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
        if not asked or session.chosen is None or session.guest is None:
            return self._keep(session, "There is nothing to confirm now.")
        booking = BookingRecord(
            booking_id=self._ids.booking(),
            session_id=session.session_id,
            actor_id=session.actor_id,
            tenant_id=session.tenant_id,
            option=session.chosen,
            guest=session.guest,
        )
        self._state.bookings[booking.booking_id] = booking
        session.booking_id = booking.booking_id
        session.forget_choice()
        return Result(
            status=ChatStatus.BOOKED,
            text=f"Booked: {booking.option.hotel} for {booking.guest.first} {booking.guest.last}.",
            artifacts=self._booking(booking),
        )

    def _decline(self, session: Session, _turn: Turn) -> Result:
        if session.status not in _HALTED_BY_NO:
            return self._keep(session, "Very well.")
        session.forget_choice()
        return Result(status=ChatStatus.ERROR, text=f"I have stopped; nothing was booked. {_WANTED[None]}")

    def _cancel(self, session: Session, turn: Turn) -> Result:
        booking = self._state.booking_of(session, turn.booking_id)
        if booking is None:
            if session.status in _HALTED_BY_NO:
                return self._decline(session, turn)
            return self._keep(session, "There is no booking to cancel.")
        said = "was cancelled already" if booking.cancelled else "is cancelled"
        cancelled = replace(booking, cancelled=True)
        self._state.bookings[booking.booking_id] = cancelled
        session.forget_choice()
        return Result(
            status=ChatStatus.ERROR,
            text=f"The booking of {booking.option.hotel} {said}. {_WANTED[None]}",
            artifacts=self._booking(cancelled),
        )

    def _other(self, session: Session, turn: Turn) -> Result:
        priced = turn.event_kind == WriteKind.CONFIRM_PRICE_CHANGE
        return self._keep(session, "No price has changed." if priced else _UNKNOWN_WISH)

    def _keep(self, session: Session, text: str) -> Result:
        """The same status again, with its artifacts. No status fits a first turn that failed but `error`."""
        status = session.status or ChatStatus.ERROR
        return Result(status=status, text=f"{text} {_WANTED[session.status]}", artifacts=self._artifacts(session))

    def _artifacts(self, session: Session) -> Mapping[str, object]:
        if session.status is ChatStatus.SHORTLIST:
            return _shortlist(session)
        if session.status in _AWAITING_CARD:
            return self._payment(session)
        booking = self._state.booking_of(session, None) if session.status is ChatStatus.BOOKED else None
        return {} if booking is None else self._booking(booking)

    def _payment(self, session: Session) -> Mapping[str, object]:
        """The card that consent is asked for, else a setup URL whose token is good: a spent one is replaced."""
        if session.card is not None:
            due = {"total": session.chosen.total if session.chosen else 0.0, "currency": CURRENCY}
            return {"payment": {**session.card.as_json(), "amount": due}}
        if session.portal_token is None:
            self._state.hand_out_token(session, self._ids.portal_token())
        return {"payment": {"setupUrl": f"{self._state.base_url}/portal/setup/{session.portal_token}"}}

    def _booking(self, booking: BookingRecord) -> Mapping[str, object]:
        option = booking.option
        return {
            "booking": {
                "bookingId": booking.booking_id,
                "status": "cancelled" if booking.cancelled else "confirmed",
                "confirmationUrl": f"{self._state.base_url}/portal/bookings/{booking.booking_id}",
                "hotelName": option.hotel,
                "roomName": option.room,
                "checkIn": option.check_in.isoformat(),
                "checkOut": option.check_out.isoformat(),
                "guestName": f"{booking.guest.first} {booking.guest.last}",
                "price": {"total": option.total, "currency": CURRENCY},
            }
        }


def _shortlist(session: Session) -> Mapping[str, object]:
    return {"shortlist": [option.as_json() for option in session.shortlist]}


def _option(shortlist: tuple[Option, ...], turn: Turn) -> Option | None:
    if turn.option_id is not None:
        return next((option for option in shortlist if option.option_id == turn.option_id), None)
    position = len(shortlist) if turn.position == LAST else turn.position
    return next((option for option in shortlist if option.position == position), None)


def _offer(session: Session, card: SavedCard) -> str:
    option = session.chosen
    price = f"{option.total:.2f} {CURRENCY} for {option.hotel}" if option else "the stay"
    return f"{price}, paid with {card.brand} ending in {card.last4}."
