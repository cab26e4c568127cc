"""What a rule is: an id, the guide's own sentence, the situations that exercise it, and how it judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.words import RuleId, RuleState, SituationName


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `judge` is pure. `attested`: where nothing shows it, a person may stand for it."""

    rule: RuleId
    source: str
    judge: Callable[[Evidence], Ruling]
    exercised_by: tuple[SituationName, ...] = ()
    attested: bool = False


def kept(detail: str) -> Ruling:
    """It came up, and was kept."""
    return Ruling(state=RuleState.KEPT, detail=detail)


def broken(detail: str, exchanges: Iterable[Seen] = ()) -> Ruling:
    """It was broken, by these very exchanges."""
    return Ruling(state=RuleState.BROKEN, detail=detail, exchanges=tuple(each.number for each in exchanges))


def advice(detail: str, exchanges: Iterable[Seen] = ()) -> Ruling:
    """Only a recommendation is not followed."""
    return Ruling(state=RuleState.ADVICE, detail=detail, exchanges=tuple(each.number for each in exchanges))


def not_exercised(detail: str) -> Ruling:
    """Nothing came up that could have shown it."""
    return Ruling(state=RuleState.NOT_EXERCISED, detail=detail)
