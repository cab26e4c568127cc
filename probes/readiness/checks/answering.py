"""How a check answers, and what a scenario made for one question says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.model import Run
from probes.readiness.checks.seeing import Fall, Scene, first, proofs
from probes.readiness.model import Proof
from probes.readiness.words import CheckState
from probes.words import GOOD_OUTCOMES, TRANSPORT_KINDS, FailureKind

ELSEWHERE = TRANSPORT_KINDS | {
    FailureKind.BODY_TOO_LARGE,
    FailureKind.REDIRECT,
    FailureKind.AUTH_MISSING,
    FailureKind.AUTH_REJECTED,
    FailureKind.RATE_LIMITED,
    FailureKind.SERVER_ERROR,
    FailureKind.NOT_JSON,
    FailureKind.ENVELOPE,
    FailureKind.PORTAL,
    FailureKind.LATENCY,
}
"""Failures that say nothing of a scenario's own question: other checks tell them, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A check's answer, without what stands in the registry."""

    state: CheckState
    expected: str
    seen: str
    what_to_do: str = ""
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What some steps of a scenario ask. `answers` says which failures at them are an answer; `kept` what a pass is."""

    scenario: str
    steps: frozenset[str]
    expected: str
    kept: str
    what_to_do: str
    answers: Callable[[Fall], bool] = lambda fall: fall.failure.kind not in ELSEWHERE


def passed(expected: str, seen: str, what_to_do: str = "") -> Answered:
    """It is as it should be."""
    return Answered(state=CheckState.PASSED, expected=expected, seen=seen, what_to_do=what_to_do)


def failed(expected: str, seen: str, what_to_do: str, proven: tuple[Proof, ...] = ()) -> Answered:
    """It is not, and these requests show it."""
    return Answered(state=CheckState.FAILED, expected=expected, seen=seen, what_to_do=what_to_do, proofs=proven)


def unsure(expected: str, seen: str, what_to_do: str, proven: tuple[Proof, ...] = ()) -> Answered:
    """The monitor could not tell."""
    return Answered(state=CheckState.CANNOT_TELL, expected=expected, seen=seen, what_to_do=what_to_do, proofs=proven)


def unexercised(expected: str, seen: str, what_to_do: str = "") -> Answered:
    """Nothing came up that could have shown it."""
    return Answered(state=CheckState.NOT_EXERCISED, expected=expected, seen=seen, what_to_do=what_to_do)


def answer_to(scene: Scene, question: Question) -> Answered:
    """What the runs of its scenario say: enough good ones, or not, or nothing of it."""
    asked = [run for run in scene.judged if run.scenario == question.scenario]
    good = [run for run in asked if _came_through(run, question)]
    against = [
        fall
        for fall in scene.falls()
        if fall.run.scenario == question.scenario and fall.step.name in question.steps and question.answers(fall)
    ]
    if against and len(good) < scene.options.least * (len(good) + len(against)):
        seen = first(fall.told for fall in against)
        return failed(question.expected, seen, question.what_to_do, proofs(against))
    if good:
        return passed(question.expected, question.kept)
    return _untold(scene, question)


def _came_through(run: Run, question: Question) -> bool:
    """Whether all of its steps were played, but for those that need what is not configured."""
    steps = [step for step in run.steps if step.name in question.steps and step.gap is None]
    return bool(steps) and all(step.outcome in GOOD_OUTCOMES for step in steps)


def _untold(scene: Scene, question: Question) -> Answered:
    name = question.scenario
    why = scene.why_left_out(name)
    if why is not None or not scene.planned(name):
        return unexercised(question.expected, f"{name} was not played: {why or 'there is no such scenario'}")
    if not any(run.scenario == name for run in scene.judged):
        return unexercised(question.expected, f"{name} could not be judged", f"See scenario:{name}.")
    return unexercised(question.expected, f"{name} did not come so far", f"See scenario:{name}.")
