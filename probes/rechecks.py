"""A failed run is played again soon, so that a probe that is due once an hour can still wake somebody within minutes.

The word "recheck" of design.md, section 2: counted in metrics and incidents, not in the objective.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from probes.listening import Listener
from probes.model import Probe, Run
from probes.words import Outcome

_AFTER_SECONDS = 60.0
_MOST_IN_A_ROW = 2

Pair = tuple[str, str]


class Slots(Protocol):
    """What rechecks need of the scheduler."""

    def seconds_to_slot(self, probe: Probe) -> float | None:
        """How long until the probe's next slot; None if it has none."""

    def play_extra(self, probe: Probe) -> bool:
        """Play it now, beside its slots; False where that can't be."""


class Rechecks(Listener):
    """Hears how runs end, and has failed ones played again. Lives on one event loop.

    Not where a probe is `held` by then, for its key is turned away: that has repeats of its own.
    """

    def __init__(
        self,
        probes: Iterable[Probe],
        *,
        slots: Slots,
        held: Callable[[Probe], bool],
        after_seconds: float = _AFTER_SECONDS,
    ) -> None:
        self._slots = slots
        self._is_held = held
        self._after = after_seconds
        self._probes: dict[Pair, Probe] = {}
        self._in_a_row: dict[Pair, int] = {}
        self._planned: dict[Pair, asyncio.TimerHandle] = {}
        self.expect(probes)

    def expect(self, probes: Iterable[Probe]) -> None:
        """What is configured now."""
        self._probes = {(probe.target, probe.scenario): probe for probe in probes}

    def close(self) -> None:
        """Play nothing again any more."""
        for handle in self._planned.values():
            handle.cancel()
        self._planned.clear()
        self._probes.clear()

    def run_finished(self, run: Run) -> None:
        """A failed run is played again, its recheck once more; whatever else a run ends as ends that."""
        pair = (run.target, run.scenario)
        if pair in self._planned:
            self._planned.pop(pair).cancel()
        before = self._in_a_row.pop(pair, 0) if run.recheck else 0
        probe = self._probes.get(pair)
        if probe is None or run.outcome is not Outcome.FAILED or before >= _MOST_IN_A_ROW:
            return
        after = min(probe.every_seconds, self._after)
        to_slot = self._slots.seconds_to_slot(probe)
        if to_slot is None or to_slot <= after + probe.deadline_seconds:
            return  # it might not be over by then, and would cost the slot
        self._in_a_row[pair] = before + 1
        self._planned[pair] = asyncio.get_running_loop().call_later(after, self._play, pair)

    def _play(self, pair: Pair) -> None:
        del self._planned[pair]
        probe = self._probes.get(pair)
        if probe is not None and not self._is_held(probe):
            self._slots.play_extra(probe)
