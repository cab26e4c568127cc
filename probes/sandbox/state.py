"""What the sandbox remembers: sessions, cards, portal tokens, replies by key, and what was truly booked.

Everything is bounded, the oldest is dropped first: a sandbox may run for months.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from probes.sandbox.answers import Answer
from probes.sandbox.hotels import Option
from probes.sandbox.understanding import Guest
from probes.words import ChatStatus

_MOST_SESSIONS = 10_000
_MOST_EVENTS = 500
_MOST_REPLIES = 20_000
_MOST_BOOKINGS = 20_000

K = TypeVar("K")
V = TypeVar("V")


class Newest(OrderedDict[K, V]):
    """A mapping that keeps at most so many entries, the newest ones."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One turn of a session's history, as the snapshot tells it."""

    event_id: str
    kind: str
    result_status: ChatStatus
    recorded_at: str

    def as_json(self) -> dict[str, object]:
        """An entry of `data.events` (endpoint page of GET /sessions/{sessionId})."""
        return {
            "eventId": self.event_id,
            "kind": self.kind,
            "resultStatus": self.result_status,
            "recordedAt": self.recorded_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCard:
    """A tokenised card of an actor; never a card number."""

    payment_method_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int

    def as_json(self) -> dict[str, object]:
        """The card's part of `artifacts.payment`."""
        return {
            "paymentMethodId": self.payment_method_id,
            "brand": self.brand,
            "last4": self.last4,
            "expMonth": self.exp_month,
            "expYear": self.exp_year,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRecord:
    """A line of the ledger: what was truly booked, whatever became of the answer that said so."""

    booking_id: str
    session_id: str
    actor_id: str
    tenant_id: str
    option: Option
    guest: Guest
    cancelled: bool = False


@dataclass(slots=True, kw_only=True)
class Session:
    """A conversation of one actor of one tenant, and how far it has come."""

    session_id: str
    tenant_id: str
    actor_id: str
    channel_id: str
    offset_minutes: int
    status: ChatStatus | None = None
    shortlist: tuple[Option, ...] = ()
    chosen: Option | None = None
    guest: Guest | None = None
    card: SavedCard | None = None
    portal_token: str | None = None
    booking_id: str | None = None
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_MOST_EVENTS))

    def forget_choice(self) -> None:
        """A flow is over, or begins anew: nothing of it may slip into the next booking."""
        self.shortlist = ()
        self.chosen = self.guest = self.card = self.portal_token = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a turn that carried a key: a repeat of the same request gets it again."""

    request: bytes
    step: str
    answer: Answer


class Cards(Newest[tuple[str, str], SavedCard]):
    """Saved cards by their owners."""

    def __init__(self) -> None:
        super().__init__(_MOST_SESSIONS)

    def of(self, session: Session) -> SavedCard | None:
        """The card that the session's actor would pay with."""
        return self.get((session.tenant_id, session.actor_id))

    def save(self, session: Session, card: SavedCard, *, as_default: bool) -> None:
        """Keep a card for the session's actor. One that isn't the default never replaces another."""
        owner = (session.tenant_id, session.actor_id)
        if as_default or owner not in self:
            self[owner] = card


class State:
    """The sandbox's memory. `base_url` is where the links that it hands out lead.

    `cards_of` says in which cards a session looks, and saves; without one, all look in the same.
    """

    def __init__(self, cards_of: Callable[[Session], Cards] | None = None) -> None:
        self.base_url = ""
        self.sessions: Newest[str, Session] = Newest(_MOST_SESSIONS)
        self.replies: Newest[tuple[str, str], Reply] = Newest(_MOST_REPLIES)
        self.bookings: Newest[str, BookingRecord] = Newest(_MOST_BOOKINGS)
        self._cards = Cards()
        self._cards_of = cards_of or (lambda _session: self._cards)
        self._tokens: Newest[str, str] = Newest(_MOST_SESSIONS)

    def session(self, session_id: str, tenant_id: str) -> Session | None:
        """The session, if it is this tenant's; another tenant's is none at all."""
        session = self.sessions.get(session_id)
        return session if session is not None and session.tenant_id == tenant_id else None

    def card_of(self, session: Session) -> SavedCard | None:
        """The card that the session's actor would pay with."""
        return self._cards_of(session).of(session)

    def save_card(self, session: Session, card: SavedCard, *, as_default: bool) -> None:
        """Keep a card for the session's actor, as `Cards.save` does."""
        self._cards_of(session).save(session, card, as_default=as_default)

    def hand_out_token(self, session: Session, token: str) -> None:
        """A new portal token for the session; an earlier one is worth nothing from now on."""
        session.portal_token = token
        self._tokens[token] = session.session_id

    def knows_token(self, token: str) -> bool:
        """Whether the token was ever handed out, as far back as the sandbox remembers."""
        return token in self._tokens

    def session_of_token(self, token: str) -> Session | None:
        """The session whose newest, unused token this is."""
        session = self.sessions.get(self._tokens.get(token, ""))
        return session if session is not None and session.portal_token == token else None

    def booking_of(self, session: Session, booking_id: str | None) -> BookingRecord | None:
        """A booking of the session's actor: the named one, else the session's own latest."""
        booking = self.bookings.get(booking_id or session.booking_id or "")
        if booking is None or (booking.tenant_id, booking.actor_id) != (session.tenant_id, session.actor_id):
            return None
        return booking
