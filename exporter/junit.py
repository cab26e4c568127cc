"""Runs as JUnit XML, for CI systems: a suite for each target, a test case for each run.

A test case has no properties (`junit_document` says why), so the run ids stand in the suite's; repeated runs are
numbered. Texts that a server had a say in are scrubbed.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from itertools import groupby

from rich.console import Console

from exporter.junit_document import Case, Element, Ending, Suite, document
from exporter.terminal import Terminal
from probes.model import Run, StepResult
from probes.words import Outcome

Scrub = Callable[[str], str]

_ELEMENTS = {Outcome.FAILED: Element.FAILURE, Outcome.UNKNOWN: Element.ERROR, Outcome.SKIPPED: Element.SKIPPED}


def runs_as_junit(runs: Sequence[Run], scrub: Scrub) -> bytes:
    """The document, in UTF-8. Degraded runs count as passed, and say in their output what was slow or repeated."""
    by_target = sorted(runs, key=lambda run: run.target)
    grouped = groupby(by_target, key=lambda run: run.target)
    return document([_suite(target, list(several), scrub) for target, several in grouped])


def _suite(target: str, runs: Sequence[Run], scrub: Scrub) -> Suite:
    named = list(_named(runs))
    return Suite(
        name=target,
        started_at=runs[0].started_at,
        cases=tuple(_case(name, run, scrub) for name, run in named),
        properties=(("location", runs[0].location), *((f"run_id.{name}", run.run_id) for name, run in named)),
    )


def _named(runs: Sequence[Run]) -> Iterator[tuple[str, Run]]:
    """Each run by its scenario, with a number where that was played more than once."""
    total, seen = Counter(run.scenario for run in runs), Counter[str]()
    for run in runs:
        seen[run.scenario] += 1
        number = f" #{seen[run.scenario]}" if total[run.scenario] > 1 else ""
        yield run.scenario + number, run


def _case(name: str, run: Run, scrub: Scrub) -> Case:
    return Case(
        classname=f"brekwatch.{run.target}",
        name=name,
        seconds=run.duration_seconds,
        ending=_ending(run, scrub),
        output=_output(run, scrub),
    )


def _ending(run: Run, scrub: Scrub) -> Ending | None:
    if run.outcome not in _ELEMENTS:
        return None
    return Ending(
        element=_ELEMENTS[run.outcome],
        kind=run.reason or run.outcome,
        message=scrub(run.detail or run.reason or run.outcome),
        lines=tuple(_evidence(run, scrub)),
    )


def _evidence(run: Run, scrub: Scrub) -> Iterator[str]:
    """What support asks for, a line each."""
    failed = run.failed_step
    if failed is not None and failed.failure is not None:
        yield f"step {failed.name}: {failed.failure.kind}"
        yield f"expected {scrub(failed.failure.expected)}"
        yield f"observed {scrub(failed.failure.observed)}"
        yield from (f"{name} {scrub(value)}" for name, value in _ids(failed))
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
    return text.getvalue()
