"""What the page at `/` tells of: each probe as it stands, its last day, and what goes on on its target.

Changed on the event loop alone. Whoever reads it in a thread finds each probe as it was before a run or after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from exporter.recorder.sights import LastJudged, Sight, Untold, after_run, after_skip, failed_of
from exporter.recorder.strips import Strip
from probes.incident import Incident
from probes.journal.kept import LastVerdict
from probes.model import Probe, Run, Target
from probes.settings import Maintenance
from probes.words import GOOD_OUTCOMES, FaultKind, Standing

_STALE_AFTER_INTERVALS = 2
_DAY = timedelta(days=1)
_CLOCK_SLACK = timedelta(seconds=2)  # two machines that share a journal agree no better

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One probe as it stands. `age_seconds` is how long ago its last judged run ended; None if that can't be told."""

    target: str
    environment: str
    scenario: str
    every_seconds: float
    sight: Sight
    age_seconds: float | None = None

    @property
    def outcome(self) -> str | None:
        """That of the last judged run."""
        return None if self.sight.judged is None else self.sight.judged.outcome.value

    @property
    def stale(self) -> bool:
        """Whether what it said says nothing any more about now."""
        return self.age_seconds is None or self.age_seconds > _STALE_AFTER_INTERVALS * self.every_seconds

    @property
    def standing(self) -> Standing:
        """What it says about now."""
        if self.stale or self.sight.judged is None:
            return Standing.STALE
        return Standing.GOOD if self.sight.judged.outcome in GOOD_OUTCOMES else Standing.FAILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was seen of a probe before this process began, as far as its last day goes."""

    strip: Strip
    first_at: datetime
    last_failed_at: datetime | None = None
    untold: Untold | None = None


class Board:
    """Remembers each configured probe. `now` gives seconds since the epoch, `monotonic` those of a clock never set."""

    def __init__(
        self, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._probes: tuple[Probe, ...] = ()
        self._environments: Mapping[str, str] = {}
        self._sights: dict[Pair, Sight] = {}
        self.incidents: tuple[Incident, ...] = ()
        self.stopped: Mapping[str, str] = {}
        self.troubles: Mapping[FaultKind, str] = {}
        self.maintenance: tuple[Maintenance, ...] = ()
        self._uncounted_before: datetime | None = None

    def expect(self, targets: Iterable[Target], probes: Iterable[Probe]) -> None:
        """What is configured; what is gone from it is shown no more."""
        self._environments = {target.name: target.environment.value for target in targets}
        self._probes = tuple(sorted(probes, key=lambda probe: (probe.target, probe.scenario)))
        begun_at, before = self.now(), self._sights
        pairs = [(probe.target, probe.scenario) for probe in self._probes]
        self._sights = {pair: before.get(pair) or Sight(begun_at=begun_at) for pair in pairs}
        self.stopped = {target: reason for target, reason in self.stopped.items() if target in self._environments}

    def now(self) -> datetime:
        """By the clock that tells of its ages."""
        return datetime.fromtimestamp(self._now(), UTC)

    def saw(self, run: Run, *, counted: bool) -> None:
        """A run has ended; `counted` says whether it is for the objective."""
        pair = (run.target, run.scenario)
        if (sight := self._sights.get(pair)) is not None:
            seen = after_run(sight, run, ended_at=self.now(), seen_at=self._monotonic(), counted=counted)
            self._sights[pair] = seen

    def missed(self, probe: Probe, reason: str | None) -> None:
        """A planned start came to no run at all."""
        pair = (probe.target, probe.scenario)
        if (sight := self._sights.get(pair)) is not None:
            self._sights[pair] = after_skip(sight, reason, at=self.now())

    def has_stopped(self, target: str, reason: str | None) -> None:
        """What may book is stopped there, and why; None: no more."""
        others = {name: why for name, why in self.stopped.items() if name != target}
        self.stopped = others if reason is None else others | {target: reason}

    def has_trouble(self, kind: FaultKind, detail: str | None) -> None:
        """The monitor itself is not well there; None: it is again."""
        others = {other: why for other, why in self.troubles.items() if other != kind}
        self.troubles = others if detail is None else others | {kind: detail}

    def restore(self, last: LastVerdict) -> None:
        """What was known of a probe before this process began."""
        pair = (last.target, last.scenario)
        if (sight := self._sights.get(pair)) is None:
            return
        age = self.now() - last.finished_at
        judged = LastJudged(
            outcome=last.outcome,
            reason=last.reason,
            ended_at=last.finished_at,
            seen_at=None if age < -_CLOCK_SLACK else self._monotonic() - age.total_seconds(),
            since=last.since,
            run_id=last.run_id,
        )
        begun_at = sight.begun_at if last.first_at is None else min(sight.begun_at, last.first_at)
        self._sights[pair] = replace(sight, judged=judged, begun_at=begun_at)

    def restore_past(self, past: Mapping[Pair, Past]) -> None:
        """What the last day looked like, behind `restore`."""
        for pair in past.keys() & self._sights.keys():
            sight, known = self._sights[pair], past[pair]
            self._sights[pair] = replace(
                sight,
                strip=known.strip,
                untold=known.untold,
                last_failed_at=known.last_failed_at,
                begun_at=min(sight.begun_at, known.first_at),
            )

    def restore_nothing(self) -> None:
        """What the last day looked like can't be known: strips and shares are of what is seen from now on."""
        self._uncounted_before = self.now()

    @property
    def uncounted_before(self) -> datetime | None:
        """What was measured before it is not on the strips, for as long as that is within their day."""
        before = self._uncounted_before
        return None if before is None or self.now() - before > _DAY else before

    def restore_failed(self, runs: Iterable[Run]) -> None:
        """Why the probes fail of which these are the last runs."""
        for run in runs:
            pair = (run.target, run.scenario)
            sight = self._sights.get(pair)
            if sight is not None and sight.judged is not None and sight.judged.run_id == run.run_id:
                self._sights[pair] = replace(sight, judged=replace(sight.judged, failed=failed_of(run)))

    def rows(self) -> tuple[Row, ...]:
        """All probes, by target and scenario. In any thread."""
        now, tick, environments, sights = self.now(), self._monotonic(), self._environments, self._sights
        return tuple(
            Row(
                target=probe.target,
                environment=environments.get(probe.target, ""),
                scenario=probe.scenario,
                every_seconds=probe.every_seconds,
                sight=sight,
                age_seconds=_age_seconds(sight.judged, now, tick),
            )
            for probe in self._probes
            if (sight := sights.get((probe.target, probe.scenario))) is not None
        )


def _age_seconds(judged: LastJudged | None, now: datetime, tick: float) -> float | None:
    """By the clock that says it is older: one of them may have been set back, the other stands while we sleep."""
    if judged is None or judged.seen_at is None:
        return None
    return max((now - judged.ended_at).total_seconds(), tick - judged.seen_at)
