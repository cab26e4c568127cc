"""What a report is about: the cause, the runs that it hurt, and since when until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.blame import blame, blame_of_run
from alerts.incidents import verdict_of
from alerts.report.evidence import Asked, Evidence, Plan, Witness
from alerts.report.facts import Budget, Counts
from probes.incident import Cause
from probes.journal.kept import RunSummary
from probes.model import Exchange, Failure
from probes.words import GOOD_OUTCOMES, Blame, Outcome

BUDGET_SECONDS = 28 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One cause and its times, as `Report` has them. `failing` are the runs that it hurt, oldest first.

    `subject` is the newest of them that is here whole, best one with an answer; without a cause, the run asked for.
    """

    cause: Cause | None = None
    blame: Blame | None = None
    scenarios: tuple[str, ...] = ()
    failing: tuple[RunSummary, ...] = ()
    subject: Witness | None = None
    first_failed_at: datetime | None = None
    last_failed_at: datetime | None = None
    detected_at: datetime | None = None
    last_good_at: datetime | None = None
    recovered_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def duration_seconds(self) -> float | None:
        """From the first failure to recovery, else to the last that is known."""
        if self.first_failed_at is None or self.ended_at is None:
            return None
        return max((self.ended_at - self.first_failed_at).total_seconds(), 0.0)


def end_of(line: RunSummary) -> datetime:
    """When a run ended, as far as is known."""
    return line.started_at + timedelta(seconds=line.duration_seconds or 0.0)


def cause_of(witness: Witness) -> Cause | None:
    """What a failed run failed of, as incidents reckon it; None for any other."""
    verdict = verdict_of(witness.run)
    return None if verdict is None else verdict.cause


def failed_exchange(witness: Witness) -> tuple[str, Exchange] | None:
    """The exchange that decided over a failed run, and its step."""
    step = witness.run.failed_step
    return None if step is None or step.own_exchange is None else (step.name, step.own_exchange)


def stretch_of(evidence: Evidence) -> Stretch:
    """That of the incident, if there is one; else of the run that was asked for; else of what failed most often."""
    causes = {each.run.run_id: cause_of(each) for each in evidence.witnesses}
    cause = _cause(evidence, causes)
    if cause is None:
        whole = {each.run.run_id: each for each in evidence.witnesses}
        return Stretch(subject=whole.get(evidence.focus or ""))
    hurt = [line for line in evidence.lines if _is_hurt(line, cause, causes)]
    if evidence.incident is not None:
        return _of_incident(evidence, cause, hurt)
    return _of_lines(evidence, cause, hurt)


def counts_of(lines: Iterable[RunSummary]) -> Counts:
    """How many ended how; those under way have not ended."""
    ended = [line.outcome for line in lines if line.outcome is not None]
    by = {outcome: ended.count(outcome) for outcome in Outcome}
    return Counts(
        runs=sum(by.values()),
        passed=by[Outcome.PASSED],
        degraded=by[Outcome.DEGRADED],
        failed=by[Outcome.FAILED],
        skipped=by[Outcome.SKIPPED],
        unknown=by[Outcome.UNKNOWN],
    )


def budgets_of(evidence: Evidence, stretch: Stretch) -> tuple[Budget, ...]:
    """What each scenario that was hit spent of its error budget, where it has one."""
    found = (_budget(evidence, stretch, plan_of(evidence, scenario)) for scenario in stretch.scenarios)
    return tuple(budget for budget in found if budget is not None)


def plan_of(evidence: Evidence, scenario: str) -> Plan:
    """What is planned for a scenario: as it was when the incident hit it, else as it is configured."""
    plan = evidence.surroundings.plan(scenario)
    hits = evidence.incident.hits if evidence.incident else ()
    hit = next((each for each in hits if each.scenario == scenario), None)
    if hit is None:
        return plan
    return Plan(
        scenario=scenario,
        every_seconds=hit.every_seconds or plan.every_seconds,
        availability=hit.availability or plan.availability,
        latency_seconds=plan.latency_seconds,
        chat_statuses=plan.chat_statuses,
    )


def _budget(evidence: Evidence, stretch: Stretch, plan: Plan) -> Budget | None:
    if not plan.every_seconds or not plan.availability or not plan.availability < 1:
        return None
    own = [line for line in stretch.failing if line.scenario == plan.scenario and not line.recheck]
    bad = sum(not evidence.surroundings.in_maintenance(line.started_at) for line in own)
    allowed = (1 - plan.availability) * BUDGET_SECONDS / plan.every_seconds
    return Budget(
        scenario=plan.scenario,
        availability=plan.availability,
        every_seconds=plan.every_seconds,
        bad_runs=bad,
        allowed_bad_runs=allowed,
        spent_ratio=bad / allowed,
    )


