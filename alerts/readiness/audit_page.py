"""The answer of `audit` as one HTML file, for those who make the integration and for Brek."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.readiness.cleaning import cleaned
from alerts.readiness.paper import paper, template
from alerts.readiness.sorting import in_state
from alerts.readiness.timeline import MOST_EXCHANGES, ShownExchange, Stretch, chosen, shown_exchange, stretches
from alerts.readiness.wording import AUDIT_KINDS, RULE_STATES, STATEMENTS, VERDICTS, Standing, because
from probes.readiness.evidence import Attestation, AuditReport, Evidence, Judgement, RuleChange, SituationRun
from probes.readiness.words import RuleId, RuleState, SituationName, Statement

MOST_OF_A_RULE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRule:
    """A rule with the first of the exchanges that show it."""

    judgement: Judgement
    standing: Standing
    exchanges: tuple[ShownExchange, ...]
    more_exchanges: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStatement:
    """What only a person can say, and who says it; None: nobody does."""

    statement: Statement
    sentence: str
    attestation: Attestation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSituation:
    """How it went in one situation."""

    run: SituationRun
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """A rule that stands otherwise than before."""

    rule: RuleId
    was: str
    now: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """All that the page shows of a report, in its order."""

    standing: Standing
    because: str
    kind: str
    build: str | None
    broken: tuple[ShownRule, ...]
    advice: tuple[ShownRule, ...]
    not_exercised: tuple[ShownRule, ...]
    kept: tuple[ShownRule, ...]
    attested: tuple[ShownRule, ...]
    statements: tuple[ShownStatement, ...]
    changes: tuple[ShownChange, ...] | None
    compared_with: str | None
    situations: tuple[ShownSituation, ...]
    stretches: tuple[Stretch, ...]
    exchanges: int
    exchanges_left_out: int
    notes: tuple[str, ...]
    started_at: datetime
    duration_seconds: float
    evidence_sha256: str
    suite_version: str
    monitor_version: str


def audit_page(report: AuditReport, scrub: Callable[[str], str]) -> str:
    """The whole document: it stands alone, runs nothing and asks for nothing."""
    return template("audit.html").render(view=cleaned(view_of(report), scrub), paper=paper())


def view_of(report: AuditReport) -> AuditView:
    """What of it is shown; texts are still as they came."""
    evidence, shown = report.evidence, chosen(report)

    def those(state: RuleState) -> tuple[ShownRule, ...]:
        return tuple(_rule(each, shown) for each in in_state(report.judgements, state))

    kept = those(RuleState.KEPT)
    return AuditView(
        standing=VERDICTS[report.verdict],
        because=because(report.verdict, report.sentence),
        kind=AUDIT_KINDS[report.kind],
        build=report.build,
        broken=those(RuleState.BROKEN),
        advice=those(RuleState.ADVICE),
        not_exercised=those(RuleState.NOT_EXERCISED),
        kept=tuple(each for each in kept if each.judgement.attestation is None),
        attested=tuple(each for each in kept if each.judgement.attestation is not None),
        statements=_statements(evidence.attestations),
        changes=None if report.changes is None else tuple(map(_change, report.changes)),
        compared_with=report.compared_with,
        situations=_situations(evidence),
        stretches=stretches(shown.values()),
        exchanges=len(evidence.exchanges),
        exchanges_left_out=max(0, len(evidence.exchanges) - MOST_EXCHANGES),
        notes=report.notes,
        started_at=report.started_at,
        duration_seconds=report.duration_seconds,
        evidence_sha256=report.evidence_sha256,
        suite_version=report.suite_version,
        monitor_version=report.monitor_version,
    )


def _rule(judgement: Judgement, in_timeline: Mapping[int, ShownExchange]) -> ShownRule:
    first = judgement.exchanges[:MOST_OF_A_RULE]
    return ShownRule(
        judgement=judgement,
        standing=RULE_STATES[judgement.state],
        exchanges=tuple(in_timeline.get(seen.number) or shown_exchange(seen, in_timeline=False) for seen in first),
        more_exchanges=len(judgement.exchanges) - len(first),
    )


def _statements(attestations: Iterable[Attestation]) -> tuple[ShownStatement, ...]:
    said = {each.about: each for each in attestations}
    return tuple(
        ShownStatement(statement=each, sentence=STATEMENTS[each], attestation=said.get(each)) for each in Statement
    )


def _situations(evidence: Evidence) -> tuple[ShownSituation, ...]:
    counts: dict[SituationName | None, int] = {}
    for seen in evidence.exchanges:
        counts[seen.situation] = counts.get(seen.situation, 0) + 1
    return tuple(ShownSituation(run=run, requests=counts.get(run.situation, 0)) for run in evidence.situations)


def _change(change: RuleChange) -> ShownChange:
    return ShownChange(rule=change.rule, was=change.was.replace("_", " "), now=RULE_STATES[change.now])
