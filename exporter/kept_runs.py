"""Keeps the runs that ended, for what is told of them together at the end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from probes.listening import Listener
from probes.model import Exchange, Run, StepResult
from probes.words import Operation

_MOST_KEPT_BYTES = 64 * 1024


class KeptRuns(Listener):
    """The runs that ended, cancelled ones too, in their order and without the bodies of their exchanges.

    No output tells those, and many runs against a server that always answers with as much as it may would fill the
    memory.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def run_finished(self, run: Run) -> None:
        """One more."""
        self.runs.append(without_bodies(run))


def without_bodies(run: Run, *, keep: Collection[Operation] = ()) -> Run:
    """The run without the bodies of its exchanges, but for what `keep` was answered with, where that is no large text.

    Of those the JSON value is kept, and not the bytes.
    """

    def light(step: StepResult) -> StepResult:
        return replace(step, exchanges=tuple(_bare(each, keep) for each in step.exchanges))

    return replace(run, steps=tuple(map(light, run.steps)), cleanup=tuple(map(light, run.cleanup)))


def _bare(exchange: Exchange, keep: Collection[Operation]) -> Exchange:
    answer = exchange.answer
    if answer is None:
        return replace(exchange, request_body=b"")
    kept = answer.body if exchange.operation in keep and len(answer.content) <= _MOST_KEPT_BYTES else None
    return replace(exchange, request_body=b"", answer=replace(answer, content=b"", body=kept, artifacts={}))
