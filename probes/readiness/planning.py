"""What `ready` will play against a target, and what it leaves out and why: said before a byte is sent. Pure.

In a sandbox that is every scenario; in production only what does no harm, and nothing that may spend money.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from probes import safety
from probes.errors import UsageError
from probes.model import Target
from probes.quota import UNKNOWN_LIMIT, requests_of
from probes.readiness.model import LeftOut, Plan, PlannedScenario
from probes.redaction import quoted
from probes.scenario import Repeat, Scenario, Step
from probes.words import Environment, Operation, OtherKey, SkipReason

WhyNot = Callable[[Scenario, Target], tuple[SkipReason, str] | None]
"""Why a scenario must not be played, a reason and a sentence: `Runner.why_not`."""

_LONGEST_NAME = 80
_NOUNS: Mapping[Operation, str] = {
    Operation.CREATE_SESSION: "session",
    Operation.SEND_EVENT: "turn",
    Operation.GET_SESSION: "snapshot",
    Operation.ATTACH_CARD: "test card",
    Operation.GET_OPENAPI: "published file",
    Operation.GET_LLMS: "published file",
}
_ON_PURPOSE = "request that must be refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person asked for. `scenarios`: all that the environment allows, if empty.

    `least` is the share of good runs of a scenario that counts as good, `by_hand` that a person attaches cards where no
    portal is configured: `why_not` knows of it, too. `objectives` are the configured probes' latency objectives in
    seconds, by scenario.
    """

    scenarios: tuple[str, ...] = ()
    peak_sessions_per_minute: float | None = None
    latency_budget_seconds: float | None = None
    repeat: int = 1
    least: Fraction = Fraction(1)
    by_hand: bool = False
    max_requests: int | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)


def plan_of(target: Target, scenarios: Mapping[str, Scenario], options: Options, *, why_not: WhyNot) -> Plan:
    """The plan for this target. Raises UsageError for a scenario that there is not."""
    planned: list[PlannedScenario] = []
    left_out: list[LeftOut] = []
    asked = set(_known(options.scenarios, scenarios))
    for scenario in scenarios.values():
        why = _left_out(scenario, target, asked, why_not)
        if why is not None:
            left_out.append(why)
        else:
            planned.append(_planned(_as_played(scenario, target), options.repeat))
    return Plan(
        target=target.name,
        base_url=target.base_url,
        environment=target.environment,
        scenarios=tuple(planned),
        left_out=tuple(left_out),
        requests=sum(each.requests * each.times for each in planned),
        limit=target.quota.limit or UNKNOWN_LIMIT,
        limit_known=target.quota.limit is not None,
    )


def _known(names: Iterable[str], scenarios: Mapping[str, Scenario]) -> Iterable[str]:
    for name in names:
        if name not in scenarios:
            near = difflib.get_close_matches(name[:_LONGEST_NAME], scenarios, n=1)
            meant = f'did you mean "{near[0]}"? ' if near else ""
            raise UsageError(
                f'there is no scenario "{quoted(name, _LONGEST_NAME)}"; {meant}Known are {", ".join(scenarios)}'
            )
        yield name


def _left_out(scenario: Scenario, target: Target, asked: set[str], why_not: WhyNot) -> LeftOut | None:
    name = scenario.name
    if asked and name not in asked:
        return LeftOut(name=name, why="it was not asked for", cannot_tell=False)
    production = target.environment is Environment.PRODUCTION
    if production and safety.may_spend(scenario):
        return LeftOut(name=name, why=_spends(scenario, target), cannot_tell=False)
    if not asked and not safety.played_unasked(name, target):
        why = f"production plays it only if it is asked for by name: --scenario {name}"
        return LeftOut(name=name, why=why, cannot_tell=False)
    refusal = why_not(scenario, target)
    return None if refusal is None else LeftOut(name=name, why=refusal[1], cannot_tell=True)


def _spends(scenario: Scenario, target: Target) -> str:
    """The readiness check never spends money, whatever a target's probes may do."""
    return (
        f"{scenario.name} may book, attach a card or write, and target {target.name} is production: "
        "it is played against a sandbox only"
    )


def _as_played(scenario: Scenario, target: Target) -> Scenario:
    """Without the steps that need another tenant's key, where there is none: they are not sent."""
    if target.other_api_key is not None:
        return scenario
    return replace(scenario, steps=tuple(step for step in scenario.steps if not step.needs_other_key))


def _planned(scenario: Scenario, times: int) -> PlannedScenario:
    return PlannedScenario(
        name=scenario.name,
        times=times,
        requests=requests_of(scenario),
        sends=_sends(scenario.steps) + (f"; afterwards {_sends(scenario.cleanup)}" if scenario.cleanup else ""),
        leaves=scenario.leaves,
    )


def _sends(steps: Iterable[Step]) -> str:
    """`1 session, 5 turns, 1 test card`, in the order in which they first come."""
    counted = Counter(_noun(step) for step in steps)
    return ", ".join(f"{count} {_several(noun, count)}" for noun, count in counted.items())


def _noun(step: Step) -> str:
    provokes = step.auth in {OtherKey.NONE, OtherKey.WRONG} or step.other_actor or bool(step.omit)
    if provokes or step.session is not None or (step.expect.status_codes and min(step.expect.status_codes) >= 400):
        return _ON_PURPOSE
    operation = step.action.operation
    return f"repeated {_NOUNS[operation]}" if isinstance(step.action, Repeat) else _NOUNS[operation]


def _several(noun: str, count: int) -> str:
    if count == 1:
        return noun
    return noun.replace("request", "requests") if noun == _ON_PURPOSE else f"{noun}s"
