"""What a text means: the guide's sentences and reasonable variants of them, in any letter case.

Pure. Consent is read strictly, by a grammar of its own: a text that says anything beside "yes" is
no consent, because only consent may ever book.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from probes.sandbox.dates import find_stay
from probes.sandbox.hotels import Search
from probes.sandbox.places import city_in
from probes.sandbox.words import TurnKind

LAST = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A guest's legal name; both parts are needed to book."""

    first: str = ""
    last: str = ""

    @property
    def complete(self) -> bool:
        """Whether both parts are there."""
        return bool(self.first and self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One user turn, understood: from a text, or from `kind` and `payload`."""

    kind: TurnKind
    event_kind: str | None = None
    search: Search | None = None
    position: int | None = None
    option_id: str | None = None
    guest: Guest | None = None
    booking_id: str | None = None


_I = re.IGNORECASE
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "cheapest": 1, "last": LAST,
}  # fmt: skip
_NUMBERED = re.compile(r"(?:\b(?:option|number|no\.|hotel|choice)\s*#?\s*|#\s*)(\d{1,3}|one|two|three|four|five)\b", _I)
_ORDINAL = re.compile(
    r"\b(?:the\s+)?(first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last|cheapest)"
    r"(?=\s+(?:one|option|hotel|choice)\b|[\s.!,?]*(?:please)?[\s.!?]*$)",
    _I,
)
_BARE_NUMBER = re.compile(r"\s*(?:book\s+)?(\d{1,2})[\s.!]*(?:please)?[\s.!]*", _I)

_YES = (
    r"yes|yeah|yep|yup|sure|ok|okay|absolutely|of course|i (?:do )?(?:confirm|agree|consent)|confirm(?:ed)?|agreed"
    r"|go ahead|please do|do it|proceed|book it|that(?:'s| is) (?:fine|right|correct|ok|okay)|correct"
    r"|please|thanks|thank you"
    r"|(?:please )?(?:use|charge|confirm|pay with|book with) (?:this|that|the|my)(?: saved)? (?:card|payment)"
    r"|(?:use|charge) it|with (?:this|that|my) card|confirm (?:the )?(?:payment|booking)"
)
_CONSENT = re.compile(rf"\s*(?:(?:{_YES})[\s,.!]*(?:(?:and|then)\s+)?)+", _I)
_POLITE_ONLY = re.compile(r"[\s,.!]*(?:(?:please|thanks|thank you)[\s,.!]*)*", _I)
_DECLINE = re.compile(
    r"\s*(?:no(?!\s+(?:problem|worries))|nope|nah|cancel|stop|decline|never\s*mind|not\s+(?:now|this|that)|don'?t"
    r"|do not|i (?:decline|refuse)|i (?:don'?t|do not) (?:want|agree|confirm|consent)|abort|forget it)\b",
    _I,
)
_CANCEL_BOOKING = re.compile(r"\bcancel\s+(?:my|the|this|that)\s+(?:\w+\s+)?(?:booking|reservation|stay)\b", _I)
_DONE = re.compile(
    r"\s*(?:i(?:'m| am) |all |ok,? |okay,? |it'?s )*(?:done|finished|ready|completed?)"
    r"(?:\s+(?:now|with it|with that))?[\s.!]*"
    r"|.*\b(?:i|i've|i have|have|just)\s+(?:just\s+)?(?:added|attached|saved|entered|set up)"
    r"\s+(?:my|the|a|new|it|card)\b.*"
    r"|\s*(?:my |the )?(?:new )?card (?:is|has been) (?:now )?(?:added|attached|saved|set up|there)[\s.!]*",
    _I,
)

_NAME_WORD = r"[^\W\d_][^\W\d_'\u2019.-]*(?:['\u2019-][^\W\d_]+)*\.?"
_NAMED = re.compile(
    r"\b(?:(?:(?:the\s+)?guest(?:'s)?(?:\s+(?:full|legal))?\s+name"
    r"|(?:my|her|his|their|the)(?:\s+(?:full|legal))?\s+name|name)\s*(?:is|:|=|'s)|guest\s*(?:is|:|=)"
    r"|(?:(?:book|it'?s|make it)\s+(?:it\s+)?for|i am|i'm)(?=\s+(?-i:[A-Z])))\s*"
    rf"((?:{_NAME_WORD})(?:\s+{_NAME_WORD}){{0,4}})?",
    _I,
)
_BARE_NAME = re.compile(rf"\s*((?:{_NAME_WORD})(?:\s+{_NAME_WORD}){{0,3}})[\s.!]*", _I)
_AFTER_NAME = re.compile(r"\s+(?:and|please|thanks|thank|for|but|with|is|who|from)\b.*", _I)
_NO_NAMES = frozenset(
    """a an the i me my we you it is are was be yes no not please help hello hi hey what why how when where who
    can could would should do does did done book booking option hotel hotels room rooms card pay payment cancel
    confirm search find show want need ok okay sure thanks thank first second third name guest one and or for to
    in on at this that use tomorrow today cheap refundable""".split()
)
_SEARCH_VERB = re.compile(
    r"\b(?:find|search|look(?:ing)?\s+for|show\s+me|need|want|book)\b.*\b(?:hotels?|rooms?|stay|accommodation|place|suite)\b"
    r"|\b(?:find|search)\b|\b(?:hotels?|motels?|resorts?|hostels?|accommodations?)\b",
    _I,
)
_ROOMS = re.compile(r"\b(\d{1,2}|one|two|three|four|five)\s+rooms?\b", _I)
_CHEAP = re.compile(r"\b(?:cheap(?:est|er)?|budget|affordable|inexpensive|low[ -]cost)\b", _I)
_REFUNDABLE = re.compile(r"(?<!non-)(?<!non )(?<!not )\b(?:refundable|free cancellation)\b", _I)


def understand(text: str, *, today: date, name_asked: bool = False, hotels: Sequence[str] = ()) -> Turn:
    """What the user wants. `hotels` are the names on the current shortlist; `today` is the actor's own."""
    text = " ".join(text.replace("\u2019", "'").split())
    turn = _short_answer(text) or _booking_turn(text, hotels) or _named_guest(text) or _search(text, today)
    if turn is None and _DECLINE.match(text):
        turn = Turn(kind=TurnKind.DECLINE)
    if turn is None and name_asked and (guest := _bare_name(text)):
        turn = Turn(kind=TurnKind.NAME, guest=guest)
    return turn or Turn(kind=TurnKind.OTHER)


def _booking_turn(text: str, hotels: Sequence[str]) -> Turn | None:
    if _CANCEL_BOOKING.search(text):
        return Turn(kind=TurnKind.CANCEL)
    if _DECLINE.match(text):
        return None  # "no, not option 1" chooses nothing
    position = _position(text, hotels)
    return None if position is None else Turn(kind=TurnKind.BOOK, position=position)


def _position(text: str, hotels: Sequence[str]) -> int | None:
    found = _NUMBERED.search(text) or _ORDINAL.search(text) or _BARE_NUMBER.fullmatch(text)
    if found:
        word = found.group(1).lower()
        return _ORDINALS[word] if word in _ORDINALS else int(word)
    lowered = text.lower()
    named = (at for at, name in enumerate(hotels, start=1) if name.partition(",")[0].lower() in lowered)
    return next(named, None)


def _short_answer(text: str) -> Turn | None:
    if is_consent(text):
        return Turn(kind=TurnKind.CONFIRM)
    if _DONE.fullmatch(text):
        return Turn(kind=TurnKind.DONE)
    return None


def is_consent(text: str) -> bool:
    """Whether a text says yes, and nothing beside it. "please" alone is no yes."""
    return bool(_CONSENT.fullmatch(text)) and not _POLITE_ONLY.fullmatch(text)


def _named_guest(text: str) -> Turn | None:
    found = _NAMED.search(text)
    if not found:
        return None
    return Turn(kind=TurnKind.NAME, guest=split_name(_AFTER_NAME.sub("", found.group(1) or "")))


def _bare_name(text: str) -> Guest | None:
    found = _BARE_NAME.fullmatch(text)
    if not found or _NO_NAMES & set(found.group(1).lower().split()):
        return None
    return split_name(found.group(1))


def split_name(name: str) -> Guest:
    """First word and the rest, as written."""
    first, _, last = " ".join(name.split()).rstrip(".").partition(" ")
    return Guest(first=first, last=last)


def _search(text: str, today: date) -> Turn | None:
    stay = find_stay(text, today)
    city = city_in(stay.rest)
    wants_hotel = bool(_SEARCH_VERB.search(text))
    dated = stay.first_at is not None and text[: stay.first_at].strip() != ""
    agrees = _CONSENT.match(text)  # "yes, the hotel in Oslo" agrees; "please find a hotel in Oslo" searches
    if not city or not (wants_hotel or dated) or (agrees and not _POLITE_ONLY.fullmatch(agrees.group())):
        return None
    rooms = _ROOMS.search(text)
    count = rooms.group(1).lower() if rooms else "1"
    found = Search(
        city=city,
        check_in=stay.check_in,
        check_out=stay.check_out,
        rooms=max(1, _ORDINALS[count] if count in _ORDINALS else int(count)),
        cheap=bool(_CHEAP.search(text)),
        refundable=bool(_REFUNDABLE.search(text)),
        problem=stay.problem,
    )
    return Turn(kind=TurnKind.SEARCH, search=found)
