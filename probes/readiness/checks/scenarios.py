"""One check for each scenario: whether enough of its runs were good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from probes.model import Finding, Run
from probes.readiness.checks.advice import (
    AFTER_BREAK,
    AFTER_FAILURE,
    AFTER_OWN_TROUBLE,
    OTHER_FAILURE,
    OTHER_KEY_REFUSED,
    OTHER_TROUBLE,
)
from probes.readiness.checks.answering import Answered, failed, passed, unexercised, unsure
from probes.readiness.checks.seeing import MOST_PROOFS, Fall, Scene, first, proof_of, proofs
from probes.readiness.model import LeftOut, PlannedScenario
from probes.words import GOOD_OUTCOMES, KEY_REFUSED, FindingKind, Outcome, SkipReason

SOURCES: Mapping[str, str] = {
    "auth_styles": "Send one of these headers on every request",
    "book_by_action": "Never call write kinds without idempotencyKey",
    "contract_files": "Validate your integration against OpenAPI before release",
    "decline_payment": "User declines payment confirmation",
    "done_before_card": 'User says "Done" before card attach',
    "error_catalog": "Missing key -> 401, code=missing_partner_api_key",
    "golden_path": "Golden path: no saved card to booked",
    "golden_path_to_payment": "Golden path: no saved card to booked",
    "idempotent_replay": "Keep the same idempotencyKey for retrying the same write action",
    "quick_search": "Search candidates ready",
    "saved_card": "User already has saved card",
    "session_isolation": "Never reuse one sessionId across different users",
    "snapshot_history": "Fetch current session snapshot and event history",
}
OWN_SOURCE = "Always branch on data.result.status"
"""For a scenario of the user's own."""

_TOLERATED = frozenset(
    {
        FindingKind.UNDOCUMENTED_FIELD,
        FindingKind.UNDOCUMENTED_CHAT_STATUS,
        FindingKind.UNDOCUMENTED_CODE,
        FindingKind.UNDOCUMENTED_TRANSITION,
        FindingKind.KEPT_CONNECTION_DIED,
        FindingKind.CANCEL_REFUSED,
        FindingKind.CANCEL_UNCLEAR,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A scenario's check, without its id."""

    name: str
    source: str
    answered: Answered


def scenarios(scene: Scene) -> Iterator[Asked]:
    """Those that were planned, then those that were left out, in the plan's order."""
    for planned in scene.plan.scenarios:
        yield _asked(planned.name, _played(scene, planned))
    for left_out in scene.plan.left_out:
        yield _asked(left_out.name, _unplayed(left_out))


def _asked(name: str, answered: Answered) -> Asked:
    return Asked(name=name, source=SOURCES.get(name, OWN_SOURCE), answered=answered)


def _unplayed(left_out: LeftOut) -> Answered:
    expected, seen = "it can be played", f"left out: {left_out.why}"
    if not left_out.cannot_tell:
        return unexercised(expected, seen)
    way = AFTER_OWN_TROUBLE[SkipReason.PORTAL] if "portal" in left_out.why else AFTER_OWN_TROUBLE[SkipReason.SAFETY]
    return unsure(expected, seen, way)


def _played(scene: Scene, planned: PlannedScenario) -> Answered:
    """For sure good, surely not, or who knows: runs that told nothing might have been either."""
    runs = [run for run in scene.heard.runs if run.scenario == planned.name]
    times, least = max(planned.times, len(runs)), scene.options.least
    falls = [fall for fall in scene.falls() if fall.run.scenario == planned.name]
    good = [run for run in runs if run.outcome in GOOD_OUTCOMES]
    failures = [run for run in runs if run.outcome is Outcome.FAILED]
    expected = "every step as the scenario says" + (f", in {float(least):.0%} of {times} runs" if times > 1 else "")
    if times - len(failures) < least * times:
        return _fell(expected, falls, len(failures), times)
    if good and len(good) >= least * times:
        return passed(expected, _good(good, failures), _notes(good))
    return _unknown(scene, expected, runs, times)


def _fell(expected: str, falls: list[Fall], failures: int, times: int) -> Answered:
    seen = first(fall.at for fall in falls)
    advice = " ".join(dict.fromkeys(map(_way, falls)))
    how_many = f"{failures} of {times} runs failed: " if times > 1 else ""
    return failed(expected, f"{how_many}{seen}", advice, proofs(falls))


def _way(fall: Fall) -> str:
    sent = fall.step.own_exchange
    refused = sent is not None and not sent.own_key and sent.status_code in KEY_REFUSED
    if refused and fall.failure.expected.startswith("HTTP 2"):
        return OTHER_KEY_REFUSED
    return AFTER_FAILURE.get(fall.failure.kind, OTHER_FAILURE)


def _good(good: list[Run], failures: list[Run]) -> str:
    degraded = [run for run in good if run.outcome is Outcome.DEGRADED]
    told = [f"{len(good)} good" + (f", {len(failures)} failed" if failures else "")]
    told += [f"degraded: {run.detail}" for run in degraded[:1]]
    told += [run.detail for run in good if run.outcome is Outcome.PASSED and run.detail][:1]
    return "; ".join(told)


def _notes(good: list[Run]) -> str:
    """What is tolerated, and yet worth knowing."""
    found = [_told(finding) for run in good for finding in run.findings if finding.kind in _TOLERATED]
    return f"Tolerated, and not in the documents: {first(found)}." if found else ""


def _told(finding: Finding) -> str:
    return f"{finding.kind}: {finding.detail}"


def _unknown(scene: Scene, expected: str, runs: list[Run], times: int) -> Answered:
    untold = [run for run in runs if run.outcome in {Outcome.UNKNOWN, Outcome.SKIPPED}]
    told = [f"{run.outcome} ({run.reason}): {run.detail}" for run in untold]
    if len(runs) < times:
        told.append(f"{len(runs)} of {times} runs were played: {scene.heard.broken_off or 'the check ended early'}")
    reasons = dict.fromkeys(run.reason for run in untold)
    advice = " ".join(dict.fromkeys(_way_on(reasons))) or (AFTER_BREAK if scene.heard.broken_off else OTHER_TROUBLE)
    return unsure(expected, first(told), advice, tuple(proof_of(run) for run in untold)[:MOST_PROOFS])


def _way_on(reasons: Iterable[str | None]) -> Iterator[str]:
    for reason in reasons:
        yield AFTER_OWN_TROUBLE.get(reason or "", OTHER_TROUBLE)
