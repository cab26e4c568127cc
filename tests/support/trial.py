"""Thousands of random runs at once: servers whose faults change, a ledger and a listener that fail, runs cut off."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack
from random import Random

from support.facts import a_probe
from support.playing import Heard, target_for

from exporter.recorder import Recorder
from probes.errors import LedgerUnavailableError
from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Booking, BookingCap, Exchange, Intent, Run, RunStart, Target
from probes.redaction import Secret
from probes.runner import Runner
from probes.sandbox.faults import STEPS
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.scenario_files import shipped
from probes.words import Environment, Leaves

RUNS = 3_200
AT_ONCE = 50
_COUNT = re.compile(r"^brek_probe_(runs|runs_started|runs_under)_(?:total|way)\{(.*?)\} (\S+)$", re.MULTILINE)
_PAIR = re.compile(r'(?:target|scenario)="([^"]*)"')


class InjectedError(RuntimeError):
    """The only bug that may show."""


class MoodyLedger(MemoryLedger):
    """Fails now and then, in each way that a ledger can."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance

    async def _maybe_fail(self) -> None:
        match self._chance.randrange(120):
            case 0:
                raise InjectedError("a bug of ours")
            case 1 | 2:
                raise LedgerUnavailableError("the disk is full")
            case 3:
                await asyncio.sleep(0.02)

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        await self._maybe_fail()

    async def intend(self, intent: Intent) -> None:
        await self._maybe_fail()

    async def book(self, booking: Booking) -> None:
        await self._maybe_fail()


class MoodyListener(Listener):
    """Raises now and then, and hears before the recorder does."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def _maybe_fail(self, *_: object) -> None:
        if self._chance.randrange(50) == 0:
            raise InjectedError("a bug of a listener")

    def run_started(self, start: RunStart) -> None:
        self._maybe_fail()

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        self._maybe_fail()

    def run_finished(self, run: Run) -> None:
        self._maybe_fail()


class Trial:
    """The servers, the runner and what was heard; faults change while runs are under way."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - the same choices in every run of the test
        self.heard = Heard()
        self.recorder = Recorder()
        self.sandboxes: list[SandboxServer] = []
        self.targets: list[Target] = []
        self.scenarios = tuple(shipped().values())
        self.weights = [4 if scenario.leaves is Leaves.BOOKING else 1 for scenario in self.scenarios]
        self.scrapes = 0
        self.runner = Runner(
            ledger=MoodyLedger(self.chance),
            listener=Listeners(MoodyListener(self.chance), self.recorder, self.heard),
            uniform=lambda *_: 0.0,
        )

    async def play_all(self) -> None:
        async with AsyncExitStack() as stack:
            for quota in (10**6, 600):
                sandbox = SandboxServer(minute_quota=quota, slow_seconds=0.03)
                self.sandboxes.append(await stack.enter_async_context(sandbox))
            self._expect_targets()
            meanwhile = [asyncio.create_task(each) for each in (self._change_faults(), self._scrape())]
            await asyncio.gather(*(self._play(RUNS // AT_ONCE) for _ in range(AT_ONCE)))
            for task in meanwhile:
                task.cancel()
            results = await asyncio.gather(*meanwhile, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results

    def _expect_targets(self) -> None:
        plain, limited = self.sandboxes
        other = Secret(plain.other_api_key or "")
        self.targets = [
            target_for(plain, name="plain", other_api_key=other),
            target_for(limited, name="limited"),
            target_for(plain, name="live", environment=Environment.PRODUCTION),
            target_for(plain, name="no_portal", portal=None),
        ]
        probes = [a_probe(target=target.name, scenario=name) for target in self.targets for name in shipped()]
        self.recorder.expect(self.targets, probes, shipped(), "eu-1")

    async def _change_faults(self) -> None:
        while True:
            for sandbox in self.sandboxes:
                names = self.chance.choices(list(FaultName), k=self.chance.choice((0, 1, 1, 3)))
                sandbox.set_faults(f"{name}@{self.chance.choice(STEPS)}" for name in names)
            await asyncio.sleep(0.02)

    async def _play(self, runs: int) -> None:
        for _ in range(runs):
            await self._play_one()

    async def _play_one(self) -> None:
        target = self.chance.choices(self.targets, weights=(8, 3, 1, 1))[0]
        scenario = self.chance.choices(self.scenarios, weights=self.weights)[0]
        seconds = self.chance.choice((0.02, 0.3, 1.0, 1.0))
        playing = asyncio.create_task(
            self.runner.play(scenario, target, deadline_seconds=seconds, step_deadline_seconds=min(seconds, 0.15))
        )
        if self.chance.randrange(10) == 0:
            await asyncio.sleep(self.chance.uniform(0.0, 0.02))
            playing.cancel()
        await asyncio.wait([playing])
        assert playing.cancelled() or playing.exception() is None

    async def _scrape(self) -> None:
        while True:
            counts = run_counts(self.recorder.render("")[0].decode())
            assert all(started == ended + under_way for started, ended, under_way in counts.values()), counts
            self.scrapes += 1
            await asyncio.sleep(0.15)


def run_counts(text: str) -> dict[tuple[str, ...], tuple[float, float, float]]:
    """Of each probe: runs that began, that ended, that are under way."""
    sums: dict[tuple[str, ...], Counter[str]] = {}
    for name, labels, value in _COUNT.findall(text):
        sums.setdefault(tuple(_PAIR.findall(labels)), Counter())[name] += float(value)  # type: ignore[assignment]
    return {pair: (each["runs_started"], each["runs"], each["runs_under"]) for pair, each in sums.items()}
