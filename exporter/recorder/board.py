"""What the page at `/` shows: each probe with its last outcome, which goes grey when no newer one comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from probes.journal.kept import LastVerdict
from probes.model import Probe, Run, Target
from probes.words import Outcome

_STALE_AFTER_INTERVALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One probe on the page. Every text is ours: names from the configuration, words from closed sets."""

    target: str
    environment: str
    scenario: str
    every_seconds: float
    outcome: str | None = None
    reason: str | None = None
    age_seconds: float | None = None

    @property
    def stale(self) -> bool:
        """Whether the outcome says nothing any more about now."""
        return self.age_seconds is None or self.age_seconds > _STALE_AFTER_INTERVALS * self.every_seconds


@dataclass(frozen=True, slots=True)
class _Last:
    outcome: Outcome
    reason: str | None
    seen_at: float


class Board:
    """Remembers the last run of each configured probe. `now` gives seconds since the epoch."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._probes: tuple[Probe, ...] = ()
        self._environments: dict[str, str] = {}
        self._last: dict[tuple[str, str], _Last] = {}

    def expect(self, targets: Iterable[Target], probes: Iterable[Probe]) -> None:
        """What is configured; what is gone from it is shown no more."""
        self._environments = {target.name: target.environment.value for target in targets}
        self._probes = tuple(sorted(probes, key=lambda probe: (probe.target, probe.scenario)))
        kept = {(probe.target, probe.scenario) for probe in self._probes}
        self._last = {pair: last for pair, last in self._last.items() if pair in kept}

    def saw(self, run: Run) -> None:
        """Whatever its outcome: a page that shows only verdicts would hide that nothing can be told."""
        self._last[run.target, run.scenario] = _Last(run.outcome, run.reason, self._now())

    def restore(self, last: LastVerdict) -> None:
        """What was seen before this process began."""
        self._last[last.target, last.scenario] = _Last(last.outcome, last.reason, last.finished_at.timestamp())

    def rows(self) -> tuple[Row, ...]:
        """The table as it stands."""
        return tuple(self._row(probe) for probe in self._probes)

    def _row(self, probe: Probe) -> Row:
        last = self._last.get((probe.target, probe.scenario))
        return Row(
            target=probe.target,
            environment=self._environments.get(probe.target, ""),
            scenario=probe.scenario,
            every_seconds=probe.every_seconds,
            outcome=None if last is None else last.outcome.value,
            reason=None if last is None else last.reason,
            age_seconds=None if last is None else max(self._now() - last.seen_at, 0.0),
        )
