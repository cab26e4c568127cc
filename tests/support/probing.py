"""Probes played for minutes on a loop that runs ahead, and what was seen of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from support.hasty import HastyLoop

from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Exchange, MonitorFault, Probe, Run, RunStart, Target
from probes.probing import Probing
from probes.scenario_files import shipped
from probes.scheduler import Clock
from probes.settings import Service, Settings


class Minutes(Listener):
    """Keeps what a probing told, and when (on the loop's clock)."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.ended_at: list[float] = []
        self.sent_at: list[float] = []
        self.slots: list[tuple[str, str | None, float]] = []
        self.faults: list[MonitorFault] = []

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        if exchange.own_key:
            self.sent_at.append(asyncio.get_running_loop().time())

    def run_finished(self, run: Run) -> None:
        self.runs.append(run)
        self.ended_at.append(asyncio.get_running_loop().time())

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        self.slots.append((state, reason, lateness_seconds))

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(run.reason or run.outcome for run in self.runs)

    def most_in(self, seconds: float) -> int:
        """The most requests with our key that were sent in so many seconds."""
        return max((sum(at <= each < at + seconds for each in self.sent_at) for at in self.sent_at), default=0)


def settings_of(target: Target, every_seconds: float, *scenarios: str, **changes: Any) -> Settings:
    """Shipped scenarios, all played against one target at one interval."""
    probes = tuple(
        Probe(scenario=name, target=target.name, every_seconds=every_seconds, deadline_seconds=30.0)
        for name in scenarios
    )
    service = Service(journal="sqlite:///:memory:")
    settings = Settings(service=service, targets={target.name: target}, probes=probes, scenarios=shipped())
    return replace(settings, **changes)


@asynccontextmanager
async def probing(loop: HastyLoop, settings: Settings, *listeners: Listener) -> AsyncIterator[Probing]:
    """Played while inside."""
    clock = Clock(wall=loop.wall, monotonic=loop.time)
    played = Probing(settings, ledger=MemoryLedger(), listeners=Listeners(*listeners), clock=clock)
    played.start()
    try:
        yield played
    finally:
        await played.drain(5.0)


async def probed(loop: HastyLoop, settings: Settings, minutes: float) -> Minutes:
    """What so many minutes of probing told."""
    heard = Minutes()
    async with probing(loop, settings, heard):
        await asyncio.sleep(minutes * 60)
    return heard
