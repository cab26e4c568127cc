"""From an event of POST /events to the turn that it means: by its `kind` and `payload`, else by its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from probes.sandbox.dates import problem_of
from probes.sandbox.hotels import Search
from probes.sandbox.requests import InvalidFieldError, NewEvent, text_of, whole_number
from probes.sandbox.state import Session, State
from probes.sandbox.understanding import Guest, Turn, split_name, understand
from probes.sandbox.words import EVENT_KINDS, ReadKind, TurnKind
from probes.words import ChatStatus, WriteKind

_MOST_ROOMS = 9
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def turn_of(event: NewEvent, session: Session, state: State, today: date) -> Turn:
    """The turn; raises InvalidFieldError for a payload that the session has no use for."""
    if event.kind is None:
        name_asked = session.status is ChatStatus.GUEST_NAME_REQUIRED
        hotels = [option.hotel for option in session.shortlist]
        turn = understand(event.text, today=today, name_asked=name_asked, hotels=hotels)
        return replace(turn, event_kind=EVENT_KINDS[turn.kind])
    return replace(_READERS[event.kind](event, session, state, today), event_kind=event.kind)


def _book(event: NewEvent, session: Session, _state: State, _today: date) -> Turn:
    option_id = text_of(event.payload, "optionId", path="payload.", required=True)
    if option_id not in {option.option_id for option in session.shortlist}:
        raise InvalidFieldError("payload.optionId is not an option of this session's shortlist")
    return Turn(kind=TurnKind.BOOK, option_id=option_id)


def _confirm(event: NewEvent, session: Session, _state: State, _today: date) -> Turn:
    wanted = text_of(event.payload, "paymentMethodId", path="payload.")
    if wanted and (session.card is None or session.card.payment_method_id != wanted):
        raise InvalidFieldError("payload.paymentMethodId is not the card that this session offered")
    return Turn(kind=TurnKind.CONFIRM)


def _cancel(event: NewEvent, session: Session, state: State, _today: date) -> Turn:
    booking_id = text_of(event.payload, "bookingId", path="payload.") or None
    if state.booking_of(session, booking_id) is None:
        whose = "payload.bookingId is not a booking of this actor" if booking_id else "this session has no booking"
        raise InvalidFieldError(whose)
    return Turn(kind=TurnKind.CANCEL, booking_id=booking_id)


def _name(event: NewEvent, _session: Session, _state: State, _today: date) -> Turn:
    first = text_of(event.payload, "firstName", path="payload.")
    last = text_of(event.payload, "lastName", path="payload.")
    whole = text_of(event.payload, "guestName", path="payload.")
    if not (whole or (first and last)):
        raise InvalidFieldError("payload.guestName is required for kind=provide_guest_name")
    return Turn(kind=TurnKind.NAME, guest=split_name(whole) if whole else Guest(first=first, last=last))


def _search(event: NewEvent, _session: Session, _state: State, today: date) -> Turn:
    if event.text:
        turn = understand(event.text, today=today)
        return turn if turn.kind is TurnKind.SEARCH else Turn(kind=TurnKind.OTHER)
    city = text_of(event.payload, "city", path="payload.", required=True)
    check_in, check_out = (_day(event.payload, name) for name in ("checkIn", "checkOut"))
    rooms = whole_number(event.payload, "rooms", least=1, most=_MOST_ROOMS, path="payload.")
    search = Search(
        city=city,
        check_in=check_in,
        check_out=check_out,
        rooms=rooms or 1,
        refundable=event.payload.get("refundable") is True,
        problem=problem_of(check_in, check_out, today),
    )
    return Turn(kind=TurnKind.SEARCH, search=search)


def _day(payload: Mapping[str, object], name: str) -> date:
    value = text_of(payload, name, path="payload.", required=True)
    try:
        if not _ISO_DATE.fullmatch(value):
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidFieldError(f"payload.{name} must be a date such as 2027-05-15") from None


def _plain(kind: TurnKind) -> Callable[[NewEvent, Session, State, date], Turn]:
    return lambda _event, _session, _state, _today: Turn(kind=kind)


_READERS: Mapping[str, Callable[[NewEvent, Session, State, date], Turn]] = {
    WriteKind.BOOK_BY_OPTION_ID: _book,
    WriteKind.BOOK_OPTION: _book,
    WriteKind.CONFIRM_PRICE_CHANGE: _plain(TurnKind.OTHER),
    WriteKind.CONFIRM_PAYMENT_CARD: _confirm,
    WriteKind.CANCEL_BOOKING: _cancel,
    ReadKind.SEARCH_QUERY: _search,
    ReadKind.PROVIDE_GUEST_NAME: _name,
    ReadKind.PAYMENT_SETUP_DONE: _plain(TurnKind.DONE),
    ReadKind.DECLINE_PAYMENT: _plain(TurnKind.DECLINE),
}
