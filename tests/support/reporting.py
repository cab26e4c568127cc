"""Runs around a failure, and evidence and reports of them; each with sound defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from support.facts import NOON, a_failed_step, a_run, a_step
from support.kept import as_kept

from alerts.report.evidence import Evidence, Plan, line_of, witness_of
from alerts.report.facts import Report
from alerts.report.gathering import Setting, of_run, of_stretch
from alerts.report.reckoning import report_of
from probes.journal.kept import KeptRun, RunFilter, RunSummary
from probes.model import Run, StepResult
from probes.words import Outcome

EVERY = timedelta(minutes=5)


class Shelves:
    """A journal's reading side over runs that a test made."""

    def __init__(self, *kept: KeptRun) -> None:
        self._kept = sorted(kept, key=lambda each: each.run.started_at, reverse=True)

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        for kept in self._kept:
            run = kept.run
            since = wanted.since is None or run.started_at >= wanted.since
            since &= wanted.until is None or run.started_at < wanted.until
            since &= wanted.outcome in {None, run.outcome}
            since &= wanted.location in {None, run.location}
            if since and wanted.target in {None, run.target} and wanted.scenario in {None, run.scenario}:
                yield line_of(witness_of(kept))

    def run(self, run_id: str) -> KeptRun | None:
        return next((each for each in self._kept if each.run.run_id == run_id), None)

    def whole_runs(self, wanted: RunFilter) -> Iterator[KeptRun]:
        known = {line.run_id for line in self.runs(wanted)}
        found = (each for each in self._kept if each.run.run_id in known)
        return (each for each in found if wanted.run_ids is None or each.run.run_id in wanted.run_ids)

    def oldest(self) -> datetime | None:
        return self._kept[-1].run.started_at if self._kept else None


def story(outcomes: str, *, failed: StepResult | None = None, **changes: Any) -> list[Run]:
    """A run every five minutes from noon on: `.` passed, `F` failed, `u` unknown, `s` skipped; `r0`, `r1`… by id."""
    words = {".": Outcome.PASSED, "F": Outcome.FAILED, "u": Outcome.UNKNOWN, "s": Outcome.SKIPPED}
    steps = {"F": (failed or a_failed_step(),), ".": (a_step(),)}
    return [
        a_run(
            words[letter],
            **{
                "run_id": f"r{number}",
                "started_at": NOON + number * EVERY,
                "steps": steps.get(letter, ()),
                "reason": {"u": "stall", "s": "quota"}.get(letter),
                **changes,
            },
        )
        for number, letter in enumerate(outcomes)
    ]


def shelves_of(runs: Sequence[Run]) -> Shelves:
    return Shelves(*map(as_kept, runs))


def a_setting(**changes: Any) -> Setting:
    facts: dict[str, Any] = {"now": NOON + timedelta(hours=1), "version": "1.2.3", "scenarios": {}}
    return Setting(**(facts | changes))


def planned(evidence: Evidence, **changes: Any) -> Evidence:
    """With a plan for its scenarios: every five minutes, 99 % and thirty seconds."""
    facts: dict[str, Any] = {"every_seconds": 300.0, "availability": 0.99, "latency_seconds": 30.0, **changes}
    plans = tuple(Plan(scenario=name, **facts) for name in {line.scenario for line in evidence.lines})
    return replace(evidence, surroundings=replace(evidence.surroundings, plans=plans))


def evidence_of(runs: Sequence[Run], focus: str | None = None, **changes: Any) -> Evidence:
    """Of one of these runs, or of all of them."""
    ends = [NOON + timedelta(hours=1), *(run.started_at + EVERY for run in runs)]
    reader, setting = shelves_of(runs), a_setting(**{"now": max(ends), **changes})
    kept = reader.run(focus or "")
    found = of_stretch(reader, NOON, setting) if kept is None else of_run(reader, kept, setting)
    return planned(found)


def report_on(outcomes: str, focus: str | None = None, **changes: Any) -> Report:
    """The report of such a story."""
    return report_of(evidence_of(story(outcomes), focus, **changes))
