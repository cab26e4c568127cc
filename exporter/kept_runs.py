"""Keeps the runs that ended, for what is told of them together at the end."""

from __future__ import annotations

from dataclasses import replace

from probes.listening import Listener
from probes.model import Answer, Exchange, Run, StepResult


class KeptRuns(Listener):
    """The runs that ended, cancelled ones too, in their order and without the bodies of their exchanges.

    No output tells those, and many runs against a server that always answers with as much as it may would fill the
    memory.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def run_finished(self, run: Run) -> None:
        """One more."""
        steps, cleanup = (tuple(map(_light, several)) for several in (run.steps, run.cleanup))
        self.runs.append(replace(run, steps=steps, cleanup=cleanup))


def _light(step: StepResult) -> StepResult:
    return replace(step, exchanges=tuple(map(_without_bodies, step.exchanges)))


def _without_bodies(exchange: Exchange) -> Exchange:
    return replace(exchange, request_body=b"", answer=None if exchange.answer is None else _bare(exchange.answer))


def _bare(answer: Answer) -> Answer:
    return replace(answer, content=b"", body=None, artifacts={})
