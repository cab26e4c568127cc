"""The exchanges of an audit as a page shows them: by situation, in the order of arrival, and not too many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from alerts.readiness.exchange_words import answer_of, ids_in, moment_of, request_of
from probes.readiness.evidence import AuditReport, Seen
from probes.readiness.words import RuleId, RuleState, SituationName

MOST_EXCHANGES = 500
_TELLING = frozenset({RuleState.BROKEN, RuleState.ADVICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExchange:
    """An exchange in words. `breaks` are the rules that it speaks against; `amiss`: no good answer came."""

    number: int
    situation: SituationName | None
    moment: str
    request: str
    answer: str
    amiss: bool
    ids: tuple[tuple[str, str], ...]
    breaks: tuple[RuleId, ...] = ()
    in_timeline: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The exchanges of one situation; of None, those that belong to none."""

    situation: SituationName | None
    exchanges: tuple[ShownExchange, ...]


def chosen(report: AuditReport) -> dict[int, ShownExchange]:
    """Those that are shown, by their number and in its order: all that speak against a rule, then the first ones."""
    breaks = _breaks(report)
    telling = [seen for seen in report.evidence.exchanges if seen.number in breaks][:MOST_EXCHANGES]
    others = (seen for seen in report.evidence.exchanges if seen.number not in breaks)
    picked = [*telling, *islice(others, MOST_EXCHANGES - len(telling))]
    picked.sort(key=lambda seen: seen.number)
    return {seen.number: shown_exchange(seen, breaks=breaks.get(seen.number, ())) for seen in picked}


def stretches(exchanges: Iterable[ShownExchange]) -> tuple[Stretch, ...]:
    """They by situation, in the order in which those began."""
    found: dict[SituationName | None, list[ShownExchange]] = {}
    for each in exchanges:
        found.setdefault(each.situation, []).append(each)
    return tuple(Stretch(situation=name, exchanges=tuple(several)) for name, several in found.items())


def shown_exchange(seen: Seen, *, breaks: tuple[RuleId, ...] = (), in_timeline: bool = True) -> ShownExchange:
    """One of them."""
    return ShownExchange(
        number=seen.number,
        situation=seen.situation,
        moment=moment_of(seen),
        request=request_of(seen),
        answer=answer_of(seen),
        amiss=seen.status_code is None or seen.status_code >= 400,
        ids=ids_in(seen),
        breaks=breaks,
        in_timeline=in_timeline,
    )


def _breaks(report: AuditReport) -> dict[int, tuple[RuleId, ...]]:
    found: dict[int, tuple[RuleId, ...]] = {}
    for judgement in report.judgements:
        if judgement.state in _TELLING:
            for seen in judgement.exchanges:
                found[seen.number] = (*found.get(seen.number, ()), judgement.rule)
    return found
