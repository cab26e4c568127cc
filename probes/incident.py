"""Incidents and what is said of them, as the journal keeps them: frozen, slotted, keyword-only; moments in UTC.

How they come about is `alerts.incidents`'; who is told, and when, is `alerts.delivery`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from probes.words import Blame, Ended, Environment, FailureKind, NoticeKind, NoticeState, Operation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one incident is about. `operation` is None where the step that failed had sent nothing."""

    target: str
    kind: FailureKind
    operation: Operation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One judged run, as far as incidents are reckoned from it; `cause` and `blame` are None for a good one."""

    run_id: str
    target: str
    scenario: str
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    recheck: bool = False
    cause: Cause | None = None
    blame: Blame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What an incident did to one scenario.

    `failed_runs` are those of its cause from the first to the last; `good_since` is the end of the first good run after
    the last bad one, whatever that failed of, and `good_in_a_row` counts them. `every_seconds` and `availability` are
    the probe's when it was hit, None where it was not planned.
    """

    scenario: str
    failed_runs: int
    first_failed_at: datetime
    last_failed_at: datetime
    good_in_a_row: int = 0
    good_since: datetime | None = None
    every_seconds: float | None = None
    availability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The stretch from first failure to observed recovery, of one cause.

    `first_failed_at` is the *start* of the first failed run, `detected_at` the end of the run that opened the
    incident, `last_good_at` the end of the last good run before it among the scenarios hit. `recovered_at` is the end
    of the first good run of the stretch that closed it, `closed_at` the end of the run that did. `blame` is who has to
    act as far as is known now, `detected_blame` who it was when it opened. The id is the same however often it is
    reckoned: it follows from the cause and the first failed run.
    """

    incident_id: str
    cause: Cause
    blame: Blame
    environment: Environment
    location: str
    hits: tuple[Hit, ...]
    first_failed_run_id: str
    first_failed_at: datetime
    detected_run_id: str
    detected_at: datetime
    last_failed_run_id: str
    last_failed_at: datetime
    last_good_run_id: str | None = None
    last_good_at: datetime | None = None
    recovered_run_id: str | None = None
    recovered_at: datetime | None = None
    closed_at: datetime | None = None
    ended: Ended | None = None
    detected_blame: Blame | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has seen it end."""
        return self.ended is None

    @property
    def failed_runs(self) -> int:
        """How many runs it hurt."""
        return sum(hit.failed_runs for hit in self.hits)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that it hit, in order of their names."""
        return tuple(sorted(hit.scenario for hit in self.hits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to say to one receiver, at least once; `notice_id` is the same at each try, and after a restart.

    `document` is JSON, redacted, made when it arose. It is due at `due_at`, which each failed try puts off.
    """

    notice_id: str
    receiver: str
    kind: NoticeKind
    incident_id: str | None
    document: str
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    state: NoticeState = NoticeState.WAITING
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """An alert that Alertmanager's webhook told of, tied to the incident that it is about, if there is one.

    `fingerprint` and `starts_at` together name it.
    """

    fingerprint: str
    name: str
    status: str
    starts_at: datetime
    ends_at: datetime | None
    target: str | None
    scenario: str | None
    incident_id: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """What one judged run changed, to be committed whole: incidents, what is to be said of them, and the state.

    `state` is JSON that survives a restart under `state_key`; None leaves the one before.
    """

    incidents: tuple[Incident, ...] = ()
    notices: tuple[Notice, ...] = ()
    state_key: str = ""
    state: object | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents are wanted; None wants all. `since` takes those that were open then or later.

    `before` is the moment and the id of an incident: those are wanted that come after it, newest first.
    """

    since: datetime | None = None
    target: str | None = None
    scenario: str | None = None
    open_only: bool = False
    before: tuple[datetime, str] | None = None
    limit: int | None = None
