"""The probing of a running service, as one thing: when, whether, how, and once more."""

from __future__ import annotations

from dataclasses import dataclass

from probes.connectivity import Connectivity
from probes.credentials import KeyWatch
from probes.gate import KeyGate
from probes.listening import Listeners
from probes.model import Ledger, Probe
from probes.rechecks import Rechecks
from probes.redaction import Notice, keep_nothing
from probes.runner import Runner, WhyNot, never
from probes.scheduler import Clock, Scheduler
from probes.settings import Settings
from probes.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """After how many seconds runs come again out of turn: of a probe that failed, and of a key that was turned away."""

    recheck_seconds: float = 60.0
    key_seconds: float = 60.0


class Probing:
    """Plays the configured probes between `start` and `drain`. Its parts hear of facts through `listeners`."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        listeners: Listeners,
        notice: Notice = keep_nothing,
        clock: Clock | None = None,
        repeats: Repeats | None = None,
        stopped: WhyNot = never,
    ) -> None:
        clock, repeats, service = clock or Clock(), repeats or Repeats(), settings.service
        self._connectivity = Connectivity(service.reference, monotonic=clock.monotonic)
        self.runner = Runner(
            ledger=ledger,
            listener=listeners,
            location=service.location,
            connectivity=self._connectivity,
            notice=notice,
            stopped=stopped,
        )
        self.turns = Turns(settings.targets.values(), monotonic=clock.monotonic)
        self._keys = KeyWatch(
            settings,
            play_extra=self._play_extra,
            why_not=self.runner.why_not,
            try_every_seconds=repeats.key_seconds,
        )
        self._gate = KeyGate(settings, runner=self.runner, turns=self.turns, keys=self._keys)
        self.scheduler = Scheduler(
            settings.probes,
            gate=self._gate,
            listener=listeners,
            max_concurrent_runs=service.max_concurrent_runs,
            clock=clock,
        )
        self._rechecks = Rechecks(
            settings.probes, slots=self.scheduler, held=self._keys.held, after_seconds=repeats.recheck_seconds
        )
        for listener in (self.turns, self._keys, self._rechecks):
            listeners.add(listener)

    def replan(self, settings: Settings) -> None:
        """From now on these settings, all at once. Books and states of a key that stays are kept, and so are slots."""
        self._connectivity.expect(settings.service.reference)
        self.turns.expect(settings.targets.values())
        self._keys.expect(settings)
        self._gate.expect(settings)
        self._rechecks.expect(settings.probes)
        self.scheduler.replan(settings.probes, max_concurrent_runs=settings.service.max_concurrent_runs)

    def start(self) -> None:
        """Plan the first slots."""
        self.scheduler.start()

    async def drain(self, seconds: float) -> None:
        """No new runs; those under way may end for so long, then are cancelled. May be called again."""
        self._rechecks.close()
        self._keys.close()
        await self.scheduler.drain(seconds)

    def _play_extra(self, probe: Probe) -> None:
        self.scheduler.play_extra(probe)
