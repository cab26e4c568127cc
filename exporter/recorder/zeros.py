"""Counters that rules use start at 0: a series that appears with its first failure hides it from `increase()`.

Sparing on purpose: every combination of labels would be thousands of series that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from alerts.blame import possible
from exporter import metrics
from exporter.metrics import Family
from probes.model import Probe
from probes.scenario import Scenario, Step
from probes.words import (
    NO_STATUS,
    BookingState,
    Channel,
    CorrelationId,
    CorrelationState,
    ErrorCode,
    FailureKind,
    FaultKind,
    FindingKind,
    Operation,
    SkipReason,
    SlotState,
    Telling,
)

Zero = tuple[Family, tuple[str, ...]]

_PAGED_KINDS = (
    FailureKind.SERVER_ERROR,
    FailureKind.AUTH_MISSING,
    FailureKind.AUTH_REJECTED,
    FailureKind.RATE_LIMITED,
    FailureKind.UNEXPECTED_BOOKING,
)
_UNEXPECTED_ANSWERS = (
    ("401", ErrorCode.MISSING_PARTNER_API_KEY),
    ("403", ErrorCode.INVALID_PARTNER_API_KEY),
    ("429", ErrorCode.RATE_LIMITED),
    *((status, NO_STATUS) for status in ("500", "502", "503", "504", NO_STATUS)),
)
_API_OPERATIONS = (Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION)


def of_monitor() -> Iterator[Zero]:
    """Of the monitor itself."""
    yield from ((metrics.SLOTS, (state,)) for state in SlotState)
    yield from ((metrics.FAULTS, (kind,)) for kind in FaultKind)
    yield from ((metrics.NOTICES, labels) for labels in product(Channel, Telling))
    yield metrics.JOURNAL_LOST, ()


def of_target(target: str) -> Iterator[Zero]:
    """Of a target, whatever is played there."""
    yield from ((metrics.BOOKINGS, (target, state)) for state in BookingState)
    for operation, state in product(_API_OPERATIONS, CorrelationState):
        yield metrics.CORRELATION, (target, operation, CorrelationId.REQUEST_ID, state)
    for state in CorrelationState:
        yield metrics.CORRELATION, (target, Operation.SEND_EVENT, CorrelationId.TRACE_ID, state)
    for operation, kind in product(_API_OPERATIONS, FindingKind):
        yield metrics.CONTRACT_FINDINGS, (target, operation, kind)
    yield metrics.CONTRACT_FINDINGS, (target, NO_STATUS, FindingKind.CONTRACT_DRIFT)


def of_probe(probe: Probe, scenario: Scenario | None) -> Iterator[Zero]:
    """Of a scenario that is played against a target."""
    pair = (probe.target, probe.scenario)
    yield from ((metrics.OBJECTIVE_RUNS, (*pair, result)) for result in ("good", "bad"))
    yield metrics.SLOW_RUNS, pair
    yield from ((metrics.SKIPPED, (*pair, reason)) for reason in SkipReason)
    for step in () if scenario is None else scenario.steps:
        yield from _of_step(pair, step)


def _of_step(pair: tuple[str, str], step: Step) -> Iterator[Zero]:
    operation = step.action.operation
    for kind in _PAGED_KINDS:
        for whose in possible(kind, operation):
            yield metrics.FAILURES, (*pair, step.name, kind, whose)
    target = pair[0]
    yield metrics.HTTP_REQUESTS, (target, operation, "200", NO_STATUS, "true")
    for status, code in _UNEXPECTED_ANSWERS:
        yield metrics.HTTP_REQUESTS, (target, operation, status, code, "false")
