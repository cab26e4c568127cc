"""What the journal gives back: runs with their evidence, and where an id was seen. Frozen, and already redacted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from probes.model import Booking, Exchange, Run
from probes.words import BookingState, IdKind, Leaves, Operation, Outcome, Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; None wants all. `limit` takes the newest so many.

    They began at `since` or later, and before `until`. `commands` played them, `serve` or `run`. `before` goes on in
    the list behind a run: when that began, and its id.
    """

    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, str] | None = None
    run_ids: tuple[str, ...] | None = None
    location: str | None = None
    commands: tuple[str, ...] | None = None
    outcome: Outcome | None = None
    scenario: str | None = None
    target: str | None = None
    failure_kind: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of a list of runs. `outcome` and `duration_seconds` are None for a run that has no verdict yet."""

    run_id: str
    target: str
    scenario: str
    started_at: datetime
    outcome: Outcome | None
    reason: str | None
    detail: str | None
    duration_seconds: float | None
    failed_step: str | None
    failure_kind: str | None
    recheck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The ids of the runs of the same target and scenario around a run; None where none is kept."""

    previous: str | None = None
    following: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExchange:
    """One attempt, the step that it belongs to, and how long its answer was before it was cut for the journal.

    Its answer's `content` and its `request_body` are redacted text, bounded.
    """

    seq: int
    step: str
    exchange: Exchange
    answer_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A turn that was promised, and of which nothing else is known: its run was cut off while it was sent.

    `settlement` is what its session told later; None if that isn't known.
    """

    idempotency_key: str
    session_id: str
    intended_at: datetime
    body: str
    settlement: Settlement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run, whole. One that has no verdict yet reads as `unknown`, and `under_way` says so."""

    run: Run
    under_way: bool
    exchanges: tuple[KeptExchange, ...]
    bookings: tuple[Booking, ...]
    unanswered: tuple[Unanswered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where an id was seen: the run, and unless it is the run's own id, the exchange.

    `beside` are the other ids of that exchange.
    """

    kind: IdKind
    value: str
    run: RunSummary
    step: str | None = None
    seq: int | None = None
    operation: Operation | None = None
    attempt: int | None = None
    status_code: int | None = None
    chat_status: str | None = None
    at: datetime | None = None
    beside: tuple[tuple[IdKind, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to `find`: sightings of the one id that was meant; or the ids that a prefix could mean, if several.

    `more` says that there are others: older sightings, or further candidates.
    """

    sightings: tuple[Sighting, ...] = ()
    candidates: tuple[tuple[IdKind, str], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LastVerdict:
    """The last judged run of a target and scenario, and when one was last good: what is shown is restored from it.

    `since` is when the first run began that was good, or bad, as all after it were; `first_at` when the first one did
    that is kept, whatever came of it.
    """

    target: str
    scenario: str
    outcome: Outcome
    reason: str | None
    finished_at: datetime
    succeeded_at: datetime | None
    run_id: str | None = None
    since: datetime | None = None
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A stretch of time whose runs of these targets don't count for an objective."""

    targets: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictFilter:
    """Whose verdicts are wanted: those of this location, of runs played by these commands."""

    location: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyFilter:
    """Which runs are counted: those that began at `since` or later, of this location, played by these commands.

    They are counted for each `cell_seconds` from the epoch on. Rechecks, and those in what is `apart`, are not
    `counted` for the objective.
    """

    since: datetime
    location: str
    commands: tuple[str, ...]
    cell_seconds: int
    apart: tuple[Apart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many runs of a probe began in one cell and ended so; `reason` is told of those that judged nothing."""

    target: str
    scenario: str
    cell: int
    outcome: Outcome
    reason: str | None
    counted: bool
    runs: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """A turn of a run that was cut off: whether it booked is not known until its session is read.

    `booking_state` is the last word on a booking of this session, if the run came to say one.
    """

    run_id: str
    target: str
    scenario: str
    leaves: Leaves
    session_id: str
    idempotency_key: str
    intended_at: datetime
    booking_state: BookingState | None = None
