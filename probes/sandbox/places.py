"""Which city a search names: the first words that are neither dates, numbers nor the talk around them. Pure."""

from __future__ import annotations

import re
from itertools import takewhile

_TALK = frozenset(
    """a about accommodation accommodations adult adults affordable all also am an and any are around arrive
    arriving at available be bed beds beginning below best book booking breakfast budget business but by can
    cancel cancellation card center central cheap cheaper cheapest check checkin checkout child children city
    clean close comfortable confirm could date dates day days do does dollars done double downtown each family
    find fine first for free friendly from get give go going good great guest guests have he hello help her here
    hey hi his hotel hostel hostels hotels how i i'd i'll i'm if in inexpensive inn instead is it it's just king
    kids later leave leaving less let like lodging look looking low luxury make may me more motel motels my near
    need new nice night nights no non non-refundable nonrefundable not now of ok okay on one only option options
    or other our out over parking people per person persons pet place places please pool price priced queen
    quiet ready refundable rental reservation reserve resort resorts room rooms safe saved search second see she
    should show single sleep so some somewhere something spa stars star start starting stay staying suite sure
    thank thanks that the them then there these they third this those through till tired to tonight travel
    travellers travelers trip twin two under until us usd use vacation very view visit want wants we week
    weekend what when where which while who will with within without works would yeah yep yes you your""".split()
)
_NAMES_WITH_TALK = (
    "new york",
    "new orleans",
    "new delhi",
    "salt lake city",
    "mexico city",
    "kansas city",
    "the hague",
)
_WORD = re.compile(r"[^\W\d_][\w'\u2019.-]*|[^\w\s]|\d+")
_MAX_WORDS = 4
_AFTER_PLACE = re.compile(r"\b(?:in|near|to|at|around|visit|visiting)\s+(?=[^\W\d_])", re.IGNORECASE)


def city_in(text: str) -> str | None:
    """The city in a text whose dates were taken out, as a name; None where there is none."""
    lowered = text.lower()
    known = next((name for name in _NAMES_WITH_TALK if re.search(rf"\b{name}\b", lowered)), None)
    if known:
        return _title(known.split())
    starts = [found.end() for found in _AFTER_PLACE.finditer(text)]
    pieces = (_first_run(text[start:], at_once=True) for start in starts)
    words = next((piece for piece in pieces if piece), None) or _first_run(text, at_once=False)
    return _title(words[:_MAX_WORDS]) if words else None


def _first_run(text: str, *, at_once: bool) -> list[str]:
    words = [found.group().strip(".-'\u2019") for found in _WORD.finditer(text)]
    if not at_once:
        first = next((at for at, word in enumerate(words) if _is_name(word)), len(words))
        words = words[first:]
    return list(takewhile(_is_name, words))


def _is_name(word: str) -> bool:
    return len(word) > 1 and word[0].isalpha() and word.lower() not in _TALK


def _title(words: list[str]) -> str:
    return " ".join(word if word[1:] != word[1:].lower() else word.capitalize() for word in words)
