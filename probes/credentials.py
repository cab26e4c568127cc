"""A partner key that is turned away: its probes are held, but for one real run a minute, until it is accepted again.

Design decision 6, and Brek's guardrails for integrators: "stop calls on 401/403 (a key problem)". A hammered dead key
helps nobody, and may trip Brek's alarms; a run a minute keeps the failure in sight, and notices when it is over.
What is held is a key in its configured header: the same key may be accepted in another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from probes.listening import Listener
from probes.model import Exchange, Probe, Run, RunStart, Target
from probes.quota import Key, key_of, requests_of
from probes.scenario import CreateSession, Scenario
from probes.settings import Settings
from probes.words import AuthHeader

_TRY_EVERY_SECONDS = 60.0

Sent = tuple[Key, AuthHeader]
"""A key as it is sent."""


def _sent_by(target: Target) -> Sent:
    return key_of(target), target.auth_header


@dataclass(slots=True)
class _Held:
    """A key that was turned away, in a run of this scenario against this target; `tries` were made since."""

    scenario: str
    target: str
    next_try: asyncio.TimerHandle
    tries: int = 0


class KeyWatch(Listener):
    """Hears which keys are turned away and which are accepted. Lives on one event loop.

    `play_extra` plays a probe now, beside its slots. `why_not` says why a run must not start, whatever its key.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        play_extra: Callable[[Probe], object],
        why_not: Callable[[Scenario, Target], object | None],
        try_every_seconds: float = _TRY_EVERY_SECONDS,
    ) -> None:
        self._settings = settings
        self._play_extra = play_extra
        self._why_not = why_not
        self._try_every = try_every_seconds
        self._held: dict[Sent, _Held] = {}
        self._under_way: dict[str, Sent] = {}

    def expect(self, settings: Settings) -> None:
        """What is configured now. A key that is no more is forgotten, and what replaces a held one is tried at once."""
        before, self._settings = self._settings, settings
        now = {name: _sent_by(target) for name, target in settings.targets.items()}
        replaced = {
            now[name]: name
            for name, target in before.targets.items()
            if _sent_by(target) in self._held and name in now and now[name] not in self._held
        }
        for sent in self._held.keys() - set(now.values()):
            self._let_go(sent)
        for sent, name in replaced.items():
            probe = next(iter(self._candidates(sent, name)), None)
            if probe is not None:
                asyncio.get_running_loop().call_soon(self._play_extra, probe)  # once all others know the settings, too

    def held(self, probe: Probe) -> bool:
        """Whether this probe's slots must not be played: its key is turned away, and it would send it."""
        target = self._settings.targets.get(probe.target)
        return target is not None and _sent_by(target) in self._held and self._sends_key(probe)

    def close(self) -> None:
        """Try no more."""
        for held in self._held.values():
            held.next_try.cancel()

    def begins(self, start: RunStart, target: Target) -> None:
        """A run begins with this target's key, which may be configured no more by the time that it is answered."""
        self._under_way[start.run_id] = _sent_by(target)

    def run_finished(self, run: Run) -> None:
        """A run is over."""
        self._under_way.pop(run.run_id, None)

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """One HTTP attempt: the configured key in its configured header was turned away, or was not."""
        target = self._settings.targets.get(start.target)
        if target is None:
            return
        sent = _sent_by(target)
        if self._under_way.get(start.run_id, sent) != sent:
            return  # begun with another key, before a reload
        if exchange.key_accepted and sent in self._held:
            self._let_go(sent)
        elif exchange.key_rejected and sent not in self._held:
            self._held[sent] = _Held(start.scenario, start.target, self._plan_try(sent))

    def _let_go(self, sent: Sent) -> None:
        self._held.pop(sent).next_try.cancel()

    def _plan_try(self, sent: Sent) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._try_every, self._try, sent)

    def _try(self, sent: Sent) -> None:
        """The probes of a key try it in turn: one that can't be played now, or proves nothing, must not stand alone."""
        held = self._held[sent]
        held.next_try = self._plan_try(sent)
        probes = self._candidates(sent, held.target, held.scenario)
        if probes:
            self._play_extra(probes[held.tries % len(probes)])
        held.tries += 1

    def _candidates(self, sent: Sent, target: str, scenario: str | None = None) -> list[Probe]:
        """The probes that may try a key: first those that say most with one request, for they begin with a session.

        Among equals, the given target's and scenario's come first.
        """
        probes = [probe for probe in self._settings.probes if self._may_try(probe, sent)]
        return sorted(
            probes,
            key=lambda probe: (
                not _begins_plainly(self._settings.scenarios[probe.scenario]),
                probe.target != target,
                probe.scenario != scenario,
            ),
        )

    def _may_try(self, probe: Probe, sent: Sent) -> bool:
        scenario, target = self._settings.scenarios[probe.scenario], self._settings.targets[probe.target]
        return _sent_by(target) == sent and self._sends_key(probe) and self._why_not(scenario, target) is None

    def _sends_key(self, probe: Probe) -> bool:
        return requests_of(self._settings.scenarios[probe.scenario]) > 0


def _begins_plainly(scenario: Scenario) -> bool:
    first = scenario.steps[0]
    return isinstance(first.action, CreateSession) and first.auth is None and not first.expect.status_codes
