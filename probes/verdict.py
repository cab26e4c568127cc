"""From steps to a verdict: what was late, what a retry hid, and how a run ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from probes.errors import LedgerUnavailableError, LocalResourceError, StalledError
from probes.expectations import failure_kind_of_status
from probes.model import Exchange, Failure, Finding, Run, StepResult, Transition
from probes.redaction import bounded
from probes.scenario import Expect
from probes.words import BookingState, Envelope, FailureKind, FaultKind, FindingKind, Operation, Outcome

Verdict = tuple[Outcome, str | None, str | None]
"""An outcome, its reason (a word of a closed set) and the same for people."""


def succeeded(exchange: Exchange) -> bool:
    """Whether an answer came, and is a success by status code and envelope."""
    return exchange.answer is not None and exchange.answer.envelope is Envelope.SUCCESS and exchange.status_code == 200


def late(expect: Expect, elapsed_seconds: float) -> Failure | None:
    """A step over its `within`: it degrades the run, it does not fail it."""
    if expect.within_seconds is None or elapsed_seconds <= expect.within_seconds:
        return None
    return Failure(
        kind=FailureKind.LATENCY,
        expected=f"within {expect.within_seconds:g} s",
        observed=f"{elapsed_seconds:.2f} s",
    )


def verdict(steps: Sequence[StepResult], stopped: Verdict | None) -> Verdict:
    """How a run ended: what the API did counts first, then what stopped us, then what a retry hid."""
    failed = _first(steps, Outcome.FAILED)
    if failed is not None and failed.failure is not None:
        failure = failed.failure
        return Outcome.FAILED, failure.kind, f"{failed.name}: expected {failure.expected}, saw {failure.observed}"
    if stopped is not None:
        return stopped
    degraded = _first(steps, Outcome.DEGRADED)
    if degraded is not None:
        return Outcome.DEGRADED, *_why_degraded(degraded)
    return Outcome.PASSED, None, _gaps(steps)


def _first(steps: Sequence[StepResult], outcome: Outcome) -> StepResult | None:
    return next((step for step in steps if step.outcome is outcome), None)


def _gaps(steps: Sequence[StepResult]) -> str | None:
    """What a good run left out, so that nobody takes it for tried."""
    names: dict[str, list[str]] = {}
    for step in steps:
        if step.gap is not None:
            names.setdefault(step.gap, []).append(step.name)
    told = (f"not tried: {', '.join(steps)} ({gap})" for gap, steps in names.items())
    return "; ".join(told) or None


def _why_degraded(step: StepResult) -> tuple[str, str]:
    if step.failure is not None:
        return step.failure.kind, f"{step.name}: expected {step.failure.expected}, took {step.failure.observed}"
    hidden = step.exchanges[0]
    kind = failure_kind_of_status(hidden.status_code or 0, hidden.operation, own_key=hidden.own_key)
    return kind, f"{step.name}: {len(step.own_exchanges)} attempts, the first answered HTTP {hidden.status_code}"


def deciding_exchange(run: Run) -> Exchange | None:
    """The attempt whose ids prove a verdict: what a retry hid or what was late, else the last, which failed or not."""
    degraded = _first(run.steps, Outcome.DEGRADED) if run.outcome is Outcome.DEGRADED else None
    if degraded is not None:
        return next(iter(degraded.exchanges), None)
    return next((each.own_exchange for each in reversed(run.steps) if each.exchanges), None)


def undocumented(changes: Sequence[Transition]) -> tuple[Finding, ...]:
    """A finding for each transition that the guide doesn't draw."""
    return tuple(
        Finding(
            kind=FindingKind.UNDOCUMENTED_TRANSITION,
            detail=f"{bounded(change.from_status, 80)} to {bounded(change.to_status, 80)}",
            operation=Operation.SEND_EVENT,
        )
        for change in changes
        if not change.documented
    )


_FAULTS: tuple[tuple[type[Exception], FaultKind], ...] = (
    (LedgerUnavailableError, FaultKind.JOURNAL),
    (LocalResourceError, FaultKind.POOL),
    (StalledError, FaultKind.STALL),
)


def fault_of(error: Exception) -> FaultKind:
    """Which of our own faults an exception in a step is."""
    return next((kind for known, kind in _FAULTS if isinstance(error, known)), FaultKind.BUG)


_CANCEL_FINDINGS = {
    BookingState.LEFT: (FindingKind.CANCEL_REFUSED, "the booking that this run made stands"),
    BookingState.UNCLEAR: (
        FindingKind.CANCEL_UNCLEAR,
        "whether the booking was cancelled can't be told from the answer",
    ),
}


def with_cancel_finding(result: StepResult, state: BookingState) -> StepResult:
    """A cleanup step that did not surely cancel, with what that means."""
    if state not in _CANCEL_FINDINGS or not result.exchanges:
        return result
    kind, detail = _CANCEL_FINDINGS[state]
    found = Finding(kind=kind, detail=detail, operation=Operation.SEND_EVENT)
    return replace(result, findings=(*result.findings, found))
