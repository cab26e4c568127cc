"""What stands between a probe's slot and its run: whether its key is held, and when its turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from probes.credentials import KeyWatch
from probes.model import Probe, RunStart
from probes.quota import requests_of
from probes.runner import Runner
from probes.settings import Settings
from probes.turns import Turn, Turns
from probes.words import SkipReason

_PATIENCE = 0.9  # of the interval: the next slot must find the line free

Play = Callable[[Probe], Awaitable[object]]
"""Plays one run of a probe to its verdict; raises nothing of its own."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A run's turn has come. It is played or, where that can't be any more, forgone."""

    play: Play
    forgo: Callable[[], object]


class Gate(Protocol):
    """What the scheduler asks before it plays."""

    def closed(self, probe: Probe) -> SkipReason | None:
        """Why a slot of this probe must not be played now; None if it may."""

    def turn(self, probe: Probe, *, recheck: bool) -> Awaitable[Cue]:
        """Comes when a run of this probe may start, with what plays it: as all was configured when this was called."""


class KeyGate:
    """Keeps runs to their key's quota, holds those of a key that is turned away; a run keeps the settings it got."""

    def __init__(self, settings: Settings, *, runner: Runner, turns: Turns, keys: KeyWatch) -> None:
        self._settings = settings
        self._runner = runner
        self._turns = turns
        self._keys = keys

    def expect(self, settings: Settings) -> None:
        """What is configured now."""
        self._settings = settings

    def closed(self, probe: Probe) -> SkipReason | None:
        """Held while its key is turned away."""
        return SkipReason.CREDENTIALS if self._keys.held(probe) else None

    def turn(self, probe: Probe, *, recheck: bool) -> Awaitable[Cue]:
        """Comes before the probe's next slot; if it did not come by then, the run is skipped for the quota."""
        return self._turn(self._settings, probe, recheck=recheck)

    async def _turn(self, settings: Settings, probe: Probe, *, recheck: bool) -> Cue:
        scenario, target = settings.scenarios[probe.scenario], settings.targets[probe.target]
        sends_nothing = self._runner.why_not(scenario, target) is not None
        requests = 0 if sends_nothing else requests_of(scenario)
        turn = await self._turns.wait(target, requests, patience_seconds=_PATIENCE * probe.every_seconds)
        return Cue(partial(self._play, settings=settings, turn=turn, recheck=recheck), turn.close)

    async def _play(self, probe: Probe, *, settings: Settings, turn: Turn, recheck: bool) -> None:
        target = settings.targets[probe.target]

        def admit(start: RunStart) -> tuple[SkipReason, str] | None:
            self._keys.begins(start, target)
            return turn.admit(start)

        with turn:
            await self._runner.play(
                settings.scenarios[probe.scenario],
                target,
                deadline_seconds=probe.deadline_seconds,
                step_deadline_seconds=probe.step_deadline_seconds,
                recheck=recheck,
                admit=admit,
            )
