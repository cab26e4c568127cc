"""The evidence read as conversations: whose session, what the integration knew when, what it repeats.

All that takes a look at more than one exchange is worked out once for an evidence, near linear in its size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from probes.answers import event_statuses
from probes.readiness.evidence import Evidence, Seen
from probes.readiness.rules.asking import (
    Meaning,
    action_of,
    actor_of,
    field_of,
    has_write_kind,
    is_turn,
    is_write,
    key_of,
    meaning_of,
    session_of,
    text_of,
)
from probes.words import ChatStatus, Operation

__all__ = [
    "Chain",
    "Meaning",
    "Reading",
    "Told",
    "action_of",
    "actor_of",
    "api_requests",
    "chains",
    "ended",
    "field_of",
    "has_write_kind",
    "is_transient",
    "is_turn",
    "is_write",
    "key_of",
    "known_statuses",
    "meaning_of",
    "owners",
    "reading_of",
    "session_of",
    "status_told",
    "stories",
    "succeeded",
    "text_of",
    "told_before",
    "turns",
    "writes",
]

Action = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One action with its repeats, in order: each but the last ended in something else than a success."""

    tries: tuple[Seen, ...]

    @property
    def pairs(self) -> Iterator[tuple[Seen, Seen]]:
        """Each try with the one that repeated it."""
        return zip(self.tries, self.tries[1:], strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the integration had been told of a session's status when it sent a request; None: nothing yet."""

    status: str | None
    by: Seen | None


_NOTHING_YET = Told(status=None, by=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the exchanges of one evidence say of each other. Requests are known by their number."""

    requests: tuple[Seen, ...]
    stories: Mapping[str, tuple[Seen, ...]]
    owners: Mapping[str, str]
    actions: Mapping[int, Action]
    told: Mapping[int, Told]
    chains: tuple[Chain, ...]
    repeats: Mapping[int, Chain]


@dataclass(slots=True)
class _Knowledge:
    """What the integration knew at each request of one session. `moved_on`: when its last good turn began."""

    told: dict[int, Told] = field(default_factory=dict)
    moved_on: dict[int, float] = field(default_factory=dict)

    def follow(self, story: Iterable[Seen]) -> None:
        """Goes through a session's requests and answers in the order of time."""
        told, moved_on = _NOTHING_YET, -math.inf
        for _, what, number, seen in sorted(_moments(story), key=lambda moment: moment[:3]):
            if what == _ASKS:
                self.told[number], self.moved_on[number] = told, moved_on
                continue
            status = status_told(seen)
            if status is not None and not _is_overtaken(seen, told.by):
                told = Told(status=status, by=seen)
            if is_turn(seen) and succeeded(seen):
                moved_on = max(moved_on, seen.began_seconds)


_HEARS, _ASKS, _HEARS_AT_ONCE = range(3)
"""At one moment, what was heard comes before what is asked; but not before the very question."""


def _moments(story: Iterable[Seen]) -> Iterator[tuple[float, int, int, Seen]]:
    for seen in story:
        yield seen.began_seconds, _ASKS, seen.number, seen
        if seen.answered_seconds is not None:
            hears = _HEARS if seen.answered_seconds > seen.began_seconds else _HEARS_AT_ONCE
            yield seen.answered_seconds, hears, seen.number, seen


def _is_overtaken(seen: Seen, by: Seen | None) -> bool:
    """Whether a snapshot was asked for before the last news came: it may show what was so before them."""
    return not is_turn(seen) and by is not None and seen.began_seconds < (by.answered_seconds or 0.0)


def _stories(requests: Iterable[Seen]) -> dict[str, tuple[Seen, ...]]:
    found: dict[str, list[Seen]] = {}
    for seen in requests:
        session = session_of(seen)
        if session is not None:
            found.setdefault(session, []).append(seen)
    return {session: tuple(several) for session, several in found.items()}


def _chains(
    requests: Iterable[Seen], actions: Mapping[int, Action], moved_on: Mapping[int, float]
) -> tuple[Chain, ...]:
    under_way: dict[Action, list[Seen]] = {}
    done: list[list[Seen]] = []
    for seen in requests:
        chain = under_way.get(actions[seen.number])
        news = moved_on.get(seen.number, -math.inf)
        if chain is None or succeeded(chain[-1]) or news > chain[-1].began_seconds:
            chain = under_way[actions[seen.number]] = []
            done.append(chain)
        chain.append(seen)
    return tuple(Chain(tries=tuple(chain)) for chain in done)


def _read(evidence: Evidence) -> Reading:
    requests = tuple(seen for seen in evidence.exchanges if seen.operation is not None)
    told_of = _stories(requests)
    knowledge = _Knowledge()
    for story in told_of.values():
        knowledge.follow(story)
    actions = {seen.number: action_of(seen) for seen in requests}
    found = _chains(requests, actions, knowledge.moved_on)
    created = ((session_of(seen), actor_of(seen)) for seen in requests if seen.operation is Operation.CREATE_SESSION)
    return Reading(
        requests=requests,
        stories=told_of,
        owners={session: actor for session, actor in created if session and actor},
        actions=actions,
        told=knowledge.told,
        chains=found,
        repeats={seen.number: chain for chain in found for seen in chain.tries[1:]},
    )


class _Last:
    """The evidence read last: all rules of one audit ask for the same."""

    evidence: Evidence | None = None
    reading: Reading | None = None


def reading_of(evidence: Evidence) -> Reading:
    """The evidence, read once for all rules."""
    reading = _Last.reading if _Last.evidence is evidence else None
    if reading is None:
        reading = _read(evidence)
        _Last.evidence, _Last.reading = evidence, reading
    return reading


def api_requests(evidence: Evidence) -> tuple[Seen, ...]:
    """What was sent to one of the three endpoints, in order."""
    return reading_of(evidence).requests


def turns(evidence: Evidence) -> tuple[Seen, ...]:
    """All POST /events, in order."""
    return tuple(filter(is_turn, reading_of(evidence).requests))


def owners(evidence: Evidence) -> Mapping[str, str]:
    """The actor for whom each session was created, as far as that was seen."""
    return reading_of(evidence).owners


def stories(evidence: Evidence) -> Mapping[str, tuple[Seen, ...]]:
    """The requests of each session, in order, its creation first."""
    return reading_of(evidence).stories


def chains(evidence: Evidence) -> tuple[Chain, ...]:
    """All actions.

    What is sent again after a success (2xx), or after the conversation went on meanwhile, begins a new chain: that is
    no retry.
    """
    return reading_of(evidence).chains


def told_before(evidence: Evidence, seen: Seen) -> Told:
    """The last status of the request's session that an answer, or a snapshot, told before it was begun."""
    return reading_of(evidence).told.get(seen.number, _NOTHING_YET)


def writes(evidence: Evidence, seen: Seen) -> bool:
    """Whether it writes: by its own words, or as a yes to the payment that was asked for.

    Of other words than those that are known here, the booking that they made tells.
    """
    asked = told_before(evidence, seen).status == ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
    says_yes = meaning_of(seen) is Meaning.AGREE or status_told(seen) == ChatStatus.BOOKED
    return is_write(seen) or (is_turn(seen) and asked and says_yes)


def is_transient(seen: Seen) -> bool:
    """Whether it was answered 429 or 5xx: what the guide's retry policy is about."""
    return seen.status_code is not None and (seen.status_code == 429 or seen.status_code >= 500)


def succeeded(seen: Seen) -> bool:
    """Whether it had a whole answer, and a good one (2xx)."""
    return seen.status_code is not None and 200 <= seen.status_code < 300


def ended(seen: Seen) -> float:
    """When the integration could know how it ended; of what is still under way, when it was sent."""
    return seen.ended_seconds if seen.ended_seconds is not None else seen.received_seconds


def status_told(seen: Seen) -> str | None:
    """The chat status that its answer tells: of a turn its own, of a snapshot the last event's."""
    if seen.answer is None or seen.answered_seconds is None:
        return None
    if is_turn(seen):
        return seen.answer.chat_status
    return next(reversed(event_statuses(seen.answer)), None)


def known_statuses(evidence: Evidence) -> frozenset[ChatStatus]:
    """Which of the documented statuses it was told at least once."""
    told = {status_told(seen) for seen in evidence.exchanges}
    return frozenset(status for status in ChatStatus if status in told)
