"""The answer of `ready` in a terminal: the verdict first, then what stands in its way, then the rest in few lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from rich.console import Console

from alerts.readiness import wording
from alerts.readiness.sorting import WaiverState, sorted_checks, unchecked, waiver_state
from exporter.readiness_lines import Lines
from probes.readiness.model import Check, LeftOut, ReadyReport

_MOST_PROOFS = 3


def tell(report: ReadyReport, console: Console, scrub: Callable[[str], str]) -> None:
    """Prints it."""
    view = Lines(console, scrub)
    plan, checks, today = report.plan, sorted_checks(report.checks), report.started_at.date()
    view.verdict_line(report.verdict, f"{plan.target} ({plan.environment}), {plan.base_url}", report.sentence)
    for check in checks.failed:
        view.heading(wording.FAILED_SIGN, "failed", "bold red", check.check_id, check.title)
        _tell_check(view, check, today)
    for check in checks.cannot_tell:
        view.heading(wording.UNSURE_SIGN, "can't tell", "bold magenta", check.check_id, check.title)
        _tell_check(view, check, today)
    for check in checks.waived:
        view.heading(wording.WAIVED_SIGN, "waived", "yellow", check.check_id, check.title)
        _tell_waiver(view, check, today)
        view.labelled("seen", check.seen)
    for check in checks.not_exercised:
        view.heading(wording.UNSEEN_SIGN, "not exercised", "dim", check.check_id, check.seen)
        view.labelled("what would", check.what_to_do)
    for left_out in unchecked(plan, report.checks):
        _tell_left_out(view, left_out)
    view.listed(wording.PASSED_SIGN, f"passed {len(checks.passed)}", "green", (each.check_id for each in checks.passed))
    _tell_unneeded(view, checks.passed, today)
    _tell_cost(view, report)


def _tell_check(view: Lines, check: Check, today: date) -> None:
    view.labelled("the guide says", f"“{check.source}”" if check.source else "")
    view.labelled("expected", check.expected)
    view.labelled("seen", check.seen)
    for proof in check.proofs[:_MOST_PROOFS]:
        view.labelled("request", wording.request_of(proof))
        for name, value in wording.ids_of(proof):
            view.labelled("", f"{name} {value}")
    if len(check.proofs) > _MOST_PROOFS:
        view.labelled("", f"and {len(check.proofs) - _MOST_PROOFS} more, which the JSON and the HTML document hold")
    _tell_waiver(view, check, today)
    view.labelled("what to do", check.what_to_do)


def _tell_waiver(view: Lines, check: Check, today: date) -> None:
    if check.waiver is None:
        return
    expired = waiver_state(check, today) is WaiverState.EXPIRED
    until = f"EXPIRED on {check.waiver.until}" if expired else f"until {check.waiver.until}"
    view.labelled("waiver", f"{until}: {check.waiver.reason} ({check.waiver.place})")


def _tell_left_out(view: Lines, left_out: LeftOut) -> None:
    sign, style = (wording.UNSURE_SIGN, "magenta") if left_out.cannot_tell else (wording.UNSEEN_SIGN, "dim")
    view.heading(sign, "not played", style, left_out.name, left_out.why)


def _tell_unneeded(view: Lines, passed: tuple[Check, ...], today: date) -> None:
    for check in passed:
        if check.waiver is not None and waiver_state(check, today) is WaiverState.NOT_NEEDED:
            view.labelled("waiver", f"of {check.check_id} is not needed: take it out of {check.waiver.place}")


def _tell_cost(view: Lines, report: ReadyReport) -> None:
    plan = report.plan
    limit = f"{plan.limit} a minute" if plan.limit_known else f"{plan.limit} a minute, which is assumed"
    view.say()
    view.say(
        f"{report.requests_sent} requests sent in {report.duration_seconds:.1f} s, {len(report.runs)} runs;"
        f" the key's limit is {limit}."
    )
    view.made_by(report.suite_version, report.monitor_version)
