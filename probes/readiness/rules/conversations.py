"""The evidence read as conversations: whose session, what a turn means, what the integration knew, what it repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from probes.answers import event_statuses
from probes.readiness.evidence import Evidence, Seen
from probes.words import WRITE_KINDS, ChatStatus, Operation, WriteKind

_CONSENT = re.compile(
    r"\s*(?:yes|yep|yeah|sure|ok(?:ay)?|confirm(?:ed)?|go ahead|please (?:book|confirm|charge)|book it|i agree"
    r"|use this card)\b"
    r"(?!.*\b(?:hotel|option|search|find)\b)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(r"\s*(?:no|nope|cancel|stop|decline|never\s*mind|don'?t|do not)\b", re.IGNORECASE)
_DONE = re.compile(r"\s*(?:i(?:'m| am) |all )?(?:done|finished|ready)\b", re.IGNORECASE)
_BOOKS = frozenset({WriteKind.BOOK_BY_OPTION_ID, WriteKind.BOOK_OPTION})


class Meaning(StrEnum):
    """What a turn is about, as far as rules need to know."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    DONE = "done"
    BOOK = "book"
    CANCEL = "cancel"
    OTHER = "other"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def field_of(seen: Seen, name: str) -> str | None:
    """A text field of the body's top level."""
    return _text(_mapping(seen.request).get(name))


def actor_of(seen: Seen) -> str | None:
    """`actor.actorId`, if the request names one."""
    return _text(_mapping(_mapping(seen.request).get("actor")).get("actorId"))


def session_of(seen: Seen) -> str | None:
    """The session that the request names; of a creation, the one that it was given."""
    match seen.operation:
        case Operation.SEND_EVENT:
            return field_of(seen, "sessionId")
        case Operation.GET_SESSION:
            return seen.path.rstrip("/").rpartition("/")[2] or None
        case Operation.CREATE_SESSION if seen.answer is not None:
            return seen.answer.session_id
        case _:
            return None


def is_turn(seen: Seen) -> bool:
    """Whether it is a POST /events."""
    return seen.operation is Operation.SEND_EVENT


def key_of(seen: Seen) -> str | None:
    """Its `idempotencyKey`."""
    return field_of(seen, "idempotencyKey")


def meaning_of(seen: Seen) -> Meaning:  # noqa: PLR0911 - one for each meaning
    """What a turn is about, by its kind, else by its text."""
    kind, text = field_of(seen, "kind"), field_of(seen, "text") or ""
    if kind == WriteKind.CONFIRM_PAYMENT_CARD:
        return Meaning.CONFIRM
    if kind == WriteKind.CANCEL_BOOKING:
        return Meaning.CANCEL
    if kind in _BOOKS:
        return Meaning.BOOK
    if kind is not None:
        return Meaning.OTHER
    if _REFUSAL.match(text):
        return Meaning.DECLINE
    if _DONE.match(text):
        return Meaning.DONE
    return Meaning.CONFIRM if _CONSENT.match(text) else Meaning.OTHER


def is_write(seen: Seen) -> bool:
    """Whether it writes: a write kind (endpoint page of POST /events), or a text that confirms the payment."""
    return is_turn(seen) and (field_of(seen, "kind") in WRITE_KINDS or meaning_of(seen) is Meaning.CONFIRM)


def action_of(seen: Seen) -> tuple[object, ...]:
    """What the request asks for, its idempotency key aside: equal for a first try and its retries."""
    body = {name: value for name, value in _mapping(seen.request).items() if name != "idempotencyKey"}
    asked = json.dumps(body, sort_keys=True) if isinstance(seen.request, dict) else seen.body
    return seen.situation, seen.key_number, seen.method, seen.path, asked


def api_requests(evidence: Evidence) -> tuple[Seen, ...]:
    """What was sent to one of the three endpoints, in order."""
    return tuple(seen for seen in evidence.exchanges if seen.operation is not None)


def turns(evidence: Evidence) -> tuple[Seen, ...]:
    """All POST /events, in order."""
    return tuple(filter(is_turn, evidence.exchanges))


def owners(evidence: Evidence) -> Mapping[str, str]:
    """The actor for whom each session was created, as far as that was seen."""
    found: dict[str, str] = {}
    for seen in evidence.exchanges:
        session, actor = session_of(seen), actor_of(seen)
        if seen.operation is Operation.CREATE_SESSION and session and actor:
            found[session] = actor
    return found


def is_transient(seen: Seen) -> bool:
    """Whether it was answered 429 or 5xx: what the guide's retry policy is about."""
    return seen.status_code is not None and (seen.status_code == 429 or seen.status_code >= 500)


def ended(seen: Seen) -> float:
    """When the integration could know how it ended; of what is still under way, when it was sent."""
    return seen.ended_seconds if seen.ended_seconds is not None else seen.received_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One action with its repeats, in order: each but the last ended in something else than a success."""

    tries: tuple[Seen, ...]

    @property
    def pairs(self) -> Iterator[tuple[Seen, Seen]]:
        """Each try with the one that repeated it."""
        return zip(self.tries, self.tries[1:], strict=False)


def chains(evidence: Evidence) -> tuple[Chain, ...]:
    """All actions. One that is sent again after a success (2xx) begins a new chain: it is no retry."""
    under_way: dict[tuple[object, ...], list[Seen]] = {}
    done: list[list[Seen]] = []
    for seen in api_requests(evidence):
        action = action_of(seen)
        chain = under_way.get(action)
        if chain is None or _succeeded(chain[-1]):
            chain = under_way[action] = []
            done.append(chain)
        chain.append(seen)
    return tuple(Chain(tries=tuple(chain)) for chain in done)


def _succeeded(seen: Seen) -> bool:
    return seen.status_code is not None and seen.status_code < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the integration had been told of a session's status when it sent a request; None: nothing yet."""

    status: str | None
    by: Seen | None


def told_before(evidence: Evidence, seen: Seen) -> Told:
    """The last status of the request's session that an answer, or a snapshot, told before it was begun."""
    session = session_of(seen)
    latest = Told(status=None, by=None)
    if session is None:
        return latest
    for other in _answered_before(evidence.exchanges, seen):
        if session_of(other) == session and (status := status_told(other)):
            latest = Told(status=status, by=other)
    return latest


def _answered_before(exchanges: Sequence[Seen], seen: Seen) -> list[Seen]:
    before = [
        other
        for other in exchanges
        if other.answered_seconds is not None and other.answered_seconds <= seen.began_seconds
    ]
    return sorted(before, key=lambda other: other.answered_seconds or 0.0)


def status_told(seen: Seen) -> str | None:
    """The chat status that its answer tells: of a turn its own, of a snapshot the last event's."""
    if seen.answer is None or seen.answered_seconds is None:
        return None
    if is_turn(seen):
        return seen.answer.chat_status
    return next(reversed(event_statuses(seen.answer)), None)


def stories(evidence: Evidence) -> Mapping[str, tuple[Seen, ...]]:
    """The requests of each session, in order, its creation first."""
    found: dict[str, list[Seen]] = {}
    for seen in api_requests(evidence):
        session = session_of(seen)
        if session is not None:
            found.setdefault(session, []).append(seen)
    return {session: tuple(several) for session, several in found.items()}


def known_statuses(evidence: Evidence) -> frozenset[ChatStatus]:
    """Which of the documented statuses it was told at least once."""
    told = {status_told(seen) for seen in evidence.exchanges}
    return frozenset(status for status in ChatStatus if status in told)
