"""How often a scenario passed, and whether that is enough: the verdict of `brekwatch run`.

An assistant is not deterministic, so its wording is never judged, but the share of good runs is. Runs that are
unknown, skipped or not played say nothing about the API: where they could tip the balance either way, nobody can tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from probes.errors import UsageError
from probes.model import Run, StepResult
from probes.words import GOOD_OUTCOMES, JUDGED_OUTCOMES, Outcome

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)")
_FAILED, _CANNOT_TELL = 1, 3


class Verdict(StrEnum):
    """Of all runs of a scenario together."""

    ENOUGH = "enough"
    TOO_FEW = "too few"
    UNCLEAR = "can't tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A step that was not always answered alike: each answer (a chat status, or what came instead) and how often."""

    step: str
    seen: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The runs of one scenario. `wanted` were asked for; `kinds` are the reasons of those that did not just pass."""

    scenario: str
    wanted: int
    outcomes: Mapping[Outcome, int]
    kinds: Mapping[str, int]
    flips: tuple[Flip, ...]

    @property
    def good(self) -> int:
        """How many passed, degraded ones too."""
        return sum(self.outcomes.get(outcome, 0) for outcome in GOOD_OUTCOMES)

    @property
    def judged(self) -> int:
        """How many say something about the API."""
        return sum(self.outcomes.get(outcome, 0) for outcome in JUDGED_OUTCOMES)

    def verdict(self, least: Fraction) -> Verdict:
        """Whether the share of good runs reaches `least`: for sure, surely not, or who knows."""
        unjudged = self.wanted - self.judged
        if self.good + unjudged < least * self.wanted:
            return Verdict.TOO_FEW
        if self.judged and self.good >= least * self.wanted:
            return Verdict.ENOUGH
        return Verdict.UNCLEAR


def share_of(text: str) -> Fraction:
    """The share in `0.8` or `80%`; raises UsageError for what is neither, or more than all."""
    found = _SHARE.fullmatch(text.strip())
    share = None if found is None else Fraction(found[1]) / (100 if found[2] else 1)
    if share is None or share > 1:
        raise UsageError(f"--min-pass {text!r} is no share: write it as 0.8 or as 80%, at most 1 or 100%")
    return share


def tallies(runs: Sequence[Run], wanted: Iterable[str]) -> tuple[Tally, ...]:
    """A tally for each scenario that was asked for, `wanted` naming it as often as it was to be played."""
    return tuple(
        _tally([run for run in runs if run.scenario == scenario], scenario, count)
        for scenario, count in Counter(wanted).items()
    )


def exit_code(found: Collection[Tally], least: Fraction, *, complete: bool = True) -> int:
    """0: enough were good, of every scenario. 1: too few of one. 3: it can't be told.

    Not `complete` means that the playing was broken off: then it is never 0.
    """
    verdicts = {tally.verdict(least) for tally in found}
    if Verdict.TOO_FEW in verdicts:
        return _FAILED
    return 0 if complete and verdicts == {Verdict.ENOUGH} else _CANNOT_TELL


def _tally(runs: Sequence[Run], scenario: str, wanted: int) -> Tally:
    return Tally(
        scenario=scenario,
        wanted=wanted,
        outcomes=Counter(run.outcome for run in runs),
        kinds=Counter(run.reason for run in runs if run.reason is not None),
        flips=tuple(_flips(runs)),
    )


def _flips(runs: Iterable[Run]) -> Iterator[Flip]:
    answers: dict[str, Counter[str]] = {}
    for run in runs:
        for step in run.steps:
            if step.outcome in JUDGED_OUTCOMES:
                answers.setdefault(step.name, Counter())[_seen(step)] += 1
    for name, seen in answers.items():
        if len(seen) > 1:
            yield Flip(step=name, seen=seen)


def _seen(step: StepResult) -> str:
    own = step.own_exchange
    if own is not None and own.answer is not None:
        return own.answer.chat_status or f"HTTP {own.answer.status_code}"
    return "nothing" if step.failure is None else step.failure.kind
