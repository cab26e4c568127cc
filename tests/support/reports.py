"""Sample reports: an outage, one that goes on, a booking that nobody wanted, nothing failed, and too much of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from support.timelines import (
    BROKE,
    CHAIN,
    INCIDENT_ID,
    MENDED,
    REQUEST_ID,
    SESSION_ID,
    SINCE,
    UNTIL,
    a_mark,
    a_run_id,
    a_timeline,
    minutes,
)

from alerts.report.facts import (
    Advice,
    Budget,
    Certainty,
    ChainLink,
    Counts,
    ExchangeView,
    Ids,
    Line,
    Report,
    Scope,
    Timeline,
)
from probes.incident import AlertSeen, Cause, Hit, Incident
from probes.words import Blame, Ended, Environment, FailureKind, Operation, Outcome


def an_incident(ended: Ended | None = Ended.RECOVERED, **changes: Any) -> Incident:
    recovered = MENDED if ended is Ended.RECOVERED else None
    facts: dict[str, Any] = {
        "incident_id": INCIDENT_ID,
        "cause": Cause(target="acme", kind=FailureKind.SERVER_ERROR, operation=Operation.SEND_EVENT),
        "blame": Blame.API,
        "environment": Environment.PRODUCTION,
        "location": "eu-1",
        "hits": (
            Hit(scenario="golden_path", failed_runs=9, first_failed_at=BROKE, last_failed_at=MENDED - minutes(5)),
        ),
        "first_failed_run_id": a_run_id(9),
        "first_failed_at": BROKE,
        "detected_run_id": a_run_id(11),
        "detected_at": BROKE + minutes(11),
        "last_failed_run_id": a_run_id(17),
        "last_failed_at": MENDED - minutes(5),
        "last_good_run_id": a_run_id(8),
        "last_good_at": BROKE - minutes(4),
        "recovered_at": recovered,
        "closed_at": recovered and recovered + minutes(5),
        "ended": ended,
    }
    return Incident(**(facts | changes))


def _body(*lines: tuple[str, bool]) -> tuple[Line, ...]:
    return tuple(Line(name="", value=value, differs=differs) for value, differs in lines)


def _exchange(
    answer: tuple[Line, ...], *, status: str, started_at: datetime, run_id: str, differs: bool
) -> ExchangeView:
    session_id = SESSION_ID if differs else "sess_1771456653102_b2k9f4s1"
    return ExchangeView(
        run_id=run_id,
        step="book",
        operation=Operation.SEND_EVENT,
        attempt=3 if status.startswith("5") else 1,
        started_at=started_at,
        duration_seconds=0.412,
        facts=(
            Line(name="status code", value=status, differs=True),
            Line(name="chat status", value="none told" if differs else "guest_name_required", differs=True),
            Line(name="rate limit", value="51 of 60 left"),
        ),
        request=(
            Line(name="", value="POST /api/partner/v1/core-chat/events"),
            Line(name="content-type", value="application/json"),
            Line(name="x-partner-api-key", value="[redacted]"),
            *_body(
                ("{", False),
                (f'  "sessionId": "{session_id}",', True),
                (f'  "idempotencyKey": "acme:{session_id}:say:002",', True),
                ('  "input": {"text": "can you help me book option 1"}', False),
                ("}", False),
            ),
        ),
        answer=answer,
        answer_cut=False,
    )


def _failing() -> ExchangeView:
    answer = (
        Line(name="content-type", value="application/json"),
        Line(name="x-request-id", value=REQUEST_ID, differs=True),
        *_body(
            ("{", False),
            ('  "success": false,', True),
            ('  "error": "The assistant could not be reached.",', True),
            ('  "code": "upstream_unavailable",', True),
            (f'  "requestId": "{REQUEST_ID}"', True),
            ("}", False),
        ),
    )
    return _exchange(answer, status="503", started_at=BROKE + timedelta(seconds=9), run_id=a_run_id(9), differs=True)


def _good() -> ExchangeView:
    offers = [(f'      {{"option": {at}, "hotel": "Hotel {at}", "total": "{90 + at}.00"}},', True) for at in range(40)]
    answer = (
        Line(name="content-type", value="application/json"),
        Line(name="x-request-id", value="0b7d1f6a-51f4-4a55-9d8c-0c2b0f5c6e11", differs=True),
        *_body(("{", False), ('  "success": true,', True), ('  "data": {', True), ('    "options": [', True)),
        *_body(*offers, ("    ]", True), ("  }", True), ("}", False)),
    )
    return _exchange(answer, status="200", started_at=BROKE - minutes(5), run_id=a_run_id(8), differs=False)


def _ids(at: int) -> Ids:
    return Ids(
        at=BROKE + minutes(5 * at),
        run_id=a_run_id(9 + at),
        step="book",
        status_code=503,
        request_id=REQUEST_ID,
        trace_id=f"acme:partner_api:partner-chat:{SESSION_ID}:evt_177145696699{at}",
        session_id=SESSION_ID,
        event_id=f"evt_177145696699{at}",
        idempotency_key=f"acme:{SESSION_ID}:say:002",
    )


def _chain() -> tuple[ChainLink, ...]:
    steps = ("search", "book", "guest_name", "card", "done", "confirm")
    seen = ("shortlist", None, None, None, None, None)
    outcomes = (Outcome.PASSED, Outcome.FAILED, *([Outcome.SKIPPED] * 4))
    documented = ("shortlist", "guest_name_required", "payment_setup_required", "", *CHAIN[3:])
    return tuple(
        ChainLink(
            step=steps[at],
            documented=(documented[at],) if documented[at] else (),
            seen=seen[at],
            last_good=documented[at] or None,
            outcome=outcomes[at],
        )
        for at in range(6)
    )


_CURL = """curl -sS -i -X POST "$BREK_BASE_URL"/api/partner/v1/core-chat/events \\
  -H 'content-type: application/json' \\
  -H "x-partner-api-key: $BREK_PARTNER_API_KEY" \\
  --data-raw '{"sessionId":"sess_1771456953407_g7p6233d","input":{"text":"can you help me book option 1"}}'"""


def _told() -> dict[str, Any]:
    """What is said of it in sentences."""
    return {
        "headline": "send_event answers HTTP 503 in golden_path on acme (production), since 2026-11-25 02:14:03 UTC.",
        "certainty": Certainty(
            word="sure",
            reasons=(
                "9 runs failed the same way at the same operation (3 make an incident).",
                "The API itself answered 9 of 9 with its own request ids.",
                "Good from here at the same time: quick_search on acme.",
            ),
        ),
        "advice": (
            Advice(
                heading="5xx: the gateway or what is behind it failed",
                sentences=("Retry with exponential backoff and jitter.", "Send support the requestId and the traceId."),
                source="Brek's partner guide, Error catalog. It is Brek's move.",
            ),
        ),
        "unknowns": (
            "1 run is unknown: its process was cancelled at 02:34:03 UTC.",
            "1 run was skipped for its quota at 01:59:03 UTC: nobody looked then.",
        ),
        "accounting": (
            "A run counts where it started. Passed and degraded are good, failed is bad; the others are neither.",
            "The duration is from the start of the first failed run to the end of the first good one after the last.",
            "Rechecks and runs in maintenance spend no error budget.",
        ),
    }


def _verdict() -> dict[str, Any]:
    """What failed, and who has to act."""
    return {
        "kind": FailureKind.SERVER_ERROR,
        "operation": Operation.SEND_EVENT,
        "blame": Blame.API,
        "environment": Environment.PRODUCTION,
        "location": "eu-1",
        "step": "book",
        "expected": "HTTP 200",
        "observed": "HTTP 503, upstream_unavailable",
    }


def _measured() -> dict[str, Any]:
    """When, how long and how often."""
    return {
        "first_failed_at": BROKE,
        "detected_at": BROKE + minutes(11),
        "last_good_at": BROKE - minutes(4),
        "recovered_at": MENDED,
        "duration_seconds": (MENDED - BROKE).total_seconds(),
        "counts": Counts(runs=48, passed=36, degraded=1, failed=9, skipped=1, unknown=1),
        "budgets": (
            Budget(
                scenario="golden_path",
                availability=0.995,
                every_seconds=300.0,
                bad_runs=9,
                allowed_bad_runs=40.3,
                spent_ratio=9 / 40.3,
            ),
        ),
    }


def _alert() -> AlertSeen:
    return AlertSeen(
        fingerprint="a1b2c3d4e5f60718",
        name="BrekServerErrors",
        status="resolved",
        starts_at=BROKE + minutes(12),
        ends_at=MENDED + minutes(6),
        target="acme",
        scenario="golden_path",
        incident_id=INCIDENT_ID,
        received_at=MENDED + minutes(6),
    )


def an_outage(**changes: Any) -> Report:
    """Server errors for 47 minutes, over by now, with every part filled."""
    facts: dict[str, Any] = {
        "generated_at": UNTIL,
        "version": "0.1.0",
        "scope": Scope(
            asked=f"incident {INCIDENT_ID}",
            target="acme",
            scenarios=("golden_path",),
            since=SINCE,
            until=UNTIL,
            options=("--incident", INCIDENT_ID),
        ),
        "incident": an_incident(),
        "timeline": a_timeline(),
        "chain": _chain(),
        "failing": _failing(),
        "last_good": _good(),
        "ids": tuple(_ids(at) for at in range(3)),
        "curl": _CURL,
        "alerts": (_alert(),),
        "truncated": (),
        "runbook_url": "https://brekwatch.example/runbooks/BrekServerErrors",
        "report_url": f"https://brekwatch.example/incidents/{INCIDENT_ID}",
    }
    return Report(**(facts | _told() | _verdict() | _measured() | changes))


def still_open() -> Report:
    """The same, and nobody has seen it end."""
    return an_outage(
        incident=an_incident(None),
        recovered_at=None,
        timeline=a_timeline(UNTIL),
        duration_seconds=(UNTIL - BROKE).total_seconds(),
        counts=Counts(runs=48, passed=30, degraded=1, failed=15, skipped=1, unknown=1),
        certainty=Certainty(
            word="likely", reasons=("15 runs failed the same way at the same operation (3 make an incident).",)
        ),
        last_good=None,
    )


def an_unexpected_booking() -> Report:
    """One run, and the guest had said no."""
    mark = a_mark(1, BROKE, Outcome.FAILED, scenario="decline_payment", failed_step="decline")
    chain = ChainLink(step="decline", documented=("error",), seen="booked", last_good="error", outcome=Outcome.FAILED)
    return an_outage(
        headline="A booking was made in decline_payment on acme (production) though the guest had said no.",
        incident=an_incident(
            None, cause=Cause(target="acme", kind=FailureKind.UNEXPECTED_BOOKING, operation=Operation.SEND_EVENT)
        ),
        kind=FailureKind.UNEXPECTED_BOOKING,
        step="decline",
        expected="error",
        observed="booked",
        recovered_at=None,
        detected_at=BROKE + timedelta(seconds=14),
        duration_seconds=41.0,
        counts=Counts(runs=1, passed=0, degraded=0, failed=1, skipped=0, unknown=0),
        timeline=Timeline(since=BROKE, until=BROKE, runs=(mark,), transitions=(), rate_limited=(), headroom=()),
        chain=(*_chain()[:1], chain),
        budgets=(),
        alerts=(),
    )


def nothing_failed() -> Report:
    """An hour in which all went well."""
    runs = tuple(a_mark(at, SINCE + minutes(at * 5), Outcome.PASSED) for at in range(12))
    words = """incident kind operation blame step expected observed first_failed_at detected_at last_good_at
        recovered_at duration_seconds failing last_good curl runbook_url report_url"""
    empty: dict[str, Any] = dict.fromkeys(words.split())
    bare: dict[str, Any] = dict.fromkeys(("budgets", "chain", "ids", "advice", "unknowns", "alerts"), ())
    return an_outage(
        **empty,
        **bare,
        headline="Nothing failed in 12 runs of golden_path on acme.",
        scope=Scope(asked="the last hour", target="acme", scenarios=("golden_path",), since=SINCE, until=UNTIL),
        counts=Counts(runs=12, passed=12, degraded=0, failed=0, skipped=0, unknown=0),
        certainty=Certainty(word="sure", reasons=()),
        timeline=replace(a_timeline(), runs=runs, rate_limited=(), until=SINCE + minutes(60), transitions=()),
    )


def a_huge_one(runs: int = 10_000) -> Report:
    """Far more of everything than fits."""
    outcomes = tuple(Outcome)
    marks = tuple(
        a_mark(at, SINCE + timedelta(seconds=at), outcomes[at * 7919 % 5], scenario=f"scenario_{at % 40}")
        for at in range(runs)
    )
    sample = a_timeline()
    body = _body(*((f'  "line {at}": "{"<&>" * 200}",', at % 2 == 0) for at in range(2000)))
    timeline = replace(
        sample,
        until=SINCE + timedelta(seconds=runs),
        runs=marks,
        transitions=sample.transitions * 100,
        rate_limited=sample.rate_limited * 1000,
        headroom=sample.headroom * 300,
    )
    return an_outage(
        timeline=timeline,
        failing=replace(_failing(), answer=body),
        last_good=replace(_good(), answer=body),
        ids=tuple(_ids(at) for at in range(2000)),
        unknowns=("x" * 100_000,) * 100,
        accounting=("y & z " * 10_000,) * 50,
        curl="curl " + "'" * 300_000,
    )


SAMPLES = {
    "outage": an_outage,
    "open": still_open,
    "unexpected-booking": an_unexpected_booking,
    "nothing-failed": nothing_failed,
    "huge": a_huge_one,
}


def with_texts(value: Any, text: Callable[[str], str]) -> Any:
    """The same facts with another text in the place of each, however deep, in lists too; closed words stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, tuple):
        return tuple(with_texts(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: with_texts(getattr(value, field.name), text) for field in fields(value)})
    return value
