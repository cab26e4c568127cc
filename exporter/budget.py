"""What the probes of one key plan to send, beside the share of its quota that they may use (design decision 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from probes.model import Probe, Target
from probes.scenario import AttachCard, Scenario
from probes.settings import Settings

_UNKNOWN_LIMIT = 60  # requests a minute, to reckon with until a limit was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One key's. `planned` and `limit` are requests a minute; without a configured `limit` it is reckoned with 60.

    Where targets of one key disagree, the smallest limit and the smallest share count.
    """

    targets: tuple[str, ...]
    planned: float
    share: float
    limit: int | None

    @property
    def allowed(self) -> float:
        """Requests a minute that its probes may send, on average."""
        return (self.limit or _UNKNOWN_LIMIT) * self.share

    @property
    def exceeded(self) -> bool:
        """Whether more is planned; a rounding error is not more."""
        return self.planned > self.allowed * (1 + 1e-9)

    def line(self) -> str:
        """What is planned, and whether that is fine."""
        limit = f"{self.limit}" if self.limit else f"{_UNKNOWN_LIMIT} (quota.limit is not configured)"
        planned, allowed = f"{self.planned:.1f}", f"{self.allowed:.1f}"
        text = f"{self._whose()}: planned {planned} requests a minute; their share of {limit} is {allowed}"
        return f"{text}  WARNING: beyond the share" if self.exceeded else text

    def refusal(self) -> str | None:
        """Why this must not be played, with the way out; only a configured limit is a reason."""
        if self.limit is None or not self.exceeded:
            return None
        slower = math.ceil(self.planned / self.allowed * 10) / 10
        return (
            f"{self._whose()}: the probes plan {self.planned:.1f} requests a minute, and may send {self.allowed:.1f}: "
            f"a share of {self.share:g} of the {self.limit} that quota.limit allows. "
            f"Make every `every` {slower:g} times as long, play fewer scenarios, or raise quota.share"
        )

    def _whose(self) -> str:
        return f"target {self.targets[0]}" if len(self.targets) == 1 else f"targets {', '.join(self.targets)} (one key)"


def budgets(settings: Settings) -> Iterator[Budget]:
    """A budget for each key that has probes: targets with the same key and base URL share one."""
    groups: dict[tuple[str, object], list[Target]] = {}
    for target in settings.targets.values():
        groups.setdefault((target.base_url, target.api_key), []).append(target)
    for targets in groups.values():
        names = tuple(target.name for target in targets)
        probes = [probe for probe in settings.probes if probe.target in names]
        if probes:
            yield _budget(names, targets, _planned(probes, settings.scenarios))


def _budget(names: tuple[str, ...], targets: Sequence[Target], planned: float) -> Budget:
    limits = [target.quota.limit for target in targets if target.quota.limit is not None]
    share = min(target.quota.share for target in targets)
    return Budget(targets=names, planned=planned, share=share, limit=min(limits, default=None))


def _planned(probes: Iterable[Probe], scenarios: Mapping[str, Scenario]) -> float:
    return sum(requests_of(scenarios[probe.scenario]) * 60 / probe.every_seconds for probe in probes)


def requests_of(scenario: Scenario) -> int:
    """How many requests of one run count against the key's quota; the portal's don't."""
    steps = (*scenario.steps, *scenario.cleanup)
    return sum(not isinstance(step.action, AttachCard) for step in steps)
