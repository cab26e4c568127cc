"""A booking that nobody asked for, and the stop that follows from it. Pure.

Money may be going out, and nobody knows why: whatever may book with that key is stopped until a person has looked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from probes.model import Run, Target
from probes.redaction import Secret
from probes.words import BookingState, FailureKind

STOPPED, RESUMED = "stop", "resumed"
"""The kinds of state that a journal keeps of it, each under the id of the run that booked."""

_SALT_BYTES = 16
_COST, _BLOCK, _LANES = 2**14, 8, 1  # tens of milliseconds: a key that is short must not be guessed from its mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why nothing may book with a key: this run did, unasked. `scenario` is None where only the run is known.

    `mark` is by what the key is known again under another target's name, None until somebody who has it wrote it down.
    """

    run_id: str
    target: str
    scenario: str | None
    since: datetime
    mark: str | None = None


def booked_unasked(run: Run) -> bool:
    """Whether a run shows a booking that its scenario didn't ask for, whatever else became of it."""
    failures = (step.failure for step in (*run.steps, *run.cleanup))
    if any(failure is not None and failure.kind is FailureKind.UNEXPECTED_BOOKING for failure in failures):
        return True
    return any(booking.state is BookingState.UNEXPECTED for booking in run.bookings)


def value_of(stop: Stop) -> Mapping[str, str | None]:
    """As JSON, for the journal."""
    return {
        "target": stop.target,
        "scenario": stop.scenario,
        "since": stop.since.isoformat(),
        "mark": stop.mark,
    }


def in_force(stopped: Mapping[str, object], resumed: Mapping[str, object]) -> tuple[Stop, ...]:
    """The stops that nobody has lifted, of what the journal keeps under the two kinds, oldest first."""
    stops = (_stop_of(run_id, value) for run_id, value in stopped.items() if run_id not in resumed)
    return tuple(sorted(stops, key=lambda stop: stop.since))


def key_behind(stop: Stop, targets: Iterable[Target]) -> Secret | None:
    """The key that it is about, if one of these targets has it. Takes tens of milliseconds for each of them."""
    if stop.mark is not None:
        keys = dict.fromkeys(target.api_key for target in targets)
        return next((key for key in keys if _is_marked(stop.mark, key)), None)
    return next((target.api_key for target in targets if target.name == stop.target), None)


def covers(stop: Stop, key: Secret | None, target: Target) -> bool:
    """Whether it stops this target: the one that it names, whose key may be another by now, and all with its key.

    Where nobody knows its key (the process ended before it could mark it) it may be any.
    """
    return target.name == stop.target or target.api_key == key or (key is None and stop.mark is None)


def mark_of(key: Secret) -> str:
    """By what a key is known again, and from which nobody gets it back. Takes tens of milliseconds."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{salt.hex()}:{_digest(key, salt).hex()}"


def _is_marked(mark: str, key: Secret) -> bool:
    salt, _, digest = mark.partition(":")
    try:
        return hmac.compare_digest(bytes.fromhex(digest), _digest(key, bytes.fromhex(salt)))
    except ValueError:  # another version's
        return False


def _digest(key: Secret, salt: bytes) -> bytes:
    return hashlib.scrypt(key.reveal().encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES)


def _stop_of(run_id: str, value: object) -> Stop:
    """One that can't be read is about a key that nobody knows, and stops all that may book."""
    facts = value if isinstance(value, dict) else {}
    return Stop(
        run_id=run_id,
        target=_text(facts.get("target")) or "",
        scenario=_text(facts.get("scenario")),
        since=_moment(_text(facts.get("since"))),
        mark=_text(facts.get("mark")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(text: str | None) -> datetime:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
