"""Playing real scenarios against a real server on loopback, with the waits of retries left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Exchange, Ledger, MonitorFault, Portal, Run, RunStart, Target
from probes.redaction import Secret
from probes.runner import Runner
from probes.scenario import Scenario, Step
from probes.scenario_files import shipped
from probes.words import Environment, Leaves


class Heard(Listener):
    """Keeps what a runner told."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.exchanges: list[Exchange] = []
        self.faults: list[MonitorFault] = []

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def run_finished(self, run: Run) -> None:
        self.runs.append(run)

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)


class Deployment(Protocol):
    """A server that stands for the API: the sandbox, or the one written from the guide."""

    api_key: str
    base_url: str
    attach_url: str


def target_for(sandbox: Deployment, **changes: Any) -> Target:
    """A sandbox target for this server."""
    target = Target(
        name="sandbox",
        base_url=sandbox.base_url,
        environment=Environment.SANDBOX,
        api_key=Secret(sandbox.api_key),
        partner="acme",
        portal=Portal(attach_url=sandbox.attach_url),
    )
    return replace(target, **changes)


def scenario_of(*steps: Step, leaves: Leaves = Leaves.SESSION) -> Scenario:
    """A scenario of a test's own."""
    return Scenario(name="own", title="of a test", leaves=leaves, steps=steps)


async def play(
    scenario: str | Scenario,
    target: Target,
    *,
    ledger: Ledger | None = None,
    listener: Listener | None = None,
    deadline_seconds: float = 10.0,
    step_deadline_seconds: float = 5.0,
) -> Run:
    """One run of a shipped scenario, or of one given whole."""
    runner = Runner(
        ledger=ledger or MemoryLedger(), listener=Listeners(*([listener] if listener else [])), uniform=lambda *_: 0.0
    )
    chosen = shipped()[scenario] if isinstance(scenario, str) else scenario
    return await runner.play(
        chosen, target, deadline_seconds=deadline_seconds, step_deadline_seconds=step_deadline_seconds
    )
