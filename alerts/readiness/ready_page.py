"""The answer of `ready` as one HTML file, for whoever decides on a launch and for Brek."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from alerts.readiness.cleaning import cleaned
from alerts.readiness.paper import paper, template
from alerts.readiness.sorting import WaiverState, sorted_checks, unchecked, waiver_state
from alerts.readiness.wording import VERDICTS, Standing, because, ids_of, request_of
from probes.model import Run
from probes.readiness.model import Check, LeftOut, Plan, Proof, ReadyReport
from probes.words import Outcome

MOST_PROOFS = 10
MOST_RUNS = 500
_OUR_ID = re.compile(r"[a-z0-9_]+(:[a-z0-9_-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProof:
    """A request in words, with its ids by name."""

    request: str
    ids: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheck:
    """A check with its place on the page. `expired`: its waiver no longer counts; `unneeded`: it passed without."""

    anchor: str
    check: Check
    proofs: tuple[ShownProof, ...]
    more_proofs: int
    expired: bool
    unneeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRun:
    """A run in a line."""

    scenario: str
    outcome: Outcome
    why: str
    started_at: datetime
    duration_seconds: float
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyView:
    """All that the page shows of a report, in its order."""

    standing: Standing
    because: str
    failed: tuple[ShownCheck, ...]
    cannot_tell: tuple[ShownCheck, ...]
    waived: tuple[ShownCheck, ...]
    not_exercised: tuple[ShownCheck, ...]
    passed: tuple[ShownCheck, ...]
    plan: Plan
    left_out: tuple[LeftOut, ...]
    runs: tuple[ShownRun, ...]
    more_runs: int
    started_at: datetime
    duration_seconds: float
    requests_sent: int
    suite_version: str
    monitor_version: str


def ready_page(report: ReadyReport, scrub: Callable[[str], str]) -> str:
    """The whole document: it stands alone, runs nothing and asks for nothing."""
    return template("ready.html").render(view=cleaned(view_of(report), scrub), paper=paper())


def view_of(report: ReadyReport) -> ReadyView:
    """What of it is shown; texts are still as they came."""
    anchors = {check.check_id: _anchor(check, number) for number, check in enumerate(report.checks, 1)}
    checks, today = sorted_checks(report.checks), report.started_at.date()

    def those(several: Iterable[Check]) -> tuple[ShownCheck, ...]:
        return tuple(_check(check, anchors[check.check_id], today) for check in several)

    return ReadyView(
        standing=VERDICTS[report.verdict],
        because=because(report.verdict, report.sentence),
        failed=those(checks.failed),
        cannot_tell=those(checks.cannot_tell),
        waived=those(checks.waived),
        not_exercised=those(checks.not_exercised),
        passed=those(checks.passed),
        plan=report.plan,
        left_out=unchecked(report.plan, report.checks),
        runs=tuple(map(_run, report.runs[:MOST_RUNS])),
        more_runs=max(0, len(report.runs) - MOST_RUNS),
        started_at=report.started_at,
        duration_seconds=report.duration_seconds,
        requests_sent=report.requests_sent,
        suite_version=report.suite_version,
        monitor_version=report.monitor_version,
    )


def _anchor(check: Check, number: int) -> str:
    """Its id, so that an address leads to the same check on every page; a foreign one is only counted."""
    return f"check-{check.check_id if _OUR_ID.fullmatch(check.check_id) else number}"


def _check(check: Check, anchor: str, today: date) -> ShownCheck:
    state = waiver_state(check, today)
    return ShownCheck(
        anchor=anchor,
        check=check,
        proofs=tuple(map(_proof, check.proofs[:MOST_PROOFS])),
        more_proofs=max(0, len(check.proofs) - MOST_PROOFS),
        expired=state is WaiverState.EXPIRED,
        unneeded=state is WaiverState.NOT_NEEDED,
    )


def _proof(proof: Proof) -> ShownProof:
    return ShownProof(request=request_of(proof), ids=ids_of(proof))


def _run(run: Run) -> ShownRun:
    return ShownRun(
        scenario=run.scenario,
        outcome=run.outcome,
        why=run.detail or run.reason or "",
        started_at=run.started_at,
        duration_seconds=run.duration_seconds,
        run_id=run.run_id,
    )
