"""A timeline for sample reports: two hours of two scenarios, one of which failed for most of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.report.facts import Headroom, RateLimited, RunMark, Timeline, TransitionCount
from probes.words import Operation, Outcome

SINCE = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
BROKE = datetime(2026, 11, 25, 2, 14, 3, tzinfo=UTC)
MENDED = datetime(2026, 11, 25, 3, 1, 9, tzinfo=UTC)
UNTIL = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
INCIDENT_ID = "k3m5q7s2u4w6y2a4c6e2g4i6k2"
SESSION_ID = "sess_1771456953407_g7p6233d"
REQUEST_ID = "8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b"
CHAIN = ("shortlist", "guest_name_required", "payment_setup_required", "payment_confirmation_required", "booked")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_run_id(at: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(letters[(at * 7 + place * (at + 3)) % 26] for place in range(26))


def a_mark(at: int, started_at: datetime, outcome: Outcome, **changes: Any) -> RunMark:
    good = outcome in {Outcome.PASSED, Outcome.DEGRADED}
    seconds = 48.0 if outcome is Outcome.DEGRADED else 14.0 + at * 7 % 11
    facts: dict[str, Any] = {
        "run_id": a_run_id(at),
        "target": "acme",
        "scenario": "golden_path",
        "outcome": outcome,
        "reason": {Outcome.SKIPPED: "quota", Outcome.UNKNOWN: "cancelled"}.get(outcome),
        "failed_step": "book" if outcome is Outcome.FAILED else None,
        "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=seconds),
        "recheck": False,
        "latency_seconds": seconds if good else None,
        "budget_seconds": 45.0,
    }
    return RunMark(**(facts | changes))


def _outcome(at: int, started_at: datetime, until: datetime) -> Outcome:
    if BROKE <= started_at < until:
        return Outcome.UNKNOWN if at == 13 else Outcome.FAILED
    return {4: Outcome.DEGRADED, 6: Outcome.SKIPPED}.get(at, Outcome.PASSED)


def _marks(until: datetime) -> tuple[RunMark, ...]:
    marks = []
    for at in range(24):
        started_at = SINCE + minutes(at * 5 - 1) + timedelta(seconds=3)
        marks.append(a_mark(at, started_at, _outcome(at, started_at, until)))
        marks.append(
            a_mark(at + 50, started_at + minutes(2), Outcome.PASSED, scenario="quick_search", budget_seconds=30.0)
        )
    return tuple(marks)


def a_timeline(until: datetime = MENDED) -> Timeline:
    seen = [
        TransitionCount(from_status=old, to_status=new, documented=True, count=20, first_at=SINCE, last_at=UNTIL)
        for old, new in zip(("none", *CHAIN), CHAIN, strict=False)
    ]
    odd = TransitionCount(
        from_status="guest_name_required",
        to_status="shortlist",
        documented=False,
        count=2,
        first_at=BROKE + minutes(5),
        last_at=BROKE + minutes(20),
    )
    limited = [
        RateLimited(
            at=BROKE + minutes(late),
            run_id=a_run_id(late),
            operation=Operation.SEND_EVENT,
            request_id=REQUEST_ID,
            retry_after_seconds=12.0,
        )
        for late in (12, 16, 17)
    ]
    headroom = [
        Headroom(at=SINCE + minutes(at * 5), limit=60, remaining=52 - (30 if 10 < at < 16 else at % 4))
        for at in range(24)
    ]
    return Timeline(
        since=SINCE,
        until=UNTIL,
        runs=_marks(until),
        transitions=(*seen, odd),
        rate_limited=tuple(limited),
        headroom=tuple(headroom),
    )
