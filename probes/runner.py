"""Plays one scenario against one target, judges it, cleans up, and tells what was seen.

Every run ends with a verdict: the API's fault is `failed`, the monitor's own is `unknown`, and what
must not be played is `skipped`. Deadlines are on the monotonic clock; a run ends within a second of its own.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from probes import safety
from probes.by_hand import CardsByHand
from probes.connectivity import Connectivity, may_be_ours
from probes.correlation import SeenIds
from probes.errors import LedgerUnavailableError, RefusedError
from probes.ledger import answering
from probes.listening import Listener, Listeners
from probes.model import Ledger, MonitorFault, Run, RunStart, StepResult, Target
from probes.performance import Performance
from probes.redaction import Notice, keep_nothing
from probes.requests import Permit, permit_all
from probes.scenario import Scenario
from probes.surroundings import Deadlines, Surroundings
from probes.under_way import UnderWay, run_under_way
from probes.words import FaultKind, Leaves, Outcome, SkipReason

_LEDGER_SECONDS = 5.0

Refusal = tuple[SkipReason, str]
"""Why a run must not start, and the same for people."""

WhyNot = Callable[[Scenario, Target], Refusal | None]


def never(_scenario: Scenario, _target: Target) -> None:
    """Nothing is stopped."""


def new_run_id() -> str:
    """128 random bits as 26 lower-case characters: an id that nobody guesses."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Runner:
    """Plays scenarios. One for a process; many runs may be under way at once, each with a client of its own.

    `notice` hears of secrets that answers show, such as portal tokens, before listeners do: a scrubber's method.
    `stopped` says why a scenario must not be played now, whatever else allows it. `permit` is asked before each request
    is sent, retries too, and may raise RefusedError. `cards` are added by a person where a target has no portal.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        listener: Listener,
        location: str = "local",
        connectivity: Connectivity | None = None,
        notice: Notice = keep_nothing,
        stopped: WhyNot = never,
        permit: Permit = permit_all,
        cards: CardsByHand | None = None,
        now: Callable[[], datetime] = _utc_now,
        uniform: Callable[[float, float], float] = random.uniform,
        new_id: Callable[[], str] = new_run_id,
    ) -> None:
        self._ledger = ledger
        self._connectivity = connectivity or Connectivity()
        self._listener = Listeners(listener, self._connectivity)
        self._surroundings = Surroundings(
            ledger=ledger,
            listener=self._listener,
            seen_ids=SeenIds(),
            notice=notice,
            now=now,
            uniform=uniform,
            permit=permit,
            cards=cards,
        )
        self._stopped = stopped
        self._location = location
        self._now = now
        self._new_id = new_id

    async def play(
        self,
        scenario: Scenario,
        target: Target,
        *,
        deadline_seconds: float = 120.0,
        step_deadline_seconds: float = 30.0,
        recheck: bool = False,
        admit: Callable[[RunStart], Refusal | None] | None = None,
    ) -> Run:
        """One run with its verdict; listeners hear of it, too.

        `admit` is asked just before the run begins, and may refuse it. Raises nothing of its own. A cancelled run is
        closed as `unknown` and told before CancelledError goes on.
        """
        start = RunStart(
            run_id=self._new_id(),
            target=target.name,
            scenario=scenario.name,
            leaves=scenario.leaves,
            started_at=self._now(),
            location=self._location,
            recheck=recheck,
        )
        deadlines = Deadlines(run_seconds=deadline_seconds, step_seconds=step_deadline_seconds)
        with run_under_way(start) as under_way:
            run = await self._judged(scenario, target, under_way, deadlines, admit)
            self._listener.run_finished(run)
        return run

    async def _judged(
        self,
        scenario: Scenario,
        target: Target,
        under_way: UnderWay,
        deadlines: Deadlines,
        admit: Callable[[RunStart], Refusal | None] | None,
    ) -> Run:
        start = under_way.start
        performance: Performance | None = None
        try:
            refusal = self.why_not(scenario, target, start.started_at)
            refusal = refusal or (admit and admit(start)) or await self._begin(start, scenario, target)
            if refusal is not None:
                return _unplayed(start, scenario, Outcome.SKIPPED, *refusal)
            performance = Performance(scenario, target, under_way, self._surroundings, deadlines)
            return await self._unless_offline(start, await performance.play())
        except asyncio.CancelledError:
            self._listener.run_finished(self._cut_off(start, scenario, performance))
            raise
        except Exception as error:  # noqa: BLE001 - ours: the run can't tell
            return self._broken(start, scenario, performance, error)

    def _broken(self, start: RunStart, scenario: Scenario, performance: Performance | None, error: Exception) -> Run:
        if performance is not None:
            performance.stop(error)
            return performance.run()
        detail = f"{type(error).__name__} before the first step"
        self._listener.monitor_fault(MonitorFault.of_run(start, FaultKind.BUG, detail, error))
        return _unplayed(start, scenario, Outcome.UNKNOWN, FaultKind.BUG, detail)

    def _cut_off(self, start: RunStart, scenario: Scenario, performance: Performance | None) -> Run:
        if performance is None:
            detail = "the run was cancelled before its first step"
            return _unplayed(start, scenario, Outcome.UNKNOWN, FaultKind.CANCELLED, detail)
        run = performance.run()
        if not self._connectivity.references or not _lost(run):
            return run
        detail = f"the run was cancelled before it was known whether we are offline; {run.detail}"
        return replace(run, outcome=Outcome.UNKNOWN, reason=FaultKind.CANCELLED, detail=detail)

    def why_not(self, scenario: Scenario, target: Target, now: datetime | None = None) -> Refusal | None:
        """Why this must not be played (design decision 5, or it is stopped); None if it may."""
        refusal = safety.why_not(
            scenario,
            target,
            durable_ledger=self._ledger.durable,
            by_hand=self._surroundings.cards is not None,
            now=now or self._now(),
        )
        return refusal or self._stopped(scenario, target)

    async def _unless_offline(self, start: RunStart, run: Run) -> Run:
        """The run, which can't tell if it lost its connection while nothing else could be reached either."""
        if not _lost(run) or not await self._connectivity.offline():
            return run
        detail = f"we are offline: no reference can be reached ({self._connectivity.references}); {run.detail}"
        self._listener.monitor_fault(MonitorFault.of_run(start, FaultKind.OFFLINE, detail))
        return replace(run, outcome=Outcome.UNKNOWN, reason=FaultKind.OFFLINE, detail=detail)

    async def _begin(self, start: RunStart, scenario: Scenario, target: Target) -> Refusal | None:
        """Let the ledger know. A ledger that can't keep it stops only what leaves a booking (decision 4)."""
        try:
            async with answering(_LEDGER_SECONDS):
                await self._ledger.begin_run(start, safety.booking_cap(scenario, target, start.started_at))
        except RefusedError as refused:
            return SkipReason.SAFETY, str(refused)
        except LedgerUnavailableError as problem:
            if not problem.told:
                self._listener.monitor_fault(MonitorFault.of_run(start, FaultKind.JOURNAL, str(problem)))
            if scenario.leaves is Leaves.BOOKING:
                return SkipReason.JOURNAL, f"{scenario.name} leaves a booking, and intents can't be kept: {problem}"
        self._listener.run_started(start)
        return None


def _lost(run: Run) -> bool:
    """Whether it failed in a way that our own dead uplink would show, too."""
    return run.failed_step is not None and may_be_ours(run.failed_step.failure)


def _unplayed(
    start: RunStart, scenario: Scenario, outcome: Outcome, reason: SkipReason | FaultKind, detail: str
) -> Run:
    return Run(
        run_id=start.run_id,
        target=start.target,
        scenario=start.scenario,
        outcome=outcome,
        reason=reason,
        detail=detail,
        started_at=start.started_at,
        duration_seconds=0.0,
        location=start.location,
        recheck=start.recheck,
        steps=tuple(StepResult(name=step.name, outcome=Outcome.SKIPPED) for step in scenario.steps),
    )
