"""What one receiver still has to be told, and what of it makes the next message. Nothing here waits or sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.delivery import digests
from probes.incident import Notice
from probes.words import NoticeKind

OPENING = frozenset({NoticeKind.OPENED, NoticeKind.FLAPPING})
Held = Callable[[str], bool]


@dataclass(slots=True)
class Waiting:
    """A notice that is not settled; it may be sent from `ready_at` on: once it is kept, or soon without that."""

    notice: Notice
    ready_at: datetime
    document: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.document = json.loads(self.notice.document)

    @property
    def target(self) -> str | None:
        """Whose incident it is about, if it is about one."""
        return self.document.get("target")

    @property
    def cause(self) -> tuple[Any, ...]:
        """What tells its cause from others."""
        cause = self.document.get("cause") or {}
        return self.target, cause.get("kind"), cause.get("operation")

    @property
    def is_put_off(self) -> bool:
        """Whether it was to be said later from the beginning: its cause flaps."""
        return self.notice.attempts == 0 and self.notice.due_at > self.notice.created_at

    def set_back(self, by: timedelta) -> None:
        """The clock was, and its time is no further away for that."""
        self.ready_at -= by
        self.notice = earlier(self.notice, by)

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.ready_at <= now and self.notice.due_at <= now


def earlier(notice: Notice, by: timedelta) -> Notice:
    """The same by a clock that was set back; it is put off as long as it was."""
    return replace(notice, created_at=notice.created_at - by, due_at=notice.due_at - by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent at once. `waiting` are those that it says, of which the last gives the id."""

    document: dict[str, Any]
    waiting: tuple[Waiting, ...]

    @property
    def message_id(self) -> str:
        """The same at each try of the same."""
        return self.waiting[-1].notice.notice_id


def superseded_by(new: Waiting, others: Iterable[Waiting], held: Held) -> list[Waiting]:
    """What need not be said any more once this is to be said; it may be in it itself.

    An incident that began and ended within a maintenance is nothing to tell. Of a flapping cause only the last state
    is said, and no reminder once an incident has ended.
    """
    same = [each for each in others if each.notice.incident_id == new.notice.incident_id]
    if new.notice.kind is NoticeKind.RESOLVED and new.target is not None and held(new.target):
        unheard = [each for each in same if each.notice.kind in OPENING and each.notice.attempts == 0]
        if unheard:
            return [*same, new]
    gone = [each for each in same if each.notice.kind is NoticeKind.REMINDER]
    if new.is_put_off:
        gone += [each for each in others if each.is_put_off and each.cause == new.cause]
    return gone


def messages(waiting: Iterable[Waiting], now: datetime, held: Held) -> list[Message]:
    """What is due, one message for each incident, in the order in which they came about."""
    everything = sorted(waiting, key=lambda each: (each.notice.created_at, each.notice.kind is NoticeKind.RESOLVED))
    due = [each for each in everything if each.is_due(now) and not (each.target is not None and held(each.target))]
    by_incident: dict[str, list[Waiting]] = {}
    for each in due:
        by_incident.setdefault(each.notice.incident_id or each.notice.notice_id, []).append(each)
    return [_one(group, everything) for group in by_incident.values()]


def _one(group: list[Waiting], everything: Sequence[Waiting]) -> Message:
    """An end is never told without the beginning, were that put off or not."""
    last = group[-1]
    if last.notice.kind is not NoticeKind.RESOLVED:
        return Message(document=last.document, waiting=tuple(group))
    unheard = [
        each
        for each in everything
        if each.notice.incident_id == last.notice.incident_id and each.notice.kind in OPENING and not each.is_put_off
    ]
    if not unheard:
        return Message(document=last.document, waiting=tuple(group))
    said = dict.fromkeys(map(id, [*unheard, *group]))
    whole = [each for each in everything if id(each) in said and each is not last]
    return Message(document=digests.both(unheard[0].document, last.document), waiting=(*whole, last))


def together(found: Sequence[Message], *, now: datetime, external_url: str | None) -> Message:
    """All of them in one."""
    document = digests.digest([each.document for each in found], at=now, external_url=external_url)
    return Message(document=document, waiting=tuple(one for each in found for one in each.waiting))
