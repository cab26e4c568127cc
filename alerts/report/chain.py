"""The conversation step by step: the chat statuses that were wanted, seen, and seen when it was last good. Pure."""

from __future__ import annotations

from alerts.report.evidence import Evidence, Witness
from alerts.report.facts import ChainLink
from alerts.report.phrases import shown
from alerts.report.stretch import Stretch
from probes.model import StepResult
from probes.words import GOOD_OUTCOMES

_STATUS_CHARACTERS = 64
MOST_LINKS = 60


def good_twin(evidence: Evidence, stretch: Stretch) -> Witness | None:
    """The good run to hold beside the failed one: the last before it, else the first after it."""
    subject = stretch.subject
    if subject is None:
        return None
    same = [
        each
        for each in evidence.witnesses
        if (each.run.target, each.run.scenario) == (subject.run.target, subject.run.scenario)
        and each.run.outcome in GOOD_OUTCOMES
        and each is not subject
    ]
    before = [each for each in same if each.run.started_at < subject.run.started_at]
    return before[-1] if before else next(iter(same), None)


def chain_of(evidence: Evidence, stretch: Stretch, twin: Witness | None) -> tuple[ChainLink, ...]:
    """A link for each step of the run that is shown; none where no run is."""
    if stretch.subject is None:
        return ()
    run = stretch.subject.run
    documented = evidence.surroundings.plan(run.scenario).chat_statuses
    good = {step.name: _status(step) for step in twin.run.steps} if twin else {}
    return tuple(
        ChainLink(
            step=shown(step.name),
            documented=documented.get(step.name, ()),
            seen=_status(step),
            last_good=good.get(step.name),
            outcome=step.outcome,
        )
        for step in run.steps[:MOST_LINKS]
    )


def _status(step: StepResult) -> str | None:
    exchange = step.own_exchange
    if exchange is None or exchange.answer is None or exchange.answer.chat_status is None:
        return None
    return shown(exchange.answer.chat_status, _STATUS_CHARACTERS)
