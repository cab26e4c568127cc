"""Probes that come due every few milliseconds, and a listener that keeps how their slots ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from probes.listening import Listener
from probes.model import MonitorFault, Probe
from probes.scheduler import phase_seconds

EVERY = 0.05


def probe(name: str = "golden_path", every: float = EVERY, deadline: float = 1.0) -> Probe:
    return Probe(scenario=name, target="sandbox", every_seconds=every, deadline_seconds=deadline)


def in_the_future(*, least: float, most: float, every: float = 10.0) -> Probe:
    """A probe of that interval whose next slot is so many seconds away."""
    named = (probe(f"s{n}", every=every) for n in range(5_000))
    return next(each for each in named if least < (phase_seconds(each) - time.time()) % every < most)


async def quick(probe: Probe) -> None:
    await asyncio.sleep(0)


class Slots(Listener):
    """Keeps how each slot ended, and whose it was."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str | None]] = []
        self.probes: list[Probe] = []
        self.faults: list[MonitorFault] = []

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        self.ends.append((state, reason))
        self.probes.append(probe)

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)

    @property
    def states(self) -> Counter[str]:
        return Counter(reason or state for state, reason in self.ends)
