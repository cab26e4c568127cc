"""What is configured, and what a change of the configuration makes of it: which series must go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporter.recorder.series import Pair
from probes.model import Probe, Target
from probes.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Targets by name; probes by target and scenario, each with what it plays."""

    location: str = ""
    targets: Mapping[str, Target] = field(default_factory=dict)
    probes: Mapping[Pair, tuple[Probe, Scenario | None]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, targets: Iterable[Target], probes: Iterable[Probe], scenarios: Mapping[str, Scenario], location: str
    ) -> Configured:
        """The same, looked up by name."""
        return cls(
            location=location,
            targets={target.name: target for target in targets},
            probes={(probe.target, probe.scenario): (probe, scenarios.get(probe.scenario)) for probe in probes},
        )

    def steps(self) -> dict[Pair, frozenset[str]]:
        """The names of each probe's steps, cleanup too; without the probes whose scenario nobody knows."""
        return {
            pair: frozenset(step.name for step in (*scenario.steps, *scenario.cleanup))
            for pair, (_, scenario) in self.probes.items()
            if scenario is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What one configuration had and the next has not; `steps` are those that the next one has.

    `lost_steps` are of probes that stay.
    """

    targets: frozenset[str]
    pairs: frozenset[Pair]
    steps: Mapping[Pair, frozenset[str]]
    lost_steps: frozenset[tuple[Pair, str]]

    @property
    def anything(self) -> bool:
        """Whether anything is gone at all."""
        return bool(self.targets or self.pairs or self.lost_steps)

    @classmethod
    def between(cls, before: Configured, after: Configured) -> Gone:
        """Compares two configurations."""
        targets, pairs = before.targets.keys() - after.targets.keys(), before.probes.keys() - after.probes.keys()
        old, new = before.steps(), after.steps()
        lost = ((pair, name) for pair, names in old.items() for name in names - new.get(pair, names))
        return cls(
            targets=frozenset(targets),
            pairs=frozenset(pairs),
            steps=new,
            lost_steps=frozenset(lost),
        )

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels tells of something that is configured no more."""
        target, scenario, step = labels.get("target"), labels.get("scenario"), labels.get("step")
        if target is None:
            return False
        if scenario is None:
            return target in self.targets
        pair = (target, scenario)
        if target in self.targets or pair in self.pairs:
            return True
        return step is not None and pair in self.steps and step not in self.steps[pair]
