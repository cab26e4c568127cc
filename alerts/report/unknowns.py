"""What the evidence can't tell, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from alerts.pages import lasting, utc
from alerts.report.evidence import Evidence
from alerts.report.phrases import counted, listed, shown
from alerts.report.stretch import Stretch, cause_of, end_of, failed_exchange, plan_of
from probes.journal.kept import RunSummary
from probes.words import JUDGED_OUTCOMES, Outcome

_MOST_GAPS = 10
_SILENCE_SECONDS = 600.0


def unknowns_of(evidence: Evidence, stretch: Stretch) -> tuple[str, ...]:
    """Each thing that the journal doesn't know, or that this report leaves aside; empty if there is none."""
    return (
        *_gaps(evidence, stretch),
        *_unjudged(evidence),
        *_without_ids(evidence, stretch),
        *_bodies(stretch),
        *_journal(evidence, stretch),
        *_other_causes(evidence, stretch),
        *_since_then(evidence, stretch),
        *_configuration(evidence, stretch),
    )


def _gaps(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    scenarios = stretch.scenarios or tuple(sorted({line.scenario for line in evidence.lines}))
    own = _judged(evidence, stretch)
    for scenario in scenarios:
        every = plan_of(evidence, scenario).every_seconds
        if every is None:
            continue
        judged = [line for line in own if line.scenario == scenario]
        gaps = list(_gaps_between(judged, timedelta(seconds=2 * every), evidence.until))
        for start, end in gaps[:_MOST_GAPS]:
            seconds = (end - start).total_seconds()
            yield f"{scenario}: no judged run for {lasting(seconds)}, from {utc(start)} to {utc(end)}."
        if len(gaps) > _MOST_GAPS:
            yield f"{scenario}: {counted(len(gaps) - _MOST_GAPS, 'more such gap')}."


def _judged(evidence: Evidence, stretch: Stretch) -> list[RunSummary]:
    """Those against the target that this is about."""
    target = stretch.cause.target if stretch.cause else evidence.target
    judged = (line for line in evidence.lines if line.outcome in JUDGED_OUTCOMES)
    return [line for line in judged if target in {None, line.target}]


def _gaps_between(
    judged: Sequence[RunSummary], longest: timedelta, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches without a judged run that are longer than this, the one up to the end too."""
    edges = [(end_of(before), after.started_at) for before, after in pairwise(judged)]
    if judged:
        edges.append((end_of(judged[-1]), until))
    return ((start, end) for start, end in edges if end - start > longest)


def _unjudged(evidence: Evidence) -> Iterator[str]:
    for outcome, said in ((Outcome.UNKNOWN, "not judged"), (Outcome.SKIPPED, "not played")):
        reasons = Counter(line.reason or "no reason kept" for line in evidence.lines if line.outcome is outcome)
        if reasons:
            told = listed(tuple(f"{reason} ({count})" for reason, count in sorted(reasons.items())))
            yield f"{counted(reasons.total(), 'run')} {said}, and counted neither as good nor as bad: {told}."
    under_way = sum(line.outcome is None for line in evidence.lines)
    if under_way:
        yield f"{counted(under_way, 'run')} without a verdict yet: under way, or cut off."


def _without_ids(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    failing = {line.run_id for line in stretch.failing}
    found = [failed_exchange(each) for each in evidence.witnesses if each.run.run_id in failing]
    sent = [each[1] for each in found if each is not None]
    silent = sum(each.answer is None for each in sent)
    bare = sum(each.answer is not None and not (each.answer.request_id or each.answer.trace_id) for each in sent)
    if silent:
        yield f"{counted(silent, 'failed exchange')} without an answer: there is no id of the API for them."
    if bare:
        yield f"{counted(bare, 'answer')} without a request id and a trace id: support can't find them by an id."
    if nothing := len(found) - len(sent):
        yield f"{counted(nothing, 'failed run')} whose step had sent nothing."


def _bodies(stretch: Stretch) -> Iterator[str]:
    found = failed_exchange(stretch.subject) if stretch.subject else None
    if found is not None and stretch.subject is not None and not stretch.subject.is_whole(found[1]):
        yield "The failing answer's body was longer than the journal keeps, or was let go of to save room."
    lost = len(stretch.subject.unanswered) if stretch.subject else 0
    if lost:
        yield f"{counted(lost, 'request')} of the run that is shown: sent, perhaps, and nothing is known of an answer."


def _journal(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    known = evidence.surroundings
    if known.lost:
        yield f"{counted(known.lost, 'result')} could not be kept by the journal, and are in no number here."
    if known.oldest_run_at is None or known.oldest_run_at > evidence.since:
        reach = "holds no run" if known.oldest_run_at is None else f"begins at {utc(known.oldest_run_at)}"
        yield f"The journal {reach}: what was before is not known, by retention or because nothing was measured."
    incident = evidence.incident
    if incident is not None and incident.failed_runs != len(stretch.failing):
        yield (
            f"The incident counts {counted(incident.failed_runs, 'failed run')}, and {len(stretch.failing)} of them "
            "are here: the rest was let go of, or failed in another way."
        )
    if stretch.cause is not None and stretch.last_good_at is None:
        yield "No good run before the first failed one is known: it may have been broken for longer."
    if evidence.elsewhere:
        yield f"{counted(evidence.elsewhere, 'run')} from other locations than this one: in no number here."
    yield from evidence.left_out


def _other_causes(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    """Failed runs that this report is not about."""
    own = {line.run_id for line in stretch.failing}
    causes = {each.run.run_id: cause_of(each) for each in evidence.witnesses}
    others: Counter[str] = Counter()
    for line in evidence.lines:
        if line.outcome is Outcome.FAILED and line.run_id not in own:
            cause = causes.get(line.run_id)
            operation = f" at {cause.operation}" if cause and cause.operation else ""
            others[f"{line.scenario} on {line.target}: {shown(line.failure_kind or 'failed', 40)}{operation}"] += 1
    if others:
        told = "; ".join(f"{what} ({count})" for what, count in others.most_common(5))
        yield f"{counted(others.total(), 'run')} failed of something else, or at another time: {told}."


def _since_then(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    """Where nobody has looked again since it failed, and how often it runs isn't known."""
    own = [end_of(line) for line in _judged(evidence, stretch)]
    planned = all(plan_of(evidence, each).every_seconds for each in stretch.scenarios)
    if stretch.cause is None or stretch.recovered_at is not None or planned or not own:
        return
    silent = (evidence.until - max(own)).total_seconds()
    if silent > _SILENCE_SECONDS:
        yield f"No run was judged for the last {lasting(silent)}: whether it still fails is not known."


def _configuration(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    if evidence.surroundings.environment is None:
        yield "Whether the target is a sandbox or production: no configuration was at hand."
    without = tuple(each for each in stretch.scenarios if plan_of(evidence, each).every_seconds is None)
    if without:
        yield f"How often {listed(without)} should have run, so gaps and the error budget can't be told."
