"""What the probes of one key plan to send, beside the share of its quota that they may use (design decision 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from probes.model import Probe
from probes.quota import AVERAGE_SECONDS, UNKNOWN_LIMIT, requests_of, shared_quota, targets_by_key
from probes.scenario import Scenario
from probes.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One key's. `planned` and `limit` are requests a minute; without a configured `limit` it is reckoned with 60.

    `longest` is how many requests the longest of its scenarios sends.
    """

    targets: tuple[str, ...]
    planned: float
    longest: int
    share: float
    limit: int | None

    @property
    def allowed(self) -> float:
        """Requests a minute that its probes may send, on average."""
        return (self.limit or UNKNOWN_LIMIT) * self.share

    @property
    def exceeded(self) -> bool:
        """Whether more is planned; a rounding error is not more."""
        return self.planned > self.allowed * (1 + 1e-9)

    @property
    def outgrown(self) -> bool:
        """Whether a run alone would take more than the share of the ten minutes that are looked at: it never starts."""
        return self.longest > self.allowed * AVERAGE_SECONDS / 60 * (1 + 1e-9)

    def line(self) -> str:
        """What is planned, and whether that is fine."""
        limit = f"{self.limit}" if self.limit else f"{UNKNOWN_LIMIT} (quota.limit is not configured)"
        planned, allowed = f"{self.planned:.1f}", f"{self.allowed:.1f}"
        text = f"{self._whose()}: planned {planned} requests a minute; their share of {limit} is {allowed}"
        if self.outgrown:
            return f"{text}  WARNING: a run of {self.longest} requests is beyond the share of ten minutes"
        return f"{text}  WARNING: beyond the share" if self.exceeded else text

    def refusal(self) -> str | None:
        """Why this must not be played, with the way out; only a configured limit is a reason."""
        if self.limit is None or not (self.exceeded or self.outgrown):
            return None
        if self.outgrown:
            return (
                f"{self._whose()}: a run of {self.longest} requests could never start: in ten minutes the probes "
                f"may send {self.allowed * AVERAGE_SECONDS / 60:g}, a share of {self.share:g} of the {self.limit} "
                "a minute that quota.limit allows. Raise quota.share, or play shorter scenarios"
            )
        slower = math.ceil(self.planned / self.allowed * 10) / 10
        return (
            f"{self._whose()}: the probes plan {self.planned:.1f} requests a minute, and may send {self.allowed:.1f}: "
            f"a share of {self.share:g} of the {self.limit} that quota.limit allows. "
            f"Make every `every` {slower:g} times as long, play fewer scenarios, or raise quota.share"
        )

    def _whose(self) -> str:
        return f"target {self.targets[0]}" if len(self.targets) == 1 else f"targets {', '.join(self.targets)} (one key)"


def budgets(settings: Settings) -> Iterator[Budget]:
    """A budget for each key that has probes."""
    for targets in targets_by_key(settings.targets.values()).values():
        names = tuple(target.name for target in targets)
        probes = [probe for probe in settings.probes if probe.target in names]
        if probes:
            quota = shared_quota(targets)
            planned = _planned(probes, settings.scenarios)
            longest = max(requests_of(settings.scenarios[probe.scenario]) for probe in probes)
            yield Budget(targets=names, planned=planned, longest=longest, share=quota.share, limit=quota.limit)


def _planned(probes: Iterable[Probe], scenarios: Mapping[str, Scenario]) -> float:
    return sum(requests_of(scenarios[probe.scenario]) * 60 / probe.every_seconds for probe in probes)
