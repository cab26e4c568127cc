"""One request read by itself: whose session, what the turn is about, which key it carries."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum

from probes.readiness.evidence import Seen
from probes.words import WRITE_KINDS, Operation, WriteKind

_SAYS_YES = (
    r"yes|yep|yeah|yup|sure|ok(?:ay)?|absolutely|of course|correct|agreed|confirm(?:ed)?|i (?:do )?(?:confirm|agree)"
    r"|go ahead|do it|proceed|book it|that(?:'s| is) (?:fine|right|correct|ok)"
)
_OF_THE_CARD = (
    r"(?:use|charge|confirm|pay with|book with) (?:this|that|the|my) (?:saved )?(?:card|payment)|charge it"
    r"|with (?:this|that|my) card|confirm (?:the )?(?:payment|booking)"
)
_MORE = rf"(?:and |then |please,? )*(?:{_SAYS_YES}|{_OF_THE_CARD}|please|thanks|thank you)"
_CONFIRMS_IT = r"(?:please,? )?(?:i (?:do )?)?confirm (?:the |my |this )?(?:payment|booking)"
_CONSENT_TO_PAY = re.compile(
    rf"(?:(?=.*\b(?:{_OF_THE_CARD})\b)(?:{_SAYS_YES})|{_CONFIRMS_IT})(?:[\s,.!]+{_MORE})*[\s.!]*"
)
_AGREES = re.compile(
    rf"(?:(?:please,? )?(?:{_SAYS_YES})|{_OF_THE_CARD})\b"
    r"(?!.*(?:\?|\b(?:hotels?|option|search|find|but|instead|change|cancel|not?|don't|name)\b))"
)
_REFUSES = re.compile(r"(?:no|nope|cancel|stop|decline|never\s*mind|don't|do not)\b(?!\.?\s*\d)")
_DONE = re.compile(r"(?:i(?:'m| am) |all )?(?:done|finished|ready)\b")
_BOOKS = frozenset({WriteKind.BOOK_BY_OPTION_ID, WriteKind.BOOK_OPTION})


class Meaning(StrEnum):
    """What a turn is about, as far as rules need to know.

    `agree` is a yes that doesn't say to what: it confirms a payment only where that is what was asked.
    """

    CONFIRM = "confirm"
    AGREE = "agree"
    DECLINE = "decline"
    DONE = "done"
    BOOK = "book"
    CANCEL = "cancel"
    OTHER = "other"


_OF_KINDS: Mapping[str, Meaning] = {
    WriteKind.CONFIRM_PAYMENT_CARD: Meaning.CONFIRM,
    WriteKind.CANCEL_BOOKING: Meaning.CANCEL,
    **dict.fromkeys(_BOOKS, Meaning.BOOK),
}


def _text_in(mapping: object, name: str) -> str | None:
    value = mapping.get(name) if isinstance(mapping, dict) else None
    return value if isinstance(value, str) and value else None


def field_of(seen: Seen, name: str) -> str | None:
    """A text field of the body's top level; an empty one is none."""
    return _text_in(seen.request, name)


def actor_of(seen: Seen) -> str | None:
    """`actor.actorId`, if the request names one."""
    return _text_in(seen.request.get("actor"), "actorId") if isinstance(seen.request, dict) else None


def session_of(seen: Seen) -> str | None:
    """The session that the request names; of a creation, the one that it was given."""
    if seen.operation is Operation.SEND_EVENT:
        return _text_in(seen.request, "sessionId")
    if seen.operation is Operation.GET_SESSION:
        return seen.path.rstrip("/").rpartition("/")[2] or None
    return seen.answer.session_id if seen.operation is Operation.CREATE_SESSION and seen.answer else None


def is_turn(seen: Seen) -> bool:
    """Whether it is a POST /events."""
    return seen.operation is Operation.SEND_EVENT


def key_of(seen: Seen) -> str | None:
    """Its `idempotencyKey`."""
    return field_of(seen, "idempotencyKey")


def has_write_kind(seen: Seen) -> bool:
    """Whether it is one of the kinds that need a key (endpoint page of POST /events)."""
    return is_turn(seen) and field_of(seen, "kind") in WRITE_KINDS


def text_of(seen: Seen) -> str:
    """Its text as rules compare it: in lower case, each gap one space."""
    return " ".join((field_of(seen, "text") or "").replace("\u2019", "'").lower().split())


def meaning_of(seen: Seen) -> Meaning:
    """What a turn is about, by its kind, else by its text.

    Texts are a person's, passed on: read narrowly, so that nobody's chatter is taken for a payment.
    """
    kind = field_of(seen, "kind")
    if kind is not None:
        return _OF_KINDS.get(kind, Meaning.OTHER)
    text = text_of(seen)
    for pattern, meaning in ((_REFUSES, Meaning.DECLINE), (_DONE, Meaning.DONE)):
        if pattern.match(text):
            return meaning
    if _CONSENT_TO_PAY.fullmatch(text):
        return Meaning.CONFIRM
    return Meaning.AGREE if _AGREES.match(text) else Meaning.OTHER


def is_write(seen: Seen) -> bool:
    """Whether it writes by its own words: a write kind, or a text that says yes to the payment.

    A mere "yes" writes where the payment is what was asked: `conversations.writes` knows that too.
    """
    return is_turn(seen) and (has_write_kind(seen) or meaning_of(seen) is Meaning.CONFIRM)


def action_of(seen: Seen) -> tuple[object, ...]:
    """What the request asks for, its idempotency key aside: equal for a first try and its retries."""
    asked: object = seen.body
    if isinstance(seen.request, dict):
        body = {name: value for name, value in seen.request.items() if name != "idempotencyKey"}
        asked = json.dumps(body, sort_keys=True)
    return seen.situation, seen.key_number, seen.method, seen.path, asked
