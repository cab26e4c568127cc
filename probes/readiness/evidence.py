"""What was seen of an integration: its requests with their answers, and how it ended in each situation.

Nothing secret is in it: keys, portal tokens and card numbers were masked before anything was kept, and what rules need
to know of them was noted beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from probes.model import Answer
from probes.readiness.words import AuditKind, Lost, RuleId, RuleState, SituationName, Verdict
from probes.words import AuthHeader, Operation

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request of the integration, and what it was answered.

    `number` counts from 1 in the order of arrival. Moments are seconds since the audit began, on the monotonic clock:
    the first byte of the request, its last, and the end: the last byte of the answer handed over or, where `lost` says
    that there is no whole one, the moment of the loss. Still under way when the audit ended: None, and no answer.
    Header names are in lower case.

    `key_styles` are the header styles that carried a key, in order, repeats too. `key_number` tells different keys
    apart (1, 2, …; None: it carried none) and says nothing of their values. `card_data` names the place of a raw card
    number or a CVV (`text`, `payload.cvv`), which itself is masked. `request` is the body's JSON value, None where it
    has none or `request_problem` says why it can't be read. `operation` is None for what is none of the API's, such as
    a preflight.
    """

    number: int
    situation: SituationName | None
    began_seconds: float
    received_seconds: float
    ended_seconds: float | None
    started_at: datetime
    method: str
    path: str
    query: str
    headers: Headers
    operation: Operation | None
    body: bytes = b""
    request: object = None
    request_problem: str | None = None
    key_styles: tuple[AuthHeader, ...] = ()
    key_number: int | None = None
    key_in_url: bool = False
    card_data: str | None = None
    over_tls: bool = False
    from_loopback: bool = True
    answer: Answer | None = None
    lost: Lost | None = None

    @property
    def status_code(self) -> int | None:
        """The HTTP status that the integration was told; None where no whole answer came."""
        return None if self.answer is None or self.lost is not None else self.answer.status_code

    @property
    def answered_seconds(self) -> float | None:
        """When the integration had its whole answer; None if it never did."""
        return self.ended_seconds if self.answer is not None and self.lost is None else None

    def header(self, name: str) -> str | None:
        """The first header of this name (in lower case)."""
        return next((value for known, value in self.headers if known == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationRun:
    """How the integration did in one situation. `exit_code` is None where no command was run or it had to be ended.

    `reached`: what makes the situation special was shown to it at least once.
    """

    situation: SituationName
    began_seconds: float
    ended_seconds: float
    exit_code: int | None = None
    timed_out: bool = False
    reached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What the integration's log file was found to hold; the file itself is not kept.

    `ids` are those of the ids told to it that stand in it. `secret_lines` and `claims` are line numbers, with the name
    of the situation under way for a claim, None where that isn't known; lines are counted from the audit's beginning.
    `whole` is False where a part of what was added could not be read: then what is missing proves nothing.
    """

    name: str
    lines: int
    whole: bool = True
    ids: frozenset[str] = frozenset()
    secret_lines: tuple[int, ...] = ()
    claims: tuple[tuple[int, SituationName | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a person stands for, by name and date. `about` is a RuleId that may be attested, or a Statement."""

    about: str
    by: str
    on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that an audit has seen; what rules judge."""

    kind: AuditKind
    exchanges: tuple[Seen, ...]
    situations: tuple[SituationRun, ...] = ()
    log: LogFacts | None = None
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a rule makes of the evidence. `exchanges` are numbers of `Seen`, the very ones that show it."""

    state: RuleState
    detail: str
    exchanges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A rule with its ruling: `source` is the guide's own sentence, `exercised_by` what situations would show it."""

    rule: RuleId
    source: str
    state: RuleState
    detail: str
    exchanges: tuple[Seen, ...] = ()
    exercised_by: tuple[SituationName, ...] = ()
    attestation: Attestation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule that stands otherwise than in the audit before."""

    rule: RuleId
    was: str
    now: RuleState


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The verdict on an integration, and all that it rests on.

    `evidence_sha256` is of the canonical JSON of the exchanges, as the JSON document holds them. `changes` is None
    where there is no audit before to compare with.
    """

    verdict: Verdict
    sentence: str
    kind: AuditKind
    started_at: datetime
    duration_seconds: float
    judgements: tuple[Judgement, ...]
    evidence: Evidence
    evidence_sha256: str
    suite_version: str
    monitor_version: str
    build: str | None = None
    changes: tuple[RuleChange, ...] | None = None
    compared_with: str | None = None
    notes: tuple[str, ...] = field(default=())
