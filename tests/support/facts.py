"""Builders of finished facts, for tests of whoever listens: each with sound defaults, each overridable by keyword."""

from __future__ import annotations

from datetime import UTC, datetime

from probes.model import (
    Answer,
    Exchange,
    Failure,
    Objective,
    Phases,
    Probe,
    Run,
    RunStart,
    StepResult,
    Target,
)
from probes.redaction import Secret
from probes.scenario import CreateSession, Say, Scenario, Step
from probes.words import CorrelationState, Environment, FailureKind, Leaves, Operation, Outcome

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
REQUEST_ID = "8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b"
SESSION_ID = "sess_1771456953407_g7p6233d"
EVENT_ID = "evt_1771456966998"
TRACE_ID = f"demo-tenant:partner_api:partner-chat:{SESSION_ID}:{EVENT_ID}"
RUN_ID = "abcdefghijklmnopqrstuvwxyz"

SEARCH = Scenario(
    name="quick_search",
    title="A guest searches",
    leaves=Leaves.SESSION,
    steps=(
        Step(name="create_session", action=CreateSession()),
        Step(name="search", action=Say(text="find me a hotel")),
    ),
)


def a_target(**changes: object) -> Target:
    facts: dict[str, object] = {
        "name": "acme",
        "base_url": "http://127.0.0.1:3000",
        "environment": Environment.SANDBOX,
        "api_key": Secret("a-key-of-the-tests"),
    }
    return Target(**(facts | changes))  # type: ignore[arg-type]


def a_probe(**changes: object) -> Probe:
    facts: dict[str, object] = {
        "scenario": SEARCH.name,
        "target": "acme",
        "every_seconds": 300.0,
        "objective": Objective(availability=0.99, latency_seconds=30.0),
    }
    return Probe(**(facts | changes))  # type: ignore[arg-type]


def a_start(**changes: object) -> RunStart:
    facts: dict[str, object] = {
        "run_id": RUN_ID,
        "target": "acme",
        "scenario": SEARCH.name,
        "leaves": Leaves.SESSION,
        "started_at": NOON,
        "location": "eu-1",
    }
    return RunStart(**(facts | changes))  # type: ignore[arg-type]


def an_answer(status_code: int = 200, **changes: object) -> Answer:
    facts: dict[str, object] = {
        "status_code": status_code,
        "headers": {},
        "content": b"{}",
        "header_request_id": REQUEST_ID,
        "trace_id": TRACE_ID,
        "session_id": SESSION_ID,
        "event_id": EVENT_ID,
        "ratelimit_limit": 60,
        "ratelimit_remaining": 42,
    }
    return Answer(**(facts | changes))  # type: ignore[arg-type]


def an_exchange(**changes: object) -> Exchange:
    facts: dict[str, object] = {
        "operation": Operation.SEND_EVENT,
        "attempt": 1,
        "method": "POST",
        "path": "/api/partner/v1/core-chat/events",
        "started_at": NOON,
        "duration_seconds": 0.5,
        "phases": Phases(send=0.001, wait=0.4, receive=0.002),
        "expected": True,
        "answer": None if "failure" in changes else an_answer(),
        "request_id_state": CorrelationState.PRESENT,
        "trace_id_state": CorrelationState.PRESENT,
    }
    return Exchange(**(facts | changes))  # type: ignore[arg-type]


def a_failure(kind: FailureKind = FailureKind.SERVER_ERROR, **changes: object) -> Failure:
    facts: dict[str, object] = {"kind": kind, "expected": "200", "observed": "503"}
    return Failure(**(facts | changes))  # type: ignore[arg-type]


def a_step(**changes: object) -> StepResult:
    facts: dict[str, object] = {
        "name": "search",
        "outcome": Outcome.PASSED,
        "duration_seconds": 0.5,
        "exchanges": (an_exchange(),),
    }
    return StepResult(**(facts | changes))  # type: ignore[arg-type]


def a_failed_step(kind: FailureKind = FailureKind.SERVER_ERROR, **changes: object) -> StepResult:
    exchange = an_exchange(answer=an_answer(503), expected=False)
    facts: dict[str, object] = {
        "outcome": Outcome.FAILED,
        "failure": a_failure(kind),
        "exchanges": (exchange,),
    }
    return a_step(**(facts | changes))


def a_run(outcome: Outcome = Outcome.PASSED, **changes: object) -> Run:
    facts: dict[str, object] = {
        "run_id": RUN_ID,
        "target": "acme",
        "scenario": SEARCH.name,
        "outcome": outcome,
        "started_at": NOON,
        "duration_seconds": 1.5,
        "location": "eu-1",
        "steps": (a_failed_step() if outcome is Outcome.FAILED else a_step(),),
    }
    return Run(**(facts | changes))  # type: ignore[arg-type]
