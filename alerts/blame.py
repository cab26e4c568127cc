"""Who has to act on a failure, from its kind and its context, so that the right person is woken.

Nobody is accused without proof: a fault of the monitor is never the API's, and where nobody can tell, the default of
the kind says where to look first (`alerts.blame_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from alerts.blame_rules import DEFAULTS, RULES, Scene
from probes.model import Failure, Run
from probes.words import Blame, FailureKind, Operation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Who has to act, and the rule that says so, in words; None where it is the default of the kind."""

    blame: Blame
    reason: str | None = None


def blame_of_run(run: Run) -> Blame | None:
    """Whom a run concerns: None for a good one and for one that was not played, `monitor` for one that can't tell."""
    ruling = ruling_of_run(run)
    return None if ruling is None else ruling.blame


def ruling_of_run(run: Run) -> Ruling | None:
    """The same with its reason. It holds for a run out of the journal as for one just played."""
    if run.outcome is Outcome.UNKNOWN:
        return Ruling(blame=Blame.MONITOR, reason="The monitor could not tell: its own fault, and nobody else's.")
    scene = _scene(run) if run.outcome is Outcome.FAILED else None
    return None if scene is None else _ruling(scene)


def blame(failure: Failure, operation: Operation | None = None) -> Blame:
    """Whom a failure concerns as far as its kind tells, without the run that it happened in."""
    return possible(failure.kind, operation)[0]


@cache
def possible(kind: FailureKind, operation: Operation | None) -> tuple[Blame, ...]:
    """Whom such a failure may concern, each once: the likeliest first, then what only the run's context tells."""
    certain = [rule.blame for rule in RULES if rule.always and rule.covers(kind, operation)]
    if certain:
        return (certain[0],)
    told = [rule.blame for rule in RULES if rule.covers(kind, operation)]
    return tuple(dict.fromkeys([DEFAULTS.get(kind, Blame.API), *told]))


def _scene(run: Run) -> Scene | None:
    step = run.failed_step
    if step is None or step.failure is None:
        return None
    before = (each for earlier in run.steps[: run.steps.index(step)] for each in earlier.exchanges)
    own = step.own_exchanges
    return Scene(
        step=step,
        failure=step.failure,
        exchange=step.own_exchange,
        earlier=(*before, *own[:-1]),
        own_scenario=not _is_shipped(run.scenario),
    )


def _ruling(scene: Scene) -> Ruling:
    operation = None if scene.exchange is None else scene.exchange.operation
    for rule in RULES:
        if rule.covers(scene.failure.kind, operation) and rule.fits(scene):
            return Ruling(blame=rule.blame, reason=rule.reason)
    return Ruling(blame=DEFAULTS.get(scene.failure.kind, Blame.API))


def _is_shipped(scenario: str) -> bool:
    from probes.scenario_files import shipped

    return scenario in shipped()
