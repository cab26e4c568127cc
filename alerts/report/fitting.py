"""What is left out so that a report stays small: the longest lists first, then bodies, then texts; and says so.

It walks whatever a report is made of, so that no field of it can grow without bound.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from alerts.report.facts import Report

_Facts = TypeVar("_Facts")
_TIMELINE = {
    "runs": "runs in the timeline's table",
    "headroom": "readings of the headroom",
    "rate_limited": "answers with HTTP 429",
    "transitions": "kinds of transitions",
}
_BODIES = {
    "request": "lines of a request",
    "answer": "lines of an answer",
    "facts": "facts of an exchange",
}
_OTHERS = {
    "ids": "failed exchanges with their ids",
    "alerts": "alerts",
    "hits": "scenarios hit",
    "scenarios": "names of scenarios",
    "budgets": "budgets",
    "chain": "steps of the chain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much there is room for: rows of the timeline and of other lists, lines of a body, characters of a text."""

    timeline: int
    rows: int
    lines: int
    characters: int


ROOMS = (
    Room(timeline=200, rows=100, lines=400, characters=4000),
    Room(timeline=60, rows=60, lines=400, characters=4000),
    Room(timeline=20, rows=30, lines=200, characters=2000),
    Room(timeline=20, rows=20, lines=80, characters=600),
    Room(timeline=10, rows=10, lines=40, characters=200),
    Room(timeline=4, rows=4, lines=8, characters=60),
)


def fitted(report: Report, room: Room) -> Report:
    """The report with what there is room for; `truncated` says what else was left out of it."""
    walk = _Walk(room)
    curl = None if _too_long(report.curl, room) else report.curl
    cut = walk.facts(replace(report, curl=None))
    sentences = tuple(walk.sentences())
    if curl is not report.curl:
        sentences += ("The curl command is too long for this page. The report as JSON holds it.",)
    return replace(cut, curl=curl, truncated=(*cut.truncated, *sentences))


def _too_long(text: str | None, room: Room) -> bool:
    return text is not None and len(text) > room.characters


class _Walk:
    """Goes through a tree of dataclasses, and counts what it leaves out."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._whole: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._texts = 0

    def facts(self, value: _Facts) -> _Facts:
        """The same, cut."""
        changes = {
            field.name: self._cut(field.name, getattr(value, field.name))
            for field in fields(value)  # type: ignore[arg-type]  # a dataclass, as the callers know
        }
        return replace(value, **changes)  # type: ignore[type-var]

    def sentences(self) -> list[str]:
        """What was left out, for people."""
        said = []
        for name, whole in self._whole.items():
            told = (_TIMELINE | _BODIES | _OTHERS).get(name, name.replace("_", " "))
            said.append(f"{whole - self._kept[name]:,} of {whole:,} {told} are left out of this page.")
        if self._texts:
            said.append(f"{self._texts:,} long texts are cut after {self._room.characters:,} characters.")
        return said

    def _cut(self, name: str, value: object) -> object:
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, tuple):
            return tuple(self._cut(name, item) for item in self._items(name, value))
        return self.facts(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _text(self, text: str) -> str:
        if len(text) <= self._room.characters:
            return text
        self._texts += 1
        return text[: self._room.characters - 1] + "…"

    def _items(self, name: str, items: tuple[object, ...]) -> tuple[object, ...]:
        most = self._most(name)
        if len(items) <= most:
            return items
        self._whole[name] += len(items)
        self._kept[name] += most
        ends = most // 2 if name in _TIMELINE else 0  # an incident begins and ends at the ends of its timeline
        return items[: most - ends] + (items[-ends:] if ends else ())

    def _most(self, name: str) -> int:
        if name in _TIMELINE:
            return self._room.timeline
        return self._room.lines if name in _BODIES else self._room.rows
