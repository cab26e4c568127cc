"""What is remembered of one probe for the page at `/`. Frozen: what a run changes is another sight."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.blame import blame_of_run
from exporter.recorder.strips import Strip, cell_of
from probes.model import Run
from probes.redaction import bounded
from probes.verdict import deciding_exchange
from probes.words import GOOD_OUTCOMES, JUDGED_OUTCOMES, Blame, FailureKind, Outcome

_TEXT_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failed run in words; `expected` and `observed` may be a server's, and are bounded."""

    run_id: str
    step: str
    kind: FailureKind
    expected: str
    observed: str
    blame: Blame | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastJudged:
    """The last run that said something about the API.

    `seen_at` is when it ended on the monotonic clock; None if that can't be told, and so neither how old it is.
    """

    outcome: Outcome
    reason: str | None
    ended_at: datetime
    seen_at: float | None
    since: datetime | None
    run_id: str | None
    failed: Failed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """So many of the last planned runs were skipped, or could not be judged, for this reason."""

    outcome: Outcome
    reason: str | None
    count: int
    at: datetime
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One probe. `begun_at` is since when it is played, as far as is known."""

    begun_at: datetime
    judged: LastJudged | None = None
    untold: Untold | None = None
    last_failed_at: datetime | None = None
    strip: Strip = field(default_factory=Strip)


def failed_of(run: Run) -> Failed | None:
    """Why it failed; None if it did not."""
    step = run.failed_step
    if run.outcome is not Outcome.FAILED or step is None or step.failure is None:
        return None
    exchange = deciding_exchange(run)
    answer = None if exchange is None else exchange.answer
    return Failed(
        run_id=run.run_id,
        step=step.name,
        kind=step.failure.kind,
        expected=bounded(step.failure.expected, _TEXT_CHARACTERS),
        observed=bounded(step.failure.observed, _TEXT_CHARACTERS),
        blame=blame_of_run(run),
        request_id=None if answer is None else answer.request_id,
    )


def after_run(sight: Sight, run: Run, *, ended_at: datetime, seen_at: float, counted: bool) -> Sight:
    """What is known once this run has ended, too; `counted` says whether it is for the objective."""
    strip = sight.strip.plus(cell_of(run.started_at.timestamp()), run.outcome, counted=counted)
    if run.outcome not in JUDGED_OUTCOMES:
        untold = _once_more(sight.untold, run.outcome, run.reason, at=ended_at, run_id=run.run_id)
        return replace(sight, strip=strip, untold=untold)
    judged = LastJudged(
        outcome=run.outcome,
        reason=run.reason,
        ended_at=ended_at,
        seen_at=seen_at,
        since=_since(sight.judged, run),
        run_id=run.run_id,
        failed=failed_of(run),
    )
    last_failed_at = run.started_at if run.outcome is Outcome.FAILED else sight.last_failed_at
    return replace(sight, strip=strip, judged=judged, untold=None, last_failed_at=last_failed_at)


def after_skip(sight: Sight, reason: str | None, *, at: datetime) -> Sight:
    """What is known once a planned start came to no run at all."""
    return replace(sight, untold=_once_more(sight.untold, Outcome.SKIPPED, reason, at=at, run_id=None))


def _since(before: LastJudged | None, run: Run) -> datetime | None:
    """Since when it is good, or bad."""
    if before is None or (before.outcome in GOOD_OUTCOMES) != (run.outcome in GOOD_OUTCOMES):
        return run.started_at
    return before.since


def _once_more(
    before: Untold | None, outcome: Outcome, reason: str | None, *, at: datetime, run_id: str | None
) -> Untold:
    again = before is not None and (before.outcome, before.reason) == (outcome, reason)
    count = before.count + 1 if again and before is not None else 1
    return Untold(outcome=outcome, reason=reason, count=count, at=at, run_id=run_id)
