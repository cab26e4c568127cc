"""What a report says, as frozen data: reckoned once from runs by `alerts.report.reckoning`, then only written down.

HTML, JSON, Markdown, the message to support and the bundle are made from these facts alone: they can't disagree.
Moments are aware and in UTC, durations `_seconds`. Texts that a server had a say in are redacted and bounded, and
still hostile: whoever writes them down escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from probes.incident import AlertSeen, Incident
from probes.words import Blame, Environment, FailureKind, Operation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which runs a report is about. `asked` says it for people: an incident, a run, or a stretch of time.

    `options` are those of `brekwatch incident` that ask for the same again.
    """

    asked: str
    target: str | None
    scenarios: tuple[str, ...]
    since: datetime
    until: datetime
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many runs of the scope ended so. `runs` is their sum."""

    runs: int
    passed: int
    degraded: int
    failed: int
    skipped: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """How sure it is that the API is at fault: a word (`sure`, `likely`, `unclear`) and the reasons for it."""

    word: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the incident spent of a scenario's error budget of 28 days.

    `allowed_bad_runs` are (1 - `availability`) of the runs that 28 days hold; `spent_ratio` is `bad_runs` over them.
    Rechecks and runs in maintenance are no part of it.
    """

    scenario: str
    availability: float
    every_seconds: float
    bad_runs: int
    allowed_bad_runs: float
    spent_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMark:
    """One run on the timeline. `latency_seconds` is None unless it was good; `budget_seconds` where it has none."""

    run_id: str
    target: str
    scenario: str
    outcome: Outcome
    reason: str | None
    failed_step: str | None
    started_at: datetime
    ended_at: datetime
    recheck: bool
    latency_seconds: float | None
    budget_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionCount:
    """How often a change of the chat status was seen, and whether the guide knows it; times are of the runs."""

    from_status: str
    to_status: str
    documented: bool
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """A 429 that nobody asked for."""

    at: datetime
    run_id: str
    operation: Operation
    request_id: str | None
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What was left of the key's quota, as an answer told it."""

    at: datetime
    limit: int
    remaining: int

    @property
    def ratio(self) -> float:
        """What was left, as a share."""
        return self.remaining / self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What happened when, each in order. `since` and `until` are the edges of the picture."""

    since: datetime
    until: datetime
    runs: tuple[RunMark, ...]
    transitions: tuple[TransitionCount, ...]
    rate_limited: tuple[RateLimited, ...]
    headroom: tuple[Headroom, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """A step of the conversation: the statuses that were wanted and seen. None: no answer told one."""

    step: str
    documented: tuple[str, ...]
    seen: str | None
    last_good: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an exchange as it is shown. `differs` marks what the other side doesn't say."""

    name: str
    value: str
    differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """An exchange in the report: who, when, and its request and answer line by line, bodies pretty-printed and cut."""

    run_id: str
    step: str
    operation: Operation
    attempt: int
    started_at: datetime
    duration_seconds: float
    facts: tuple[Line, ...]
    request: tuple[Line, ...]
    answer: tuple[Line, ...]
    answer_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of one failed exchange, for support."""

    at: datetime
    run_id: str
    step: str
    status_code: int | None
    request_id: str | None
    trace_id: str | None
    session_id: str | None
    event_id: str | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What Brek's documents say to do, and whose move it is."""

    heading: str
    sentences: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says, in its order.

    `headline` is one sentence: what broke, since when, for whom. `failing` and `last_good` stand side by side; each is
    None where no such exchange is kept. `curl` reproduces the failing request with the key in `$BREK_PARTNER_API_KEY`.
    `unknowns` say what the journal can't tell; `accounting` are the rules that the numbers keep to. `truncated` says
    what was left out to stay within the report's size.
    """

    headline: str
    generated_at: datetime
    version: str
    scope: Scope
    incident: Incident | None
    kind: FailureKind | None
    operation: Operation | None
    blame: Blame | None
    environment: Environment | None
    location: str
    step: str | None
    expected: str | None
    observed: str | None
    first_failed_at: datetime | None
    detected_at: datetime | None
    last_good_at: datetime | None
    recovered_at: datetime | None
    duration_seconds: float | None
    counts: Counts
    certainty: Certainty
    budgets: tuple[Budget, ...]
    timeline: Timeline
    chain: tuple[ChainLink, ...]
    failing: ExchangeView | None
    last_good: ExchangeView | None
    ids: tuple[Ids, ...]
    curl: str | None
    advice: tuple[Advice, ...]
    unknowns: tuple[str, ...]
    alerts: tuple[AlertSeen, ...]
    accounting: tuple[str, ...]
    truncated: tuple[str, ...]
    runbook_url: str | None
    report_url: str | None
