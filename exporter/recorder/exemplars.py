"""Exemplars: the ids that lead from a number to the run behind it, checked before anything is counted.

OpenMetrics allows 128 characters of names and values in all, and prometheus_client notices more only *after* it has
counted. An id from a server must look like one; secrets are removed when it is shown (`exporter.recorder.exposition`).
"""

from __future__ import annotations

import re

from probes.model import Run, StepResult

_MOST_CHARACTERS = 128
_is_id = re.compile(r"[A-Za-z0-9_.:-]{1,100}").fullmatch

Exemplar = dict[str, str]


def counter_exemplar(run_id: str, request_id: str | None) -> Exemplar:
    """The run's id, and the request's where both fit; empty if neither is fit to be shown."""
    exemplar: Exemplar = {}
    left = _MOST_CHARACTERS
    if _is_id(run_id):
        exemplar["run_id"] = run_id
        left -= len("run_id") + len(run_id)
    if request_id is not None and len("request_id") + len(request_id) <= left and _is_id(request_id):
        exemplar["request_id"] = request_id
    return exemplar


def step_exemplar(run_id: str, step: StepResult) -> Exemplar:
    """The trace id of the step's last turn where there is one that fits, else the run's id."""
    for exchange in reversed(step.exchanges):
        trace_id = None if exchange.answer is None else exchange.answer.trace_id
        if trace_id is not None and _is_id(trace_id):
            return {"trace_id": trace_id}
    return counter_exemplar(run_id, None)


def failure_exemplar(run: Run) -> Exemplar:
    """The run, and the request that proves the failure."""
    exchange = None if run.failed_step is None else run.failed_step.own_exchange
    answer = None if exchange is None else exchange.answer
    return counter_exemplar(run.run_id, None if answer is None else answer.request_id)
