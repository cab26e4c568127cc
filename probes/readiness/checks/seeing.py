"""What checks look at: the finished runs of `ready`, request by request.

Only judged runs count. One that ended as `unknown` or was skipped says nothing of the API, whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from probes.model import Exchange, Failure, Finding, MonitorFault, Run, StepResult, Target
from probes.readiness.model import Plan, Proof
from probes.readiness.planning import Options
from probes.words import JUDGED_OUTCOMES, FindingKind, Operation, Outcome

MOST_PROOFS = 5
API_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard while the plan was played.

    `broken_off` says why it wasn't played to its end, for people; `limit_told` is the minute quota that the API told,
    where that is known otherwise than from the runs' own answers.
    """

    runs: tuple[Run, ...] = ()
    faults: tuple[MonitorFault, ...] = ()
    requests_sent: int = 0
    broken_off: str | None = None
    limit_told: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One request of a judged run."""

    run: Run
    step: StepResult
    exchange: Exchange

    @property
    def proof(self) -> Proof:
        """Its ids, for support."""
        return proof_of(self.run, self.step, self.exchange)

    @property
    def at_api(self) -> bool:
        """Whether it went to one of the three endpoints."""
        return self.exchange.operation in API_OPERATIONS

    @property
    def good(self) -> bool:
        """Whether the API answered the own key with a success."""
        status = self.exchange.status_code
        return self.exchange.own_key and self.at_api and status is not None and status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """The step at which a run failed, and why."""

    run: Run
    step: StepResult
    failure: Failure

    @property
    def proof(self) -> Proof:
        """The ids of the request that failed."""
        return proof_of(self.run, self.step, self.step.own_exchange)

    @property
    def told(self) -> str:
        """It in a line, its scenario too."""
        return f"{self.run.scenario}, {self.at}"

    @property
    def at(self) -> str:
        """It in a line, for where its scenario is named already."""
        step, failure = self.step.name, self.failure
        return f"step {step}: {failure.kind}, expected {failure.expected}, saw {failure.observed.rstrip('.')}"

    @property
    def at_api(self) -> bool:
        """Whether it failed at one of the three endpoints."""
        exchange = self.step.own_exchange
        return exchange is not None and exchange.operation in API_OPERATIONS

    @property
    def asks_header(self) -> bool:
        """Whether a header that the guide guarantees was not there."""
        return self.failure.expected.startswith("header ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a check may look at."""

    plan: Plan
    target: Target
    heard: Heard
    options: Options
    now: datetime

    @property
    def judged(self) -> tuple[Run, ...]:
        """The runs that say something of the API."""
        return tuple(run for run in self.heard.runs if run.outcome in JUDGED_OUTCOMES)

    def sights(self) -> Iterator[Sight]:
        """Every request of a judged run, cleanup's too, in order."""
        for run in self.judged:
            for step in (*run.steps, *run.cleanup):
                yield from (Sight(run=run, step=step, exchange=exchange) for exchange in step.exchanges)

    def good_sights(self) -> tuple[Sight, ...]:
        """Those with the own key that the API answered with a success."""
        return tuple(sight for sight in self.sights() if sight.good)

    def falls(self) -> Iterator[Fall]:
        """Where runs failed."""
        for run in self.judged:
            step = run.failed_step
            if run.outcome is Outcome.FAILED and step is not None and step.failure is not None:
                yield Fall(run=run, step=step, failure=step.failure)

    def found(self, kinds: Iterable[FindingKind]) -> Iterator[tuple[Finding, Proof]]:
        """The findings of these kinds, each with the request that shows it."""
        wanted = frozenset(kinds)
        for run in self.judged:
            for step in (*run.steps, *run.cleanup):
                for finding in step.findings:
                    if finding.kind in wanted:
                        yield finding, proof_of(run, step, _about(finding, step))

    def planned(self, scenario: str) -> bool:
        """Whether it was to be played."""
        return any(each.name == scenario for each in self.plan.scenarios)

    def why_left_out(self, scenario: str) -> str | None:
        """Why it was not to be played, if the plan says so."""
        return next((each.why for each in self.plan.left_out if each.name == scenario), None)


def _about(finding: Finding, step: StepResult) -> Exchange | None:
    return next((each for each in step.exchanges if each.operation is finding.operation), step.own_exchange)


def proof_of(run: Run, step: StepResult | None = None, exchange: Exchange | None = None) -> Proof:
    """The ids of a run, of its step and of the request."""
    answer = None if exchange is None else exchange.answer
    return Proof(
        run_id=run.run_id,
        scenario=run.scenario,
        step=None if step is None else step.name,
        operation=None if exchange is None else exchange.operation,
        status_code=None if exchange is None else exchange.status_code,
        code=None if answer is None else answer.code,
        request_id=None if answer is None else answer.request_id,
        trace_id=None if answer is None else answer.trace_id,
        session_id=None if exchange is None else exchange.session_id,
    )


def proofs(seen: Iterable[Sight | Fall]) -> tuple[Proof, ...]:
    """The first few, each once."""
    return tuple(dict.fromkeys(each.proof for each in seen))[:MOST_PROOFS]


def first(values: Iterable[str], most: int = 3, *, spelled: Callable[[str], str] = str) -> str:
    """The first few different ones in a line, and how many more there are."""
    once = [spelled(value) for value in dict.fromkeys(values)]
    return "; ".join(once[:most]) + (f"; and {len(once) - most} more" if len(once) > most else "")
