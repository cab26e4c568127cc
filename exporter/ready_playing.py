"""Plays the plan of a readiness check, one conversation after the other, and keeps what was heard."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.kept_runs import without_bodies
from exporter.ready_cap import RequestCap
from exporter.signals import stop_signals
from exporter.terminal import LiveRun
from probes.connectivity import may_be_ours
from probes.listening import Listener
from probes.model import Exchange, MonitorFault, Run, RunStart, StepResult, Target
from probes.quota import requests_of
from probes.readiness.checks import Heard
from probes.readiness.model import Plan
from probes.runner import Runner
from probes.scenario import Scenario
from probes.turns import Turns
from probes.words import FailureKind, FaultKind, Operation

_DEADLINE_SECONDS = 120.0
_KEY_KINDS = frozenset({FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED})
_LOST_IN_A_ROW = 2
_WAITED_IN_VAIN = 2
_READ = frozenset({Operation.GET_SESSION})  # checks read the tenant and the moments in a snapshot
_INTERRUPTED = "it was interrupted"


class Hearing(Listener):
    """Keeps runs, faults of our own, and the limit that the API told last."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.faults: list[MonitorFault] = []
        self.limit_told: int | None = None

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """One HTTP attempt is over."""
        if exchange.answer is not None and exchange.tells_own_quota and exchange.answer.ratelimit_limit:
            self.limit_told = exchange.answer.ratelimit_limit

    def run_finished(self, run: Run) -> None:
        """A run has its verdict."""
        self.runs.append(without_bodies(run, keep=_READ))

    def monitor_fault(self, fault: MonitorFault) -> None:
        """We are at fault."""
        self.faults.append(fault)

    def heard(self, requests_sent: int, broken_off: str | None) -> Heard:
        """All of it so far, frozen."""
        return Heard(
            runs=tuple(self.runs),
            faults=tuple(self.faults),
            requests_sent=requests_sent,
            broken_off=broken_off,
            limit_told=self.limit_told,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """All that it takes to play a plan."""

    plan: Plan
    scenarios: Mapping[str, Scenario]
    target: Target
    runner: Runner
    turns: Turns
    cap: RequestCap
    hearing: Hearing
    view: LiveRun


def in_turns(plan: Plan) -> Iterator[str]:
    """The names of what is played, a b a b: a bad minute of the API then falls on all scenarios alike."""
    for number in range(max((planned.times for planned in plan.scenarios), default=0)):
        yield from (planned.name for planned in plan.scenarios if number < planned.times)


async def play(playing: Playing) -> str | None:
    """Plays to the end, and returns None; or else why it was broken off.

    Ctrl-C and SIGTERM end the run under way, which cleans up and is told as `unknown`.
    """
    names = tuple(in_turns(playing.plan))
    waits = Waits(playing.target.quota.reserve)
    async with stop_signals(patience=0):
        for number, name in enumerate(names, start=1):
            waited = await _play_one(playing, playing.scenarios[name])
            waits.played(playing.hearing.runs[-1], waited=waited)
            why = playing.cap.reached or hopeless(playing.hearing.runs) or waits.in_vain
            if why is not None and number < len(names):
                return why
        return playing.cap.reached
    runs = playing.hearing.runs
    over = len(runs) == len(names) and runs[-1].reason is not FaultKind.CANCELLED
    return None if over else _INTERRUPTED


async def _play_one(playing: Playing, scenario: Scenario) -> bool:
    """Whether it had to wait for the key's quota first."""
    view, target, waits = playing.view, playing.target, list[str]()

    def waiting(seconds: float, why: str) -> None:
        waits.append(why)
        view.say(f"Waiting {math.ceil(seconds)} s, before {scenario.name} is played: {why}")

    with await playing.turns.when_free(target, requests_of(scenario), waiting=waiting) as turn:
        await playing.runner.play(scenario, target, deadline_seconds=_DEADLINE_SECONDS, admit=turn.admit)
    return bool(waits)


class Waits:
    """Whether it helps to wait for the key's minute quota: a minute without a request of ours should make room."""

    def __init__(self, reserve: float) -> None:
        self._reserve = reserve
        self._fruitless = 0

    def played(self, run: Run, *, waited: bool) -> None:
        """A run is over, for whose turn we had to wait, or not."""
        self._fruitless = self._fruitless + 1 if waited and self._no_room_at_the_start(run) else 0

    @property
    def in_vain(self) -> str | None:
        """Why the rest need not be waited for; None while waiting helps."""
        if self._fruitless < _WAITED_IN_VAIN:
            return None
        return (
            f"{_WAITED_IN_VAIN} times in a row a minute of waiting made no room in the key's quota, so the "
            "rest was not sent: others use it up, or x-ratelimit-remaining is not true"
        )

    def _no_room_at_the_start(self, run: Run) -> bool:
        exchanges = (exchange for step in run.steps for exchange in step.exchanges)
        answer = next((each.answer for each in exchanges if each.answer is not None and each.tells_own_quota), None)
        if answer is None or answer.ratelimit_remaining is None or not answer.ratelimit_limit:
            return False
        return answer.ratelimit_remaining <= self._reserve * answer.ratelimit_limit


def hopeless(runs: list[Run]) -> str | None:
    """Why the rest need not be sent: the key itself is turned away, or nobody answers. The guide: stop on 401/403."""
    first_steps = [run.steps[0] for run in runs[-_LOST_IN_A_ROW:] if run.steps]
    if first_steps and _turned_away(first_steps[-1]):
        return "the key was turned away, so the rest was not sent"
    if len([step for step in first_steps if may_be_ours(step.failure)]) == _LOST_IN_A_ROW:
        return f"{_LOST_IN_A_ROW} conversations in a row lost their first request, so the rest was not sent"
    return None


def _turned_away(step: StepResult) -> bool:
    sent = step.own_exchange
    own = sent is not None and sent.own_key and sent.own_style
    return own and step.failure is not None and step.failure.kind in _KEY_KINDS
