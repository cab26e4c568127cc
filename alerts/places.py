"""What incidents need to know of a configuration: where it measures, and how each probe is planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from probes.model import Probe, Target
from probes.words import Environment

Pair = tuple[str, str]
"""A target and a scenario, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often a probe is played, and what share of its runs is to be good; None if nobody knows."""

    every_seconds: float | None = None
    availability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """From where it is measured, what the targets are, and how each (target, scenario) is planned."""

    location: str
    environments: Mapping[str, Environment] = field(default_factory=dict)
    plans: Mapping[Pair, Plan] = field(default_factory=dict)

    @classmethod
    def of(cls, *, location: str, targets: Iterable[Target], probes: Iterable[Probe]) -> Places:
        """Those of a configuration."""
        return cls(
            location=location,
            environments={target.name: target.environment for target in targets},
            plans={
                (probe.target, probe.scenario): Plan(
                    every_seconds=probe.every_seconds, availability=probe.objective.availability
                )
                for probe in probes
            },
        )

    def environment(self, target: str) -> Environment:
        """What a target is; one that nobody knows is taken for production, as everywhere."""
        return self.environments.get(target, Environment.PRODUCTION)

    def plan(self, target: str, scenario: str) -> Plan:
        """How a probe is planned."""
        return self.plans.get((target, scenario), Plan())
