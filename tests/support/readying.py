"""What `ready` would make of a deployment: its plan played with the real runner, then all checks and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from support.playing import Heard as Listening
from support.playing import target_for

from probes import safety
from probes.connectivity import Connectivity
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.model import Ledger, Run, Target
from probes.readiness.checks import Heard, checks_of
from probes.readiness.model import Check, Plan, Waiver
from probes.readiness.planning import Options, plan_of
from probes.readiness.verdict import verdict_of
from probes.readiness.words import CheckState, Verdict
from probes.redaction import Secret
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario import Scenario
from probes.scenario_files import shipped

PARTNER = "demo-partner"  # as the sandbox names its first partner in x-partner-id
TODAY = date(2026, 11, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readied:
    """All that came of it."""

    plan: Plan
    heard: Heard
    checks: tuple[Check, ...]
    verdict: Verdict
    sentence: str

    def check(self, check_id: str) -> Check:
        """One check."""
        return next(check for check in self.checks if check.check_id == check_id)

    def state(self, check_id: str) -> CheckState:
        """How it ended."""
        return self.check(check_id).state

    @property
    def failed(self) -> list[str]:
        """The ids of the failed checks, in order."""
        return [check.check_id for check in self.checks if check.state is CheckState.FAILED]


def planned(target: Target, known: Mapping[str, Scenario] | None = None, **options: Any) -> Plan:
    """The plan for these options, as a runner with a durable ledger lets it be."""
    asked = Options(**options)
    why_not = partial(safety.why_not, durable_ledger=True, by_hand=asked.by_hand)
    return plan_of(target, known or shipped(), asked, why_not=why_not)


def judged(
    target: Target, heard: Heard, *, waivers: Iterable[Waiver] = (), now: datetime | None = None, **options: Any
) -> Readied:
    """What checks and verdict say of runs."""
    plan, moment = planned(target, **options), now or datetime.now(UTC)
    checks = checks_of(plan, target, heard, Options(**options), waivers, today=TODAY, now=moment)
    verdict, sentence = verdict_of(plan, checks, heard)
    return Readied(plan=plan, heard=heard, checks=checks, verdict=verdict, sentence=sentence)


async def played(
    target: Target,
    *,
    ledger: Ledger | None = None,
    waivers: Iterable[Waiver] = (),
    references: Sequence[str] = (),
    **options: Any,
) -> Readied:
    """The whole of it, all runs at once."""
    listening = Listening()
    runner = Runner(
        ledger=ledger or MemoryLedger(),
        listener=Listeners(listening),
        connectivity=Connectivity(references),
        uniform=lambda *_: 0.0,
    )

    async def play(name: str) -> Run:
        return await runner.play(shipped()[name], target, deadline_seconds=3.0, step_deadline_seconds=1.0)

    names = [each.name for each in planned(target, **options).scenarios for _ in range(each.times)]
    runs = await asyncio.gather(*(play(name) for name in names))
    heard = Heard(runs=tuple(runs), faults=tuple(listening.faults), requests_sent=len(listening.exchanges))
    return judged(target, heard, waivers=waivers, **options)


def ready_target(sandbox: SandboxServer, **changes: Any) -> Target:
    """The sandbox's first partner, with the second one's key for trying isolation."""
    return target_for(sandbox, **{"partner": PARTNER, "other_api_key": Secret(sandbox.other_api_key or ""), **changes})


async def with_faults(*faults: str, target: Mapping[str, Any] | None = None, **options: Any) -> Readied:
    """A sandbox that misbehaves so, asked whether it is ready."""
    async with SandboxServer(faults=faults, slow_seconds=0.05) as sandbox:
        return await played(ready_target(sandbox, **(target or {})), **options)
