"""Incidents and the runs that made them, each with sound defaults, each overridable by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from support.facts import NOON, a_run, an_answer, an_exchange

from probes.incident import Cause, Hit, Incident
from probes.model import Failure, Run, StepResult
from probes.words import Blame, Ended, Environment, FailureKind, Operation, Outcome


def a_failed_run(run_id: str = "detected", *, observed: str = "503", expected: str = "200", **changes: object) -> Run:
    failure = Failure(kind=FailureKind.SERVER_ERROR, expected=expected, observed=observed)
    exchange = an_exchange(answer=an_answer(503), operation=Operation.SEND_EVENT)
    step = StepResult(name="search", outcome=Outcome.FAILED, failure=failure, exchanges=(exchange,))
    return a_run(run_id=run_id, outcome=Outcome.FAILED, steps=(step,), **changes)


def an_incident(number: int = 1, *, at: datetime = NOON, **changes: object) -> Incident:
    """Incident `number`, of the target `acme-N`, opened at a moment by the run `detected`."""
    incident = Incident(
        incident_id=f"incident{number:018d}",
        cause=Cause(target=f"acme-{number}", kind=FailureKind.SERVER_ERROR, operation=Operation.SEND_EVENT),
        blame=Blame.API,
        environment=Environment.SANDBOX,
        location="local",
        hits=(
            Hit(
                scenario="quick_search",
                failed_runs=3,
                first_failed_at=at - timedelta(minutes=2),
                last_failed_at=at,
            ),
        ),
        first_failed_run_id="first",
        first_failed_at=at - timedelta(minutes=2),
        detected_run_id="detected",
        detected_at=at,
        last_failed_run_id="detected",
        last_failed_at=at,
    )
    return replace(incident, **changes)  # type: ignore[arg-type]


def ended(incident: Incident, at: datetime, how: Ended = Ended.RECOVERED) -> Incident:
    recovered_at = at - timedelta(minutes=1) if how is Ended.RECOVERED else None
    return replace(incident, ended=how, closed_at=at, recovered_at=recovered_at)
