"""The verdict of `ready` as JUnit XML, for CI systems: a suite for the target, a test case for each check.

A check that failed is a failure, one that can't tell an error; what was not exercised or is waived is skipped, and
says why. A verdict that can't be told though no check says so is an error of its own, `verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alerts.readiness.sorting import WaiverState, is_waived, waiver_state
from alerts.readiness.wording import ids_of, request_of
from exporter.junit_document import Case, Element, Ending, Suite, clean, document
from probes.readiness.model import Check, Proof, ReadyReport, Waiver
from probes.readiness.words import SCENARIO_PREFIX, CheckState, Verdict

Scrub = Callable[[str], str]

_ELEMENTS = {
    CheckState.FAILED: Element.FAILURE,
    CheckState.CANNOT_TELL: Element.ERROR,
    CheckState.NOT_EXERCISED: Element.SKIPPED,
}


def ready_as_junit(report: ReadyReport, scrub: Scrub) -> bytes:
    """The document, in UTF-8."""
    plan = report.plan
    told = {
        "verdict": report.verdict,
        "sentence": report.sentence,
        "environment": plan.environment,
        "base_url": plan.base_url,
        "suite_version": report.suite_version,
        "monitor_version": report.monitor_version,
        "requests_sent": str(report.requests_sent),
    }
    suite = Suite(
        name=scrub(plan.target),
        started_at=report.started_at,
        cases=(*(_case(check, report, scrub) for check in report.checks), *_untold(report, scrub)),
        properties=tuple((name, scrub(value)) for name, value in told.items()),
    )
    return document([suite])


def _case(check: Check, report: ReadyReport, scrub: Scrub) -> Case:
    runs = [run for run in report.runs if SCENARIO_PREFIX + run.scenario == check.check_id]
    lines = [scrub(line) for line in _lines(check, report)]
    return Case(
        classname=f"brekwatch.ready.{scrub(report.plan.target)}",
        name=check.check_id,
        seconds=sum(run.duration_seconds for run in runs),
        ending=_ending(check, lines, scrub),
        output="".join(f"{clean(line)}\n" for line in lines),
    )


def _untold(report: ReadyReport, scrub: Scrub) -> Iterator[Case]:
    """A case for the verdict, where it can't be told and no check says so: else CI would show it all green."""
    told = any(check.state is CheckState.CANNOT_TELL for check in report.checks)
    if report.verdict is Verdict.CANNOT_TELL and not told:
        sentence = scrub(report.sentence)
        ending = Ending(element=Element.ERROR, kind=report.verdict, message=sentence, lines=(sentence,))
        yield Case(classname=f"brekwatch.ready.{scrub(report.plan.target)}", name="verdict", ending=ending)


def _ending(check: Check, lines: list[str], scrub: Scrub) -> Ending | None:
    if check.state is CheckState.PASSED:
        return None
    if is_waived(check) and check.waiver is not None:
        return Ending(element=Element.SKIPPED, kind="waived", message=scrub(_waived(check.waiver)), lines=tuple(lines))
    message = scrub(f"{check.title}: {check.seen}")
    return Ending(element=_ELEMENTS[check.state], kind=check.state, message=message, lines=tuple(lines))


def _waived(waiver: Waiver) -> str:
    return f"waived until {waiver.until.isoformat()}: {waiver.reason} ({waiver.place})"


def _lines(check: Check, report: ReadyReport) -> Iterator[str]:
    yield f"the guide says: {check.source}"
    yield f"expected {check.expected}"
    yield f"seen {check.seen}"
    for proof in check.proofs:
        yield from _proof(proof)
    if waiver_state(check, report.started_at.date()) is WaiverState.EXPIRED and check.waiver is not None:
        yield f"its waiver expired on {check.waiver.until.isoformat()}: {check.waiver.reason} ({check.waiver.place})"
    if check.what_to_do:
        yield f"what to do: {check.what_to_do}"


def _proof(proof: Proof) -> Iterator[str]:
    yield request_of(proof)
    yield from (f"  {name} {value}" for name, value in ids_of(proof))
