"""`brekwatch run`: plays scenarios once, now, one after the other, and turns outcomes into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import orjson
from rich.console import Console

from exporter.run_json import runs_as_json
from exporter.signals import stop_signals
from exporter.terminal import LiveRun
from probes import safety
from probes.errors import UsageError
from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Run, Target
from probes.redaction import Scrubber
from probes.runner import Runner
from probes.scenario import Scenario
from probes.settings import Settings
from probes.words import GOOD_OUTCOMES, Outcome, SkipReason

_DEADLINE_SECONDS = 120.0
_CANNOT_TELL = 3


class _Kept(Listener):
    """Keeps the runs that ended, cancelled ones too."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def run_finished(self, run: Run) -> None:
        self.runs.append(run)


async def play_now(settings: Settings, names: Sequence[str], target_name: str | None, *, as_json: bool) -> int:
    """Plays and tells; the exit code. Raises UsageError for a scenario or a target that isn't there."""
    target = choose_target(settings.targets, target_name)
    scrubber = Scrubber(settings.secrets)
    chosen = [named(settings.scenarios, name) for name in names]
    left_out: list[str] = []
    if not names:
        chosen, left_out = _allowed(settings.scenarios.values(), target)
    step_names = {scenario.name: tuple(step.name for step in scenario.steps) for scenario in chosen}
    view = LiveRun(Console(stderr=as_json), scrubber.text, step_names)
    if left_out:
        view.say(f"Left out, since {target.name} is production: {', '.join(left_out)}")
    kept = _Kept()
    runner = Runner(ledger=MemoryLedger(), listener=Listeners(view, kept), location=settings.service.location)
    try:
        await _play_all(runner, chosen, target)
    finally:
        view.close()
    unplayed = [scenario.name for scenario in chosen[len(kept.runs) :]]
    if unplayed:
        view.say(f"Interrupted. Not played: {', '.join(unplayed)}")
    try:
        if as_json:
            _write_json(kept.runs, scrubber)
    except OSError as problem:
        view.say(f"stdout can't be written: {problem.strerror}")
        return _CANNOT_TELL
    return exit_code(kept.runs, complete=not unplayed)


def _write_json(runs: Sequence[Run], scrubber: Scrubber) -> None:
    text = orjson.dumps(runs_as_json(runs, scrubber.text), option=orjson.OPT_INDENT_2)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()


async def _play_all(runner: Runner, scenarios: Sequence[Scenario], target: Target) -> None:
    """Plays one after the other. Ctrl-C and SIGTERM end the run under way, which cleans up and is told as `unknown`."""
    async with stop_signals(patience=0):
        for scenario in scenarios:
            await runner.play(scenario, target, deadline_seconds=_DEADLINE_SECONDS)


def exit_code(runs: Sequence[Run], *, complete: bool = True) -> int:
    """0 all good; 1 one failed; 3 none failed, but one can't be told, or was not played (`complete` says so)."""
    outcomes = {run.outcome for run in runs}
    if Outcome.FAILED in outcomes:
        return 1
    return 0 if complete and outcomes and outcomes <= GOOD_OUTCOMES else _CANNOT_TELL


def choose_target(targets: Mapping[str, Target], name: str | None) -> Target:
    """The target of that name, or the only one there is."""
    if name is not None:
        if name not in targets:
            raise UsageError(f"no target {name!r}; there are: {', '.join(targets)}")
        return targets[name]
    if len(targets) > 1:
        raise UsageError(f"several targets are configured; choose one with -t: {', '.join(targets)}")
    return next(iter(targets.values()))


def named(scenarios: Mapping[str, Scenario], name: str) -> Scenario:
    """The scenario of that name; raises UsageError that names the nearest ones."""
    if name in scenarios:
        return scenarios[name]
    near = get_close_matches(name, scenarios, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(scenarios)}"
    raise UsageError(f"no scenario {name!r}; {hint}")


def _allowed(scenarios: Iterable[Scenario], target: Target) -> tuple[list[Scenario], list[str]]:
    """All that the environment allows; a missing portal is no reason to leave a scenario out in silence."""
    chosen: list[Scenario] = []
    left_out: list[str] = []
    for scenario in scenarios:
        refusal = safety.why_not(scenario, target, durable_ledger=MemoryLedger.durable)
        if refusal is not None and refusal[0] is SkipReason.SAFETY:
            left_out.append(scenario.name)
        else:
            chosen.append(scenario)
    return chosen, left_out
