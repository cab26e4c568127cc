"""From evidence to a verdict: every rule asked once, what a person stands for marked as such."""

from __future__ import annotations

from collections.abc import Sequence

from probes.readiness.evidence import Attestation, Evidence, Judgement
from probes.readiness.rules.conversations import api_requests
from probes.readiness.rules.registry import RULES
from probes.readiness.rules.rule import Rule
from probes.readiness.words import RuleState, Verdict


def judge(evidence: Evidence) -> tuple[Judgement, ...]:
    """What each rule makes of it, in the order of RuleId."""
    by_number = {seen.number: seen for seen in evidence.exchanges}
    judgements = []
    for rule in RULES:
        ruling = rule.judge(evidence)
        attestation = _attestation(rule, ruling.state, evidence.attestations)
        judgements.append(
            Judgement(
                rule=rule.rule,
                source=rule.source,
                state=ruling.state if attestation is None else RuleState.KEPT,
                detail=ruling.detail if attestation is None else _attested(attestation),
                exchanges=tuple(by_number[number] for number in ruling.exchanges),
                exercised_by=rule.exercised_by,
                attestation=attestation,
            )
        )
    return tuple(judgements)


def verdict_of(evidence: Evidence, judgements: Sequence[Judgement]) -> tuple[Verdict, str]:
    """Ready if no rule is broken; where nothing came to the API, or nothing from it, nobody can tell."""
    requests = api_requests(evidence)
    if not requests:
        return Verdict.CANNOT_TELL, "The integration sent nothing to the API, so nothing can be said of it."
    broken = [each.rule for each in judgements if each.state is RuleState.BROKEN]
    if broken:
        rules = "rule is" if len(broken) == 1 else "rules are"
        return Verdict.NOT_READY, f"{len(broken)} {rules} broken: {', '.join(broken)}."
    if all(seen.answered_seconds is None for seen in requests):
        return Verdict.CANNOT_TELL, "No answer of the API came whole, so there was nothing to act on."
    unseen = sum(each.state is RuleState.NOT_EXERCISED for each in judgements)
    were = "was" if unseen == 1 else "were"
    return Verdict.READY, "No rule is broken" + (f"; {unseen} {were} not exercised." if unseen else ".")


def _attestation(rule: Rule, state: RuleState, attestations: Sequence[Attestation]) -> Attestation | None:
    """Who stands for it, where nothing was seen either way: what was seen outweighs what is said."""
    if not rule.attested or state is not RuleState.NOT_EXERCISED:
        return None
    return next((each for each in attestations if each.about == rule.rule), None)


def _attested(attestation: Attestation) -> str:
    note = f": {attestation.note}" if attestation.note else ""
    return f"attested by {attestation.by} on {attestation.on.isoformat()}, not seen{note}"
