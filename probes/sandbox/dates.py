"""Dates as people write them in a search: `5/15 to 5/16`, `Mar 20-23`, `2027-05-15`, `tomorrow`, `next friday`.

Pure: the actor's own today comes in. A date without a year is the next one from today on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MAX_NIGHTS = 30

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_UNTIL = r"\s*(?:-|\u2013|to|until|till|through|thru)\s*"
_YEAR = r"(?:,?\s+(?P<{0}>20\d\d))?\b"

_DATE = re.compile(
    rf"""(?P<iso>\b(?P<iy>\d{{4}})-(?P<im>\d{{1,2}})-(?P<id>\d{{1,2}})\b)
    |(?P<us>\b(?P<um>\d{{1,2}})/(?P<ud>\d{{1,2}})(?:/(?P<uy>\d{{4}}|\d{{2}}))?\b)
    |(?P<md>\b(?P<mm>{_MONTH})\s*(?P<m1>{_DAY})(?:{_UNTIL}(?P<m2>{_DAY})(?![\d/]))?{_YEAR.format("my")})
    |(?P<dm>\b(?P<d1>{_DAY})(?:{_UNTIL}(?P<d2>{_DAY}))?\s+(?:of\s+)?(?P<dmm>{_MONTH}){_YEAR.format("dy")})
    |\b(?P<word>today|tonight|tomorrow|(?:(?:next|this)\s+)?(?:{_WEEKDAY}|weekend)|next\s+week)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NIGHTS = re.compile(r"\b(\d{1,2})\s*nights?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The nights that a text names. `rest` is the text without its dates, `problem` why they can't be had."""

    check_in: date
    check_out: date
    rest: str
    first_at: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Day:
    month: int
    day: int
    year: int | None

    def on_or_after(self, earliest: date) -> date:
        if self.year is not None:
            return date(self.year, self.month, self.day)
        years = (earliest.year + ahead for ahead in range(9))  # 29 February may be eight years away
        days = (found for year in years if (found := _real(year, self.month, self.day)))
        found = next((day for day in days if day >= earliest), None)
        if found is None:
            raise ValueError("no such day in any year")
        return found


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text.rstrip("stndrhSTNDRH"))


def _full_year(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) if len(text) == 4 else 2000 + int(text)


def _days_of(match: re.Match[str], today: date) -> Iterator[_Day]:
    part = match.group
    if part("iso"):
        yield _Day(int(part("im")), int(part("id")), int(part("iy")))
    elif part("us"):
        month, day = int(part("um")), int(part("ud"))
        if month > 12 >= day:
            month, day = day, month
        yield _Day(month, day, _full_year(part("uy")))
    elif part("md") or part("dm"):
        prefix = "m" if part("md") else "d"
        month = _MONTHS.index((part("mm") or part("dmm"))[:3].lower()) + 1
        year = _full_year(part(f"{prefix}y"))
        yield from (_Day(month, _number(found), year) for found in (part(f"{prefix}1"), part(f"{prefix}2")) if found)
    else:
        named = _named(part("word").lower(), today)
        yield _Day(named.month, named.day, named.year)


def _named(word: str, today: date) -> date:
    if word in {"today", "tonight"}:
        return today
    if word == "tomorrow":
        return today + timedelta(days=1)
    if word == "next week":
        return today + timedelta(days=7 - today.weekday())
    name = word.rsplit(maxsplit=1)[-1]
    weekday = 4 if name == "weekend" else _WEEKDAYS.index(name[:3])
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def find_stay(text: str, today: date) -> Stay:
    """The first two dates of a text, or one and its nights; without any, tomorrow for a night."""
    matches = list(_DATE.finditer(text))
    nights = _NIGHTS.search(text)
    count = int(nights.group(1)) if nights else 1
    rest = _NIGHTS.sub("|", _DATE.sub("|", text))
    days = [day for match in matches for day in _days_of(match, today)]
    first_at = matches[0].start() if matches else None
    try:
        check_in, check_out = _span(days, count, today)
    except (ValueError, OverflowError):
        return _impossible(
            today, rest, first_at, "I could not read these dates. Please give a check-in and a check-out."
        )
    return Stay(
        check_in=check_in,
        check_out=check_out,
        rest=rest,
        first_at=first_at,
        problem=problem_of(check_in, check_out, today),
    )


def _impossible(today: date, rest: str, first_at: int | None, problem: str) -> Stay:
    return Stay(check_in=today, check_out=today + timedelta(days=1), rest=rest, first_at=first_at, problem=problem)


def _span(days: list[_Day], nights: int, today: date) -> tuple[date, date]:
    if not days:
        check_in = today + timedelta(days=1)
        return check_in, check_in + timedelta(days=nights)
    check_in = days[0].on_or_after(today)
    if len(days) == 1:
        return check_in, check_in + timedelta(days=nights)
    return check_in, days[1].on_or_after(check_in + timedelta(days=1))


def problem_of(check_in: date, check_out: date, today: date) -> str | None:
    """Why nobody can stay from one day to the other, as a sentence for the guest."""
    if check_in < today:
        return "These dates are in the past. Please give dates from today on."
    if check_out <= check_in:
        return "The check-out must be after the check-in."
    if (check_out - check_in).days > MAX_NIGHTS:
        return f"I can book at most {MAX_NIGHTS} nights."
    return None
