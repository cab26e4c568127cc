"""How sure it is that what is blamed is at fault: a word, and each reason for and against it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.report.evidence import Evidence
from alerts.report.facts import Certainty
from alerts.report.phrases import counted, listed
from alerts.report.stretch import Stretch, failed_exchange
from probes.journal.kept import RunSummary
from probes.words import GOOD_OUTCOMES, Blame, FaultKind, Outcome

SURE, LIKELY, UNCLEAR = "sure", "likely", "unclear"


def certainty_of(evidence: Evidence, stretch: Stretch) -> Certainty:
    """`sure`: repeated, answered by the API with its ids, and our own side is seen to be well. One less: `likely`."""
    if stretch.cause is None:
        return Certainty(word=UNCLEAR, reasons=("No run of this stretch failed.",))
    enough = len(stretch.failing) >= evidence.surroundings.policy.open_after
    answered, well = _answered(evidence, stretch), tuple(_own_side_well(evidence, stretch))
    doubts = tuple(_doubts(evidence, stretch))
    reasons = (_repeated(evidence, stretch), _answers(stretch, answered), *(well or (_NO_SIGN,)), *doubts)
    if stretch.blame is Blame.MONITOR:
        return Certainty(word=UNCLEAR, reasons=("The monitor itself may be at fault.", *reasons))
    points = enough + (answered > 0) + bool(well) - bool(doubts)
    word = SURE if points == 3 else LIKELY if points == 2 else UNCLEAR
    return Certainty(word=word, reasons=reasons)


_NO_SIGN = "Nothing independent shows that our own side was well at the time."


def _repeated(evidence: Evidence, stretch: Stretch) -> str:
    count, open_after = len(stretch.failing), evidence.surroundings.policy.open_after
    rule = f"{open_after} make an incident"
    return f"{counted(count, 'run')} failed the same way at the same operation ({rule})."


def _answered(evidence: Evidence, stretch: Stretch) -> int:
    """How many of the failed runs here were answered by the API, under an id of its own."""
    failing = {line.run_id for line in stretch.failing}
    found = (failed_exchange(each) for each in evidence.witnesses if each.run.run_id in failing)
    answers = [sent[1].answer for sent in found if sent is not None]
    return sum(answer is not None and bool(answer.request_id or answer.trace_id) for answer in answers)


def _answers(stretch: Stretch, answered: int) -> str:
    if answered == 0:
        return "No failed run was answered under an id of the API: it can't be told apart from a fault on the way."
    return f"The API itself answered {answered} of {len(stretch.failing)} with its own request ids."


def _own_side_well(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    """Good signs of our own side, while it failed: other scenarios or targets were good, or the same run got far."""
    if stretch.first_failed_at is None or stretch.last_failed_at is None:
        return
    during = [line for line in evidence.lines if stretch.first_failed_at <= line.started_at <= stretch.last_failed_at]
    others = tuple(sorted({_name(line) for line in during if line.outcome in GOOD_OUTCOMES} - _failing(stretch)))
    if others:
        yield f"Good from here at the same time: {listed(others[:5])}."
    run = stretch.subject.run if stretch.subject else None
    passed = [step.name for step in run.steps if step.outcome in GOOD_OUTCOMES and step.exchanges] if run else []
    if passed:
        yield f"The failed run itself got through {counted(len(passed), 'step')} before: network, TLS and key worked."


def _name(line: RunSummary) -> str:
    return f"{line.scenario} on {line.target}"


def _failing(stretch: Stretch) -> set[str]:
    return {_name(line) for line in stretch.failing}


def _doubts(evidence: Evidence, stretch: Stretch) -> Iterator[str]:
    """Signs that our own side was not well."""
    first, last = stretch.first_failed_at, stretch.last_failed_at
    if first is None or last is None:
        return
    during = [line for line in evidence.lines if first <= line.started_at <= last and line.outcome is Outcome.UNKNOWN]
    own = [line for line in during if line.reason != FaultKind.CANCELLED]
    if own:
        reasons = tuple(sorted({line.reason or "unknown" for line in own}))
        yield f"The monitor had faults of its own meanwhile: {counted(len(own), 'unknown run')} ({listed(reasons)})."
