"""A partner key that is turned away: its probes are held, but for one real run a minute, until it is accepted again.

Design decision 6, and Brek's guardrails for integrators: "stop calls on 401/403 (a key problem)". A hammered dead key
helps nobody, and may trip Brek's alarms; a run a minute keeps the failure in sight, and notices when it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from probes import safety
from probes.listening import Listener
from probes.model import Exchange, Probe, Run, RunStart, Target
from probes.quota import Key, key_of
from probes.scenario import CreateSession, Scenario
from probes.settings import Settings

_TRY_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Held:
    """A key that was turned away, in a run of this scenario against this target."""

    scenario: str
    target: str
    next_try: asyncio.TimerHandle


class KeyWatch(Listener):
    """Hears which keys are turned away and which are accepted. Lives on one event loop.

    `play_extra` plays a probe now, beside its slots.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        play_extra: Callable[[Probe], object],
        try_every_seconds: float = _TRY_EVERY_SECONDS,
    ) -> None:
        self._settings = settings
        self._play_extra = play_extra
        self._try_every = try_every_seconds
        self._held: dict[Key, _Held] = {}
        self._under_way: dict[str, Key] = {}

    def expect(self, settings: Settings) -> None:
        """What is configured now. A key that is configured no more is forgotten."""
        self._settings = settings
        kept = {key_of(target) for target in settings.targets.values()}
        for key in self._held.keys() - kept:
            self._let_go(key)

    def held(self, target: str) -> bool:
        """Whether this target's slots must not be played: its key is turned away."""
        known = self._settings.targets.get(target)
        return known is not None and key_of(known) in self._held

    def close(self) -> None:
        """Try no more."""
        for held in self._held.values():
            held.next_try.cancel()

    def begins(self, start: RunStart, target: Target) -> None:
        """A run begins with this target's key, which may be configured no more by the time that it is answered."""
        self._under_way[start.run_id] = key_of(target)

    def run_finished(self, run: Run) -> None:
        """A run is over."""
        self._under_way.pop(run.run_id, None)

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """One HTTP attempt: the configured key in its configured header was turned away, or was not."""
        target = self._settings.targets.get(start.target)
        if target is None:
            return
        key = key_of(target)
        if self._under_way.get(start.run_id, key) != key:
            return  # begun with another key, before a reload
        if exchange.key_accepted and key in self._held:
            self._let_go(key)
        elif exchange.key_rejected and key not in self._held:
            self._held[key] = _Held(start.scenario, start.target, self._plan_try(key))

    def _let_go(self, key: Key) -> None:
        self._held.pop(key).next_try.cancel()

    def _plan_try(self, key: Key) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._try_every, self._try, key)

    def _try(self, key: Key) -> None:
        held = self._held[key]
        held.next_try = self._plan_try(key)
        probe = self._best_try(key, held)
        if probe is not None:
            self._play_extra(probe)

    def _best_try(self, key: Key, held: _Held) -> Probe | None:
        """The probe that says most with one request: it begins with a session. Else the one that was turned away."""
        probes = [probe for probe in self._settings.probes if key_of(self._settings.targets[probe.target]) == key]
        probes.sort(key=lambda probe: (probe.target, probe.scenario) != (held.target, held.scenario))
        plain = (probe for probe in probes if self._begins_with_session(probe))
        return next(plain, probes[0] if probes else None)

    def _begins_with_session(self, probe: Probe) -> bool:
        scenario, target = self._settings.scenarios[probe.scenario], self._settings.targets[probe.target]
        if safety.why_not(scenario, target, durable_ledger=False) is not None:
            return False
        return _begins_plainly(scenario)


def _begins_plainly(scenario: Scenario) -> bool:
    first = scenario.steps[0]
    return isinstance(first.action, CreateSession) and first.auth is None and not first.expect.status_codes