def _cause(evidence: Evidence, causes: dict[str, Cause | None]) -> Cause | None:
    if evidence.incident is not None:
        return evidence.incident.cause
    if evidence.asked is Asked.RUN:
        return causes.get(evidence.focus or "")
    known = [cause for line in evidence.lines if (cause := causes.get(line.run_id)) is not None]
    return max(reversed(known), key=known.count, default=None)


def _is_hurt(line: RunSummary, cause: Cause, causes: dict[str, Cause | None]) -> bool:
    """Whether a run failed of this cause; of one that isn't here whole, the kind alone tells."""
    if line.outcome is not Outcome.FAILED or line.target != cause.target:
        return False
    known = causes.get(line.run_id)
    return line.failure_kind == cause.kind if known is None else known == cause


def _of_incident(evidence: Evidence, cause: Cause, hurt: Sequence[RunSummary]) -> Stretch:
    incident = evidence.incident
    assert incident is not None  # noqa: S101 - its caller has looked
    failing = [line for line in hurt if incident.first_failed_at <= line.started_at <= incident.last_failed_at]
    return Stretch(
        cause=cause,
        blame=incident.blame,
        scenarios=incident.scenarios,
        failing=tuple(failing),
        subject=_subject(evidence, failing),
        first_failed_at=incident.first_failed_at,
        last_failed_at=incident.last_failed_at,
        detected_at=incident.detected_at,
        last_good_at=incident.last_good_at,
        recovered_at=incident.recovered_at,
        ended_at=incident.recovered_at or incident.closed_at or evidence.now,
    )


def _of_lines(evidence: Evidence, cause: Cause, hurt: Sequence[RunSummary]) -> Stretch:
    """Of one run: around it, from good to good. Of a stretch of time: from its first failed run to its last."""
    anchor = next((line for line in hurt if line.run_id == evidence.focus), hurt[-1])
    scenarios = tuple(
        sorted({line.scenario for line in hurt if not evidence.focus or line.scenario == anchor.scenario})
    )
    own = [line for line in evidence.lines if line.target == cause.target and line.scenario in scenarios]
    good = [line for line in own if line.outcome in GOOD_OUTCOMES]
    failing = [line for line in hurt if line.scenario in scenarios]
    if evidence.focus:
        before = [end_of(line) for line in good if line.started_at < anchor.started_at]
        after = [line.started_at for line in good if line.started_at > anchor.started_at]
        failing = [
            line
            for line in failing
            if (not before or line.started_at >= max(before)) and (not after or line.started_at <= min(after))
        ] or [anchor]
    first, last = failing[0].started_at, failing[-1].started_at
    open_after = evidence.surroundings.policy.open_after
    recovered = _recovered(good, {line.scenario for line in failing}, last)
    return Stretch(
        cause=cause,
        blame=_blame(evidence, cause, failing),
        scenarios=scenarios,
        failing=tuple(failing),
        subject=_subject(evidence, failing, evidence.focus),
        first_failed_at=first,
        last_failed_at=last,
        detected_at=end_of(failing[open_after - 1]) if len(failing) >= open_after else None,
        last_good_at=max((end_of(line) for line in good if line.started_at < first), default=None),
        recovered_at=recovered,
        ended_at=recovered or evidence.until,
    )


def _recovered(good: Sequence[RunSummary], scenarios: set[str], last: datetime) -> datetime | None:
    """When all of them had been good again, after the last failed run."""
    first = {line.scenario: end_of(line) for line in reversed(good) if line.started_at > last}
    return max(first.values()) if scenarios <= first.keys() else None


def _blame(evidence: Evidence, cause: Cause, failing: Sequence[RunSummary]) -> Blame:
    """Whom most of the failed runs blame, a tie being the newest's; by the kind alone where none is here whole."""
    own = {line.run_id for line in failing}
    blamed = [blame_of_run(each.run) for each in evidence.witnesses if each.run.run_id in own]
    known = [each for each in blamed if each is not None]
    if known:
        return max(reversed(known), key=known.count)
    return blame(Failure(kind=cause.kind, expected="", observed=""), cause.operation)


def _subject(evidence: Evidence, failing: Sequence[RunSummary], focus: str | None = None) -> Witness | None:
    """The failed run to show: the one asked for, else the newest that was answered, else the newest."""
    wanted = {focus} if focus else {line.run_id for line in failing}
    whole = [each for each in evidence.witnesses if each.run.run_id in wanted]
    answered = [each for each in whole if (sent := failed_exchange(each)) and sent[1].answer is not None]
    return next(reversed(answered or whole), None)
