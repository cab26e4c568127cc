"""Runs as JUnit XML, for CI systems: a suite for each target, a test case for each run.

It keeps to what Jenkins (its schema junit-10) and GitLab read: no properties inside a test case, so the run ids stand
in the suite's; and no two cases of one name, for GitLab drops the second, so repeated runs are numbered. Texts that a
server had a say in are scrubbed, bounded, and without the characters that XML 1.0 forbids.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC
from itertools import groupby
from xml.etree import ElementTree

from rich.console import Console

from exporter.terminal import Terminal
from probes.model import Run, StepResult
from probes.redaction import printable
from probes.words import Outcome

Scrub = Callable[[str], str]

_LONGEST = 2000
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {Outcome.FAILED: "failure", Outcome.UNKNOWN: "error", Outcome.SKIPPED: "skipped"}
_COUNTS = {"failures": Outcome.FAILED, "errors": Outcome.UNKNOWN, "skipped": Outcome.SKIPPED}


def runs_as_junit(runs: Sequence[Run], scrub: Scrub) -> bytes:
    """The document, in UTF-8. Degraded runs count as passed, and say in their output what was slow or repeated."""
    root = ElementTree.Element("testsuites", _counts(runs, "failures", "errors"), name="brekwatch")
    by_target = sorted(runs, key=lambda run: run.target)
    for target, several in groupby(by_target, key=lambda run: run.target):
        _add_suite(root, target, list(several), scrub)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _counts(runs: Iterable[Run], *names: str) -> dict[str, str]:
    outcomes = Counter(run.outcome for run in runs)
    time = sum(run.duration_seconds for run in runs)
    numbers = {name: str(outcomes[_COUNTS[name]]) for name in names}
    return {"tests": str(outcomes.total()), **numbers, "time": f"{time:.3f}"}


def _add_suite(root: ElementTree.Element, target: str, runs: Sequence[Run], scrub: Scrub) -> None:
    began = runs[0].started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ElementTree.SubElement(root, "testsuite", _counts(runs, *_COUNTS), name=_clean(target), timestamp=began)
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name="location", value=_clean(runs[0].location))
    for name, run in _named(runs):
        ElementTree.SubElement(properties, "property", name=f"run_id.{name}", value=run.run_id)
        _add_case(suite, name, run, scrub)


def _named(runs: Sequence[Run]) -> Iterator[tuple[str, Run]]:
    """Each run by its scenario, with a number where that was played more than once."""
    total, seen = Counter(run.scenario for run in runs), Counter[str]()
    for run in runs:
        seen[run.scenario] += 1
        number = f" #{seen[run.scenario]}" if total[run.scenario] > 1 else ""
        yield _clean(run.scenario) + number, run


def _add_case(suite: ElementTree.Element, name: str, run: Run, scrub: Scrub) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=f"brekwatch.{_clean(run.target)}", name=name, time=f"{run.duration_seconds:.3f}"
    )
    if run.outcome in _ELEMENTS:
        why = _clean(scrub(run.detail or run.reason or run.outcome))
        verdict = ElementTree.SubElement(case, _ELEMENTS[run.outcome], type=run.reason or run.outcome, message=why)
        verdict.text = "\n".join([why, *_evidence(run, scrub)])
    ElementTree.SubElement(case, "system-out").text = _output(run, scrub)


def _evidence(run: Run, scrub: Scrub) -> Iterator[str]:
    """What support asks for, a line each: GitLab shows the text of a failure, and nothing of its attributes."""
    failed = run.failed_step
    if failed is not None and failed.failure is not None:
        yield f"step {failed.name}: {failed.failure.kind}"
        yield f"expected {_clean(scrub(failed.failure.expected))}"
        yield f"observed {_clean(scrub(failed.failure.observed))}"
        yield from (f"{name} {_clean(scrub(value))}" for name, value in _ids(failed))
    yield f"run {run.run_id}"


def _ids(step: StepResult) -> Iterator[tuple[str, str]]:
    for exchange in step.own_exchanges:
        answer = exchange.answer
        if answer is not None:
            found = {"request": answer.request_id, "trace": answer.trace_id, "session": answer.session_id}
            yield from ((name, value) for name, value in found.items() if value)


def _output(run: Run, scrub: Scrub) -> str:
    """The same lines as in a terminal."""
    text = io.StringIO()
    view = Terminal(Console(file=text, color_system=None, force_terminal=False), scrub)
    view.say(f"run {run.run_id}, begun {run.started_at.astimezone(UTC).isoformat(timespec='seconds')}")
    for step in run.steps:
        view.step(step)
    if run.cleanup:
        view.say("cleanup")
    for step in run.cleanup:
        view.step(step)
    view.verdict(run)
    return _allowed(text.getvalue())


def _clean(text: str) -> str:
    return _allowed(printable(text, _LONGEST))


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
