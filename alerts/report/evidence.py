"""What a report is reckoned from, and nothing else: a bundle keeps it, and `verify` reckons from it again.

All of it is redacted, as the journal gave it back. Runs stand oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from probes.incident import AlertSeen, Incident
from probes.journal.kept import KeptRun, RunSummary, Unanswered
from probes.journal.texts import ANSWER_CHARACTERS
from probes.model import Exchange, Run, StepResult
from probes.settings import IncidentPolicy
from probes.words import AuthHeader, Environment

EVIDENCE_VERSION = 1


class Asked(StrEnum):
    """What a report was asked of."""

    INCIDENT = "incident"
    RUN = "run"
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the configuration says of a scenario on the target; None where it isn't planned there.

    `chat_statuses` are those that its steps expect, by the step's name; empty for a scenario that isn't known here.
    """

    scenario: str
    every_seconds: float | None = None
    availability: float | None = None
    latency_seconds: float | None = None
    chat_statuses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A stretch of maintenance of the target."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside the runs: of the configuration, if it is at hand, and of the journal.

    `environment` is None where nobody says what the target is. `oldest_run_at` is how far back the journal reaches,
    `lost` how many results of this process it could not keep, None where that can't be told.
    """

    environment: Environment | None = None
    auth_header: AuthHeader = AuthHeader.PARTNER_API_KEY
    plans: tuple[Plan, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    external_url: str | None = None
    oldest_run_at: datetime | None = None
    lost: int | None = None

    def plan(self, scenario: str) -> Plan:
        """That of a scenario, even if nothing is known of it."""
        return next((each for each in self.plans if each.scenario == scenario), Plan(scenario=scenario))

    def in_maintenance(self, when: datetime) -> bool:
        """Whether nobody was to be woken then."""
        return any(each.starts_at <= when < each.ends_at for each in self.quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A run, whole. `answer_bytes` are how long its answers were before the journal cut them, in order of sending."""

    run: Run
    under_way: bool = False
    answer_bytes: tuple[int | None, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()

    def is_whole(self, exchange: Exchange) -> bool:
        """Whether the answer's body is here to its end: the journal may have cut it, or let go of it since."""
        if exchange.answer is None:
            return True
        text = exchange.answer.content.decode("utf-8", "replace")
        sent = (each for step in (*self.run.steps, *self.run.cleanup) for each in step.exchanges)
        sizes = (size for each, size in zip(sent, self.answer_bytes, strict=False) if each is exchange)
        gone = not text and next(sizes, 0) is None
        return not gone and (len(text) < ANSWER_CHARACTERS or not text.endswith("…"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The scope of a report, all its runs in a line each, and those whole that it shows something of.

    `focus` is the run that was asked for. `elsewhere` counts runs of the scope that were played from another location,
    which has a verdict of its own: they are in no line. `left_out` says in sentences what was not read, to stay within
    bounds.
    """

    asked: Asked
    asked_for: str
    now: datetime
    version: str
    target: str | None
    since: datetime
    until: datetime
    focus: str | None = None
    incident: Incident | None = None
    lines: tuple[RunSummary, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    alerts: tuple[AlertSeen, ...] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)
    elsewhere: int = 0
    left_out: tuple[str, ...] = ()


def witness_of(kept: KeptRun) -> Witness:
    """A kept run as evidence: its bodies as text alone, and of them what blame looks at."""
    sizes = {id(each.exchange): each.answer_bytes for each in kept.exchanges}
    steps, cleanup = (tuple(map(_bare, several)) for several in (kept.run.steps, kept.run.cleanup))
    sent = (each for step in (*kept.run.steps, *kept.run.cleanup) for each in step.exchanges)
    return Witness(
        run=replace(kept.run, steps=steps, cleanup=cleanup),
        under_way=kept.under_way,
        answer_bytes=tuple(sizes.get(id(each)) for each in sent),
        unanswered=kept.unanswered,
    )


def line_of(witness: Witness) -> RunSummary:
    """The run in a line, as the journal lists it."""
    run = witness.run
    step = run.failed_step
    return RunSummary(
        run_id=run.run_id,
        target=run.target,
        scenario=run.scenario,
        started_at=run.started_at,
        outcome=None if witness.under_way else run.outcome,
        reason=run.reason,
        detail=run.detail,
        duration_seconds=None if witness.under_way else run.duration_seconds,
        failed_step=step.name if step else None,
        failure_kind=step.failure.kind if step and step.failure else None,
        recheck=run.recheck,
    )


def _bare(step: StepResult) -> StepResult:
    return replace(step, exchanges=tuple(map(_without_body, step.exchanges)))


def _without_body(exchange: Exchange) -> Exchange:
    if exchange.answer is None:
        return exchange
    return replace(exchange, answer=replace(exchange.answer, body=None))
