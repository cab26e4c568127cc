"""Runs that were really played to the sandbox, kept to be told again: as often and as late as a history wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from support.playing import play, target_for

from probes.listening import Listener
from probes.model import Exchange, Run, RunStart, StepResult
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.words import Operation

Telling = Callable[[Listener, float, float], None]
"""Tells a listener one fact: slower by a factor, with a certificate that ends at that moment."""


class Tape(Listener):
    """What a runner told of one run."""

    def __init__(self) -> None:
        self.told: list[Telling] = []

    def play_to(self, listener: Listener, *, slower: float, certificate_ends_at: float) -> None:
        for tell in self.told:
            tell(listener, slower, certificate_ends_at)

    def run_started(self, start: RunStart) -> None:
        self.told.append(lambda listener, *_: listener.run_started(start))

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        def tell(listener: Listener, slower: float, certificate_ends_at: float) -> None:
            ends_at = None if exchange.operation is Operation.ATTACH_CARD else certificate_ends_at
            listener.exchange_finished(start, step, replace(_slowed(exchange, slower), certificate_expires_at=ends_at))

        self.told.append(tell)

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        self.told.append(
            lambda listener, slower, _: listener.step_finished(
                start, replace(step, duration_seconds=step.duration_seconds * slower)
            )
        )

    def run_finished(self, run: Run) -> None:
        def tell(listener: Listener, slower: float, _: float) -> None:
            late = replace(run, duration_seconds=run.duration_seconds * slower)
            listener.run_finished(late)
            listener.run_kept(late)

        self.told.append(tell)


def _slowed(exchange: Exchange, slower: float) -> Exchange:
    phases = exchange.phases
    wait = None if phases.wait is None else phases.wait * slower
    return replace(exchange, duration_seconds=exchange.duration_seconds * slower, phases=replace(phases, wait=wait))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a tape holds: a scenario, to a target, with a fault or none (an empty one)."""

    target: str
    scenario: str
    fault: str = ""


async def record(wanted: Iterable[Played]) -> Mapping[Played, Tape]:
    """Plays each once. Nothing waits: a fault that hangs is none for this."""
    tapes = {}
    for each in wanted:
        async with SandboxServer(faults=[each.fault] if each.fault else []) as sandbox:
            tapes[each] = Tape()
            target = target_for(sandbox, name=each.target, other_api_key=Secret(sandbox.other_api_key or ""))
            await play(each.scenario, target, listener=tapes[each])
    return tapes
