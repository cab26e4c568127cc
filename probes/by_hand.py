"""A card that a person adds, where no portal is configured to be asked: the setup URL is theirs to open or not."""

from __future__ import annotations

from typing import Protocol

from probes.model import Failure, StepResult
from probes.origin import Origin
from probes.scenario import AttachCard, Step
from probes.words import FailureKind, Outcome

_EXPECTED = "a setup URL that a person can open"


class CardsByHand(Protocol):
    """Who adds cards."""

    async def added(self, scenario: str, setup_url: str) -> str | None:
        """Comes when a person says that the card is there: None. Else a sentence: why nobody will."""


def is_wanted(step: Step, *, portal: bool) -> bool:
    """Whether this step attaches a card that no portal can be asked for."""
    return isinstance(step.action, AttachCard) and not portal


async def attach(step: Step, scenario: str, setup_url: str | None, cards: CardsByHand) -> tuple[StepResult, str | None]:
    """How the step went, and why the run can't go on if nobody added the card."""
    problem = _problem(setup_url)
    if setup_url is None or problem is not None:
        failure = Failure(kind=FailureKind.PORTAL, expected=_EXPECTED, observed=problem or "no setup URL")
        return StepResult(name=step.name, outcome=Outcome.FAILED, failure=failure), None
    in_vain = await cards.added(scenario, setup_url)
    outcome = Outcome.PASSED if in_vain is None else Outcome.SKIPPED
    return StepResult(name=step.name, outcome=outcome), in_vain


def _problem(setup_url: str | None) -> str | None:
    """What is wrong with it; the text never holds it, for whoever has it can give the guest a card."""
    if setup_url is None:
        return "no earlier answer gave a setup URL"
    try:
        Origin.of(setup_url)
    except ValueError as problem:
        return f"setupUrl is no plain URL: {problem}"
    return None
