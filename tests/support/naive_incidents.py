"""Incidents by the book, for comparison: looks through the whole list again for each run, and shares no code.

Runs of one target, in the order of their end. Slow, plain and written from the rules alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from probes.incident import Cause, Verdict
from probes.settings import IncidentPolicy


@dataclass
class Naive:
    cause: Cause
    detected: str
    runs: list[Verdict]
    hit: set[str] = field(default_factory=set)
    recovered: str | None = None
    closed: Verdict | None = None


def naive_incidents(verdicts: Sequence[Verdict], policy: IncidentPolicy) -> list[Naive]:
    found: list[Naive] = []
    used: set[str] = set()
    for index, now in enumerate(verdicts):
        past = verdicts[: index + 1]
        if now.cause is None:
            _close(found, past, policy)
            continue
        same = [each for each in found if each.closed is None and each.cause == now.cause]
        if same:
            same[0].runs.append(now)
            same[0].hit.add(now.scenario)
            used.add(now.run_id)
            continue
        cause = _opens(found, past, used, policy)
        if cause is not None:
            found.append(_opened(cause, past, used, policy))
    return found


def _runs_of(scenario: str, past: Sequence[Verdict]) -> list[Verdict]:
    return [each for each in past if each.scenario == scenario]


def _good_in_a_row(scenario: str, past: Sequence[Verdict]) -> list[Verdict]:
    good: list[Verdict] = []
    for each in reversed(_runs_of(scenario, past)):
        if each.cause is not None:
            break
        good.insert(0, each)
    return good


def _close(found: list[Naive], past: Sequence[Verdict], policy: IncidentPolicy) -> None:
    for each in found:
        if each.closed is not None:
            continue
        rows = [_good_in_a_row(scenario, past) for scenario in each.hit]
        if all(len(row) >= policy.close_after for row in rows):
            each.closed = past[-1]
            each.recovered = max((row[0] for row in rows), key=lambda good: good.ended_at).run_id


def _free(scenario: str, past: Sequence[Verdict], used: set[str], policy: IncidentPolicy) -> list[Verdict]:
    window = _runs_of(scenario, past)[-policy.within :]
    return [each for each in window if each.cause is not None and each.run_id not in used]


def _opens(found: list[Naive], past: Sequence[Verdict], used: set[str], policy: IncidentPolicy) -> Cause | None:
    now = past[-1]
    free = _free(now.scenario, past, used, policy)
    causes = [each.cause for each in free if each.cause is not None]
    if now.cause is not None and now.cause.kind == "unexpected_booking":
        return now.cause
    if now.cause is not None and causes.count(now.cause) >= policy.open_after:
        return now.cause
    if now.cause is not None and now.cause.kind in {"auth_missing", "auth_rejected"}:
        last = [each for each in past[-policy.within :] if each.cause == now.cause and each.run_id not in used]
        if len(last) >= policy.open_after:
            return now.cause
    if len(causes) < policy.open_after:
        return None
    if any(each.closed is None and now.scenario in each.hit for each in found):
        return None
    most = max(causes.count(cause) for cause in causes)
    return [cause for cause in causes if causes.count(cause) == most][-1]


def _opened(cause: Cause, past: Sequence[Verdict], used: set[str], policy: IncidentPolicy) -> Naive:
    incident = Naive(cause=cause, detected=past[-1].run_id, runs=[])
    for scenario in {each.scenario for each in past}:
        mine = [each for each in _free(scenario, past, used, policy) if each.cause == cause]
        used.update(each.run_id for each in mine)
        still_bad = len(_good_in_a_row(scenario, past)) < policy.close_after
        if mine and (still_bad or scenario == past[-1].scenario):
            incident.runs += mine
            incident.hit.add(scenario)
    return incident
