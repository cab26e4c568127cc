"""The payment portal: a page for people, and the attach endpoint of the guide's step 4 for tests.

It needs no partner key: whoever holds a setup URL may attach a card, as a guest would. Cards are tokens.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs

from probes.cards import CARDS, Card
from probes.sandbox.answers import HTML, Answer, Headers, RefusedRequestError, gateway, success
from probes.sandbox.endpoints import Plan, Visit
from probes.sandbox.requests import (
    InvalidFieldError,
    json_object,
    refuse_card_numbers,
    text_of,
    whole_number,
)
from probes.sandbox.state import BookingRecord, SavedCard, Session, State

_PAYMENT_METHOD = re.compile(r"pm_\w{1,100}", re.ASCII)
_LAST4 = re.compile(r"[0-9]{4}")
_RAW_CARD_FIELDS = frozenset({"cardNumber", "number", "pan", "cvc", "cvv", "cardCvc", "cardCvv"})
_YEARS_AHEAD = 30
_FORM_CARD_YEARS = 4
_STYLE = "body{font:1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}label{display:block}"


class Portal:
    """Attaches a card to the actor behind a token, and shows the pages that links lead to."""

    def __init__(self, state: State, now: Callable[[], float]) -> None:
        self._state = state
        self._now = now

    def attach(self, visit: Visit) -> Plan:
        """POST /portal/api/attach."""
        body = json_object(visit.request)
        card = self._card_in(body)
        token = text_of(body, "portalToken", required=True)
        as_default = body.get("setAsDefault", True)
        if not isinstance(as_default, bool):
            raise InvalidFieldError("setAsDefault must be true or false")
        session = self._session(token, visit.request_id)
        return Plan(act=partial(self._attach, session, card, as_default=as_default))

    def setup_page(self, visit: Visit) -> Plan:
        """GET /portal/setup/{token}: a form for people."""
        session = self._state.session_of_token(visit.rest)
        return Plan(act=partial(_setup_page, session) if session else self._spent_page(visit.rest))

    def submit(self, visit: Visit) -> Plan:
        """POST /portal/setup/{token}: what the form sends."""
        session = self._state.session_of_token(visit.rest)
        if session is None:
            return Plan(act=self._spent_page(visit.rest))
        chosen = parse_qs(visit.request.body[:200].decode("ascii", "replace")).get("card", [""])[0]
        if chosen not in CARDS:
            return Plan(act=partial(_page, 400, "No card was chosen", "<p>Go back and choose one of the cards.</p>"))
        return Plan(act=partial(self._submitted, session, CARDS[chosen]))

    def booking_page(self, visit: Visit) -> Plan:
        """GET /portal/bookings/{bookingId}: where `confirmationUrl` leads."""
        booking = self._state.bookings.get(visit.rest)
        if booking is None:
            return Plan(act=partial(_page, 404, "No such booking", "<p>Please check the link.</p>"))
        return Plan(act=partial(_booking_page, booking))

    def _card_in(self, body: Mapping[str, object]) -> SavedCard:
        if _RAW_CARD_FIELDS & body.keys():
            raise InvalidFieldError("raw card data must not be sent; use a tokenised paymentMethodId")
        refuse_card_numbers(*body.values())
        method = text_of(body, "paymentMethodId", required=True)
        if not _PAYMENT_METHOD.fullmatch(method) or re.search(r"\d{12}", method):
            raise InvalidFieldError("paymentMethodId must be a token such as pm_card_visa, never a card number")
        last4 = text_of(body, "cardLast4", required=True)
        if not _LAST4.fullmatch(last4):
            raise InvalidFieldError("cardLast4 must be four digits")
        month, year = self._expiry(body)
        brand = text_of(body, "cardBrand", required=True, most=32)
        return SavedCard(payment_method_id=method, brand=brand, last4=last4, exp_month=month, exp_year=year)

    def _expiry(self, body: Mapping[str, object]) -> tuple[int, int]:
        today = self._today()
        month = whole_number(body, "expMonth", least=1, most=12)
        year = whole_number(body, "expYear", least=2000, most=today.year + _YEARS_AHEAD)
        if month is None or year is None:
            raise InvalidFieldError(f"{'expMonth' if month is None else 'expYear'} is required")
        if (year, month) < (today.year, today.month):
            raise InvalidFieldError("the card is expired")
        return month, year

    def _session(self, token: str, request_id: str) -> Session:
        session = self._state.session_of_token(token)
        if session is not None:
            return session
        if self._state.knows_token(token):
            text = "This portal token was used or replaced by a newer one."
            raise RefusedRequestError(gateway(410, "portal_token_spent", text, request_id))
        raise RefusedRequestError(gateway(404, "portal_token_not_found", "Unknown portal token.", request_id))

    def _attach(self, session: Session, card: SavedCard, *, as_default: bool) -> Answer:
        self._state.save_card(session, card, as_default=as_default)
        session.portal_token = None
        return success({"attached": True, "cardBrand": card.brand, "cardLast4": card.last4})

    def _submitted(self, session: Session, chosen: Card) -> Answer:
        card = SavedCard(
            payment_method_id=chosen.payment_method_id,
            brand=chosen.brand,
            last4=chosen.last4,
            exp_month=12,
            exp_year=self._today().year + _FORM_CARD_YEARS,
        )
        self._attach(session, card, as_default=True)
        return _page(200, "Your card was added", "<p>Go back to the chat and say <b>Done</b>.</p>")

    def _spent_page(self, token: str) -> Callable[[], Answer]:
        if self._state.knows_token(token):
            return partial(
                _page, 410, "This link was used", "<p>It was used or replaced. Say <b>Done</b> in the chat.</p>"
            )
        return partial(_page, 404, "No such page", "<p>Please check the link, or say <b>Done</b> for a new one.</p>")

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


@cache
def _page_template() -> Template:
    return Template(files("probes.sandbox").joinpath("page.html").read_text("utf-8"))


@cache
def _page_headers() -> Headers:
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return (
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
    )


def _page(status_code: int, title: str, content: str) -> Answer:
    """A whole page. `title` is text; `content` is markup, in which every foreign text was escaped."""
    page = _page_template().substitute(title=html.escape(title), style=_STYLE, content=content)
    return Answer(status_code=status_code, body=page.encode("utf-8"), content_type=HTML, headers=_page_headers())


def _setup_page(session: Session) -> Answer:
    hotel = html.escape(session.chosen.hotel) if session.chosen else "your stay"
    choices = "".join(
        f'<label><input type="radio" name="card" value="{name}" required> {card.brand} ending in {card.last4}</label>'
        for name, card in CARDS.items()
    )
    form = f'<form method="post">{choices}<p><button>Add this card</button></p></form>'
    return _page(200, "Add a test card", f"<p>To pay for {hotel}. No real card is needed or accepted here.</p>{form}")


def _booking_page(booking: BookingRecord) -> Answer:
    option, state = booking.option, "cancelled" if booking.cancelled else "confirmed"
    facts = {
        "Booking": booking.booking_id,
        "Hotel": option.hotel,
        "Room": option.room,
        "From": option.check_in.isoformat(),
        "To": option.check_out.isoformat(),
        "Guest": f"{booking.guest.first} {booking.guest.last}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return _page(200, f"Your booking is {state}", f"<dl>{rows}</dl>")
