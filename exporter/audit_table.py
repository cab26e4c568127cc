"""The answer of `audit` in a terminal: the verdict first, then each broken rule with its exchanges, then the rest."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from alerts.readiness import wording
from alerts.readiness.exchange_words import answer_of, ids_in, moment_of, request_of
from alerts.readiness.sorting import in_state
from exporter.readiness_lines import Lines
from probes.readiness.evidence import AuditReport, Judgement, Seen
from probes.readiness.words import RuleState, Statement

_MOST_EXCHANGES = 3


def tell(report: AuditReport, console: Console, scrub: Callable[[str], str]) -> None:
    """Prints it."""
    view = Lines(console, scrub)
    build = f", build {report.build}" if report.build else ""
    view.verdict_line(report.verdict, wording.AUDIT_KINDS[report.kind] + build, report.sentence)
    _tell_rules(view, report, RuleState.BROKEN, "bold red")
    _tell_rules(view, report, RuleState.ADVICE, "yellow")
    for judgement in in_state(report.judgements, RuleState.NOT_EXERCISED):
        view.heading(wording.UNSEEN_SIGN, "not exercised", "dim", judgement.rule, judgement.detail)
        view.labelled("what would", ", ".join(judgement.exercised_by))
    kept = in_state(report.judgements, RuleState.KEPT)
    seen = [each.rule for each in kept if each.attestation is None]
    view.listed(wording.PASSED_SIGN, f"kept {len(seen)}", "green", seen)
    _tell_attested(view, report, kept)
    _tell_situations(view, report)
    _tell_changes(view, report)
    _tell_end(view, report)


def _tell_rules(view: Lines, report: AuditReport, state: RuleState, style: str) -> None:
    standing = wording.RULE_STATES[state]
    for judgement in in_state(report.judgements, state):
        view.heading(standing.sign, standing.word, style, judgement.rule)
        view.labelled("the guide says", f"“{judgement.source}”")
        view.labelled("seen", judgement.detail)
        for seen in judgement.exchanges[:_MOST_EXCHANGES]:
            _tell_exchange(view, seen)
        if len(judgement.exchanges) > _MOST_EXCHANGES:
            more = len(judgement.exchanges) - _MOST_EXCHANGES
            view.labelled("", f"and {more} more, which the JSON and the HTML document hold")


def _tell_exchange(view: Lines, seen: Seen) -> None:
    where = f" in {seen.situation}" if seen.situation else ""
    view.labelled(f"exchange {seen.number}", f"{moment_of(seen)}{where}: {request_of(seen)}, {answer_of(seen)}")
    for name, value in ids_in(seen):
        view.labelled("", f"{name} {value}")


def _tell_attested(view: Lines, report: AuditReport, kept: tuple[Judgement, ...]) -> None:
    """What persons stand for, marked so, and what nobody does."""
    attested = [each.attestation for each in kept if each.attestation is not None]
    attested += [each for each in report.evidence.attestations if each.about in set(Statement)]
    for each in attested:
        note = f": {each.note}" if each.note else ""
        view.heading(
            wording.ATTESTED_SIGN, "attested", "cyan", each.about, f"by {each.by} on {each.on}, not seen{note}"
        )
    said = {each.about for each in attested}
    view.listed(wording.UNSEEN_SIGN, "not attested", "dim", (each for each in Statement if each not in said))


def _tell_situations(view: Lines, report: AuditReport) -> None:
    unreached = [each.situation for each in report.evidence.situations if not each.reached]
    timed_out = [each.situation for each in report.evidence.situations if each.timed_out]
    view.listed(wording.UNSEEN_SIGN, "situations that were not reached", "dim", unreached)
    view.listed(wording.FAILED_SIGN, "situations in which its command had to be ended", "yellow", timed_out)


def _tell_changes(view: Lines, report: AuditReport) -> None:
    if report.changes is None:
        return
    view.say()
    view.say(
        f"Since {view.clean(report.compared_with or 'the audit before')}:" + ("" if report.changes else " no change")
    )
    for change in report.changes:
        view.say(f"  {change.rule}: {view.clean(change.was)} → {wording.RULE_STATES[change.now].word}")


def _tell_end(view: Lines, report: AuditReport) -> None:
    view.say()
    for note in report.notes:
        view.say(view.clean(note))
    evidence = report.evidence
    view.say(
        f"{len(evidence.exchanges)} requests seen in {report.duration_seconds:.1f} s,"
        f" {len(evidence.situations)} situations."
    )
    view.made_by(report.suite_version, report.monitor_version)
    view.say((view.clean(f"Evidence sha256 {report.evidence_sha256}"), "dim"))
