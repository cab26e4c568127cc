"""The facts that flow from left to right: exchange, step, run; and the one port that points left, the ledger.

Frozen, slotted, keyword-only. Durations are `_seconds` on the monotonic clock, moments are aware
datetimes in UTC. Vocabulary: design.md, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from probes.redaction import Secret
from probes.words import (
    KEY_REFUSED,
    AuthHeader,
    BookingState,
    CorrelationState,
    Envelope,
    Environment,
    FailureKind,
    FaultKind,
    FindingKind,
    Leaves,
    Operation,
    Outcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The payment portal: the operator's configuration, never the server's word (decision 3)."""

    attach_url: str
    test_card: str = "visa"
    setup_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowBookings:
    """An expiring acknowledgement that bookings on this production host are real (decision 5)."""

    host: str
    per_day: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What share of the key's minute quota probes may use (decision 6)."""

    share: float = 0.10
    reserve: float = 0.20
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One Brek deployment reached with one partner key.

    `environment` is what `probes.safety.classify` made of the declaration and the host, so it is
    already safe to believe. `other_api_key` is another tenant's, to see that its sessions stay its own.
    """

    name: str
    base_url: str
    environment: Environment
    api_key: Secret
    auth_header: AuthHeader = AuthHeader.PARTNER_API_KEY
    partner: str = "brekwatch"
    portal: Portal | None = None
    quota: Quota = field(default_factory=Quota)
    allow_bookings: AllowBookings | None = None
    other_api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What a probe is meant to reach: a share of good runs, and how long one may take."""

    availability: float = 0.995
    latency_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A scenario played against a target, again and again."""

    scenario: str
    target: str
    every_seconds: float
    deadline_seconds: float = 120.0
    step_deadline_seconds: float = 30.0
    objective: Objective = field(default_factory=Objective)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What was expected and what was seen instead. Texts may come from a server: sinks scrub them."""

    kind: FailureKind
    expected: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Where the time of one HTTP attempt went; None for a phase that did not happen (a kept connection)."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an HTTP answer said, read once (`probes.answers.read`); absent parts are None.

    `json_problem` says why the body is not strict JSON (decision 7).
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    body: object = None
    json_problem: str | None = None
    envelope: Envelope | None = None
    code: str | None = None
    error: str | None = None
    chat_status: str | None = None
    artifacts: Mapping[str, object] = field(default_factory=dict)
    session_id: str | None = None
    actor_id: str | None = None
    event_id: str | None = None
    trace_id: str | None = None
    header_request_id: str | None = None
    body_request_id: str | None = None
    partner_id: str | None = None
    ratelimit_limit: int | None = None
    ratelimit_remaining: int | None = None
    retry_after_seconds: float | None = None

    @property
    def request_id(self) -> str | None:
        """The id for support: the header's, else the body's."""
        return self.header_request_id or self.body_request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP attempt: a request and its answer, or the reason why there is none.

    `duration_seconds` is first byte sent to last byte received (to giving up, without an answer; 0
    if nothing was sent), `certificate_expires_at` is in seconds since the epoch, over TLS. `expected` says that the
    status code is one that the step asked for. `own_key`: it carried the target's valid key; `own_style`: in the
    configured header. `asked_session_id` is the session that the request named, if it named one.
    """

    operation: Operation
    attempt: int
    method: str
    path: str
    started_at: datetime
    duration_seconds: float
    phases: Phases
    expected: bool
    request_body: bytes = b""
    idempotency_key: str | None = None
    asked_session_id: str | None = None
    answer: Answer | None = None
    failure: Failure | None = None
    request_id_state: CorrelationState | None = None
    trace_id_state: CorrelationState | None = None
    own_key: bool = True
    own_style: bool = True
    certificate_expires_at: float | None = None

    def __post_init__(self) -> None:
        if self.answer is None and self.failure is None:
            raise ValueError("an exchange has an answer or a reason why it has none")

    @property
    def status_code(self) -> int | None:
        """The HTTP status, if an answer came."""
        return None if self.answer is None else self.answer.status_code

    @property
    def session_id(self) -> str | None:
        """The session that it was about, as its answer named it, else its request."""
        return (self.answer and self.answer.session_id) or self.asked_session_id

    @property
    def key_rejected(self) -> bool:
        """Whether the configured key, sent as configured, was turned away where nobody had asked for that."""
        configured = self.own_key and self.own_style
        return configured and not self.expected and self.status_code in KEY_REFUSED

    @property
    def tells_own_quota(self) -> bool:
        """Whether its rate-limit headers speak of the target's own key: it was sent, and not turned away."""
        return self.own_key and self.status_code is not None and self.status_code not in KEY_REFUSED

    @property
    def key_accepted(self) -> bool:
        """Whether the configured key, sent as configured, was answered by anything but a refusal of it."""
        return self.own_style and self.tells_own_quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that the documents don't allow, short of a failure."""

    kind: FindingKind
    detail: str
    operation: Operation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of the chat status between two turns of a session."""

    from_status: str
    to_status: str
    documented: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a step ended, with all its attempts. `duration_seconds` includes back-off.

    `gap` says what a skipped step would have needed that is not configured: the run is judged without it.
    """

    name: str
    outcome: Outcome
    duration_seconds: float = 0.0
    failure: Failure | None = None
    exchanges: tuple[Exchange, ...] = ()
    transitions: tuple[Transition, ...] = ()
    findings: tuple[Finding, ...] = ()
    gap: str | None = None

    @property
    def own_exchanges(self) -> tuple[Exchange, ...]:
        """The attempts of what the step itself asked for: a snapshot that was read after a lost answer is not one."""
        return tuple(each for each in self.exchanges if each.operation is self.exchanges[0].operation)

    @property
    def own_exchange(self) -> Exchange | None:
        """The last of them, which was judged: its ids and its status are the step's evidence."""
        own = self.own_exchanges
        return own[-1] if own else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What is known of a run before its first byte is sent."""

    run_id: str
    target: str
    scenario: str
    leaves: Leaves
    started_at: datetime
    location: str
    recheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking's state, as the ledger is told it."""

    run_id: str
    target: str
    session_id: str
    state: BookingState
    booking_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a scenario against a target, with its verdict.

    `reason` is a word of a closed set: of `SkipReason` for a skipped run, of `FaultKind` for an
    unknown one, of `FailureKind` for a failed or degraded one (`latency`, or the kind that a retry
    hid). `detail` is the same for people.
    """

    run_id: str
    target: str
    scenario: str
    outcome: Outcome
    started_at: datetime
    duration_seconds: float
    location: str
    reason: str | None = None
    detail: str | None = None
    steps: tuple[StepResult, ...] = ()
    cleanup: tuple[StepResult, ...] = ()
    bookings: tuple[Booking, ...] = ()
    recheck: bool = False

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """All steps' transitions, in order."""
        return tuple(change for step in self.steps for change in step.transitions)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, cleanup's too, each once."""
        found = (finding for step in (*self.steps, *self.cleanup) for finding in step.findings)
        return tuple(dict.fromkeys(found))

    @property
    def failed_step(self) -> StepResult | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.outcome is Outcome.FAILED), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that is about to be sent, with the key that makes it safe to repeat."""

    run_id: str
    target: str
    session_id: str
    idempotency_key: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorFault:
    """Something of ours went wrong. `error` is for logs and crash reports, after scrubbing.

    `request_id` is that of the last answer of the run that it befell.
    """

    kind: FaultKind
    detail: str
    run_id: str | None = None
    scenario: str | None = None
    target: str | None = None
    request_id: str | None = None
    error: BaseException | None = None

    @classmethod
    def of_run(cls, start: RunStart, kind: FaultKind, detail: str, error: BaseException | None = None) -> Self:
        """A fault that befell this run."""
        return cls(
            kind=kind, detail=detail, run_id=start.run_id, scenario=start.scenario, target=start.target, error=error
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCap:
    """What a run takes from the day's cap on real bookings of a production host (decision 5)."""

    host: str
    per_day: int
    bookings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """How the journal does: `problem` says why it can't commit, None while it can.

    `waiting` results are not committed yet; `lost` counts those of this process that never will be; `size_bytes` is
    None where that isn't known.
    """

    problem: str | None = None
    waiting: int = 0
    lost: int = 0
    size_bytes: int | None = None


class Ledger(Protocol):
    """What must be known *before* bytes are sent. Raises `LedgerUnavailableError` where it can't be kept.

    `durable` says whether it survives the process: a daily cap on real bookings needs that.
    """

    durable: bool

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        """Know that this run began. Raises RefusedError where the day's cap leaves it too few bookings."""

    async def intend(self, intent: Intent) -> None:
        """Know the key of this write, before it is sent."""

    async def book(self, booking: Booking) -> None:
        """Know what became of a booking."""
