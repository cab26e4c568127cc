"""What `ready` plans, sees and says: checks as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from probes.model import Run
from probes.readiness.words import CheckState, Verdict
from probes.words import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A check that somebody lets fail, why, and until when (that day included). `place` is `file:line`."""

    check_id: str
    reason: str
    until: date
    place: str

    def holds(self, today: date) -> bool:
        """Whether it has not expired."""
        return today <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The request that shows it, with the ids that Brek's support asks for; None where there is none."""

    run_id: str | None = None
    scenario: str | None = None
    step: str | None = None
    operation: str | None = None
    status_code: int | None = None
    code: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One answer: what the guide says (`source`, its own sentence), what was expected, what was seen, what to do.

    `check_id` is a CheckId, or `scenario:NAME`. A waiver that has expired is kept, and does not count.
    """

    check_id: str
    title: str
    source: str
    state: CheckState
    expected: str
    seen: str
    what_to_do: str = ""
    proofs: tuple[Proof, ...] = ()
    waiver: Waiver | None = None
    waived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedScenario:
    """A scenario that will be played so often; `requests` is what one run takes from the key's quota.

    `sends` is what it sends in words; `leaves` what it may leave behind.
    """

    name: str
    times: int
    requests: int
    sends: str
    leaves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A scenario that will not be played, and why; `waiting`: it could be, were something configured."""

    name: str
    why: str
    cannot_tell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be sent, said before a byte of it is. `limit` is the key's minute quota, as configured or assumed."""

    target: str
    base_url: str
    environment: Environment
    scenarios: tuple[PlannedScenario, ...]
    left_out: tuple[LeftOut, ...]
    requests: int
    limit: int
    limit_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyReport:
    """The verdict of `ready`, its sentence, and all that it rests on."""

    verdict: Verdict
    sentence: str
    plan: Plan
    started_at: datetime
    duration_seconds: float
    requests_sent: int
    checks: tuple[Check, ...]
    runs: tuple[Run, ...]
    suite_version: str
    monitor_version: str
