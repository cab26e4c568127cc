"""What happened when: runs as marks, chat statuses that changed, 429s, headroom. Pure, and bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from alerts.report.evidence import Evidence, Witness
from alerts.report.facts import Headroom, RateLimited, RunMark, Timeline, TransitionCount
from alerts.report.phrases import shown
from alerts.report.stretch import Stretch, end_of, plan_of
from probes.journal.kept import RunSummary
from probes.model import Exchange
from probes.words import GOOD_OUTCOMES, Outcome

T = TypeVar("T")

MOST_MARKS = 600
MOST_TRANSITIONS = 40
MOST_RATE_LIMITED = 100
MOST_HEADROOM = 300
_STATUS_CHARACTERS = 64


def timeline_of(evidence: Evidence, stretch: Stretch) -> tuple[Timeline, tuple[str, ...]]:
    """The timeline, and in sentences what was left out of it."""
    runs = [line for line in evidence.lines if line.outcome is not None and _is_own(line, evidence, stretch)]
    own = {line.run_id for line in runs}
    witnesses = [each for each in evidence.witnesses if each.run.run_id in own]
    transitions, limited = _transitions(witnesses), list(_rate_limited(witnesses))
    headroom = list(_headroom(witnesses))
    marks = _thinned(runs, MOST_MARKS)
    timeline = Timeline(
        since=_left_edge(evidence, runs),
        until=evidence.until,
        runs=tuple(_mark(evidence, line) for line in marks),
        transitions=tuple(transitions[:MOST_TRANSITIONS]),
        rate_limited=tuple(limited[-MOST_RATE_LIMITED:]),
        headroom=tuple(_evenly(headroom, MOST_HEADROOM)),
    )
    cuts = (
        ("runs on the timeline", len(marks), len(runs)),
        ("changes of the chat status", len(timeline.transitions), len(transitions)),
        ("429 answers, the newest", len(timeline.rate_limited), len(limited)),
        ("readings of the quota", len(timeline.headroom), len(headroom)),
    )
    return timeline, tuple(f"{what}: {kept} of {of} are shown" for what, kept, of in cuts if kept < of)


def _left_edge(evidence: Evidence, runs: Sequence[RunSummary]) -> datetime:
    """A tenth of emptiness at most: nobody sees when something broke in a picture of the time before any run."""
    if not runs:
        return evidence.since
    first = runs[0].started_at
    return max(evidence.since, first - (evidence.until - first) / 10)


def _is_own(line: RunSummary, evidence: Evidence, stretch: Stretch) -> bool:
    """Whether a run is of the target and scenarios that the report is about; of all, where nothing failed."""
    if stretch.cause is None:
        return evidence.target is None or line.target == evidence.target
    return line.target == stretch.cause.target and line.scenario in stretch.scenarios


def _mark(evidence: Evidence, line: RunSummary) -> RunMark:
    return RunMark(
        run_id=line.run_id,
        target=line.target,
        scenario=line.scenario,
        outcome=line.outcome or Outcome.UNKNOWN,
        reason=line.failure_kind or line.reason,
        failed_step=None if line.failed_step is None else shown(line.failed_step),
        started_at=line.started_at,
        ended_at=end_of(line),
        recheck=line.recheck,
        latency_seconds=line.duration_seconds if line.outcome in GOOD_OUTCOMES else None,
        budget_seconds=plan_of(evidence, line.scenario).latency_seconds,
    )


def _thinned(runs: Sequence[RunSummary], most: int) -> Sequence[RunSummary]:
    """At most so many, in order: a half of them for those that were not good, first and last ones first."""
    if len(runs) <= most:
        return runs
    bad = [line for line in runs if line.outcome not in GOOD_OUTCOMES]
    if len(bad) > most // 2:
        bad = [*bad[: most // 4], *bad[-most // 4 :]]
    kept = {line.run_id for line in bad}
    good = [line for line in runs if line.outcome in GOOD_OUTCOMES]
    kept |= {line.run_id for line in _evenly(good, most - len(bad))}
    return [line for line in runs if line.run_id in kept]


def _evenly(items: Sequence[T], most: int) -> Sequence[T]:
    """At most so many of them, all along."""
    if len(items) <= most:
        return items
    return [items[number * len(items) // most] for number in range(most)]


def _transitions(witnesses: Sequence[Witness]) -> list[TransitionCount]:
    """Most frequent first; those that the guide doesn't draw before all others."""
    found: dict[tuple[str, str, bool], TransitionCount] = {}
    for run in (each.run for each in witnesses):
        for change in run.transitions:
            from_status, to_status = (
                shown(text, _STATUS_CHARACTERS) for text in (change.from_status, change.to_status)
            )
            key = (from_status, to_status, change.documented)
            before = found.get(key)
            found[key] = TransitionCount(
                from_status=from_status,
                to_status=to_status,
                documented=change.documented,
                count=before.count + 1 if before else 1,
                first_at=before.first_at if before else run.started_at,
                last_at=run.started_at,
            )
    return sorted(found.values(), key=lambda each: (each.documented, -each.count))


def _sent(witnesses: Sequence[Witness]) -> Iterator[tuple[Witness, Exchange]]:
    for witness in witnesses:
        for step in (*witness.run.steps, *witness.run.cleanup):
            for exchange in step.exchanges:
                yield witness, exchange


def _rate_limited(witnesses: Sequence[Witness]) -> Iterator[RateLimited]:
    for witness, exchange in _sent(witnesses):
        answer = exchange.answer
        if answer is not None and answer.status_code == 429 and not exchange.expected:
            yield RateLimited(
                at=exchange.started_at,
                run_id=witness.run.run_id,
                operation=exchange.operation,
                request_id=None if answer.request_id is None else shown(answer.request_id),
                retry_after_seconds=answer.retry_after_seconds,
            )


def _headroom(witnesses: Sequence[Witness]) -> Iterator[Headroom]:
    """The lowest reading of each run."""
    for witness in witnesses:
        readings = [found for _, exchange in _sent([witness]) if (found := _reading(exchange)) is not None]
        if readings:
            yield min(readings, key=lambda each: each.ratio)


def _reading(exchange: Exchange) -> Headroom | None:
    answer = exchange.answer
    if answer is None or not exchange.tells_own_quota or not answer.ratelimit_limit or answer.ratelimit_limit < 0:
        return None
    if answer.ratelimit_remaining is None:
        return None
    return Headroom(at=exchange.started_at, limit=answer.ratelimit_limit, remaining=answer.ratelimit_remaining)
