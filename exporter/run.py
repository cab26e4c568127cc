"""`brekwatch run`: plays scenarios now, one after the other, tells what it saw, and ends with an exit code."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import orjson
from rich.console import Console

from exporter import logs, repeat_table
from exporter.junit import runs_as_junit
from exporter.kept_runs import KeptRuns
from exporter.log_options import LogLevel
from exporter.repeat import exit_code, tallies
from exporter.run_json import runs_as_json
from exporter.run_request import RunFormat, RunRequest
from exporter.signals import stop_signals
from exporter.terminal import LiveRun, Terminal
from probes import safety
from probes.connectivity import Connectivity
from probes.errors import UsageError
from probes.journal.journal import Journal
from probes.listening import Listeners
from probes.model import Run, Target
from probes.quota import requests_of
from probes.redaction import Scrubber
from probes.runner import Runner
from probes.scenario import Scenario
from probes.settings import Settings
from probes.stops import Stops
from probes.turns import Turns

_DEADLINE_SECONDS = 120.0
_OPENING_SECONDS = 15.0
"""How long a journal that is big, or on a slow disk, may take: whoever asked for a run wants it played."""
_RESTORE_SECONDS = 5.0

_CANNOT_TELL = 3


async def play_now(settings: Settings, request: RunRequest) -> int:
    """Plays and tells; the exit code. Raises UsageError for a scenario or a target that isn't there."""
    target = choose_target(settings.targets, request.target)
    scrubber = Scrubber(settings.secrets)
    logs.configure(level=LogLevel.WARNING, scrubber=scrubber)  # what a library has to say, it says without secrets
    chosen, left_out = _chosen(settings.scenarios, request.names, target)
    planned = chosen * request.repeat
    view = _view(request.output, scrubber, planned)
    if left_out:
        view.say(f"Left out, since {target.name} is production: {', '.join(left_out)}. Name what you want played")
    kept, turns = KeptRuns(), Turns([target])
    listeners = Listeners(view, kept, turns)
    journal = Journal(settings.service.journal, command="run", scrub=scrubber.text, listener=listeners)
    stops = Stops(settings.targets.values(), book=journal, listener=listeners)
    listeners.add(journal)
    listeners.add(stops)
    runner = Runner(
        ledger=journal,
        listener=listeners,
        location=settings.service.location,
        connectivity=Connectivity(settings.service.reference),
        notice=scrubber.notice,
        stopped=stops.why_not,
    )
    try:
        await journal.start(_OPENING_SECONDS)
        await stops.start(_RESTORE_SECONDS)
        await play_all(runner, turns, planned, target, view)
    finally:
        await stops.aclose()
        await journal.aclose()
        view.close()
    unplayed = planned[len(kept.runs) :]
    if unplayed:
        view.say(f"Interrupted. Not played: {_counted(scenario.name for scenario in unplayed)}")
    found = tallies(kept.runs, [scenario.name for scenario in planned])
    if request.repeat > 1:
        repeat_table.tell(view, found, request.least)
    try:
        _write(kept.runs, request.output, scrubber)
    except OSError as problem:
        view.say(f"stdout can't be written: {problem.strerror}")
        return _CANNOT_TELL
    return exit_code(found, request.least, complete=not unplayed)


def _view(output: RunFormat, scrubber: Scrubber, planned: Sequence[Scenario]) -> LiveRun:
    """What people see: on stdout, unless that is a document's."""
    console = Console(stderr=output is not RunFormat.TABLE)
    step_names = {scenario.name: tuple(step.name for step in scenario.steps) for scenario in planned}
    return LiveRun(console, scrubber.text, step_names, planned=len(planned))


def _write(runs: Sequence[Run], output: RunFormat, scrubber: Scrubber) -> None:
    match output:
        case RunFormat.TABLE:
            return
        case RunFormat.JSON:
            document = orjson.dumps(runs_as_json(runs, scrubber.text), option=orjson.OPT_INDENT_2) + b"\n"
        case RunFormat.JUNIT:
            document = runs_as_junit(runs, scrubber.text)
    sys.stdout.buffer.write(document)
    sys.stdout.flush()


async def play_all(runner: Runner, turns: Turns, planned: Sequence[Scenario], target: Target, view: Terminal) -> None:
    """Plays one after the other. Ctrl-C and SIGTERM end the run under way, which cleans up and is told as `unknown`.

    A run that would touch the key's reserve waits, and the view says so: whoever asked for it wants it played.

    Repeats come in turns, a b a b: a bad minute of the API then falls on all scenarios alike, and whoever breaks off
    has about as many runs of each.
    """

    def waiting(seconds: float, why: str) -> None:
        view.say(f"Waiting {math.ceil(seconds)} s, before {scenario.name} is played: {why}")

    async with stop_signals(patience=0):
        for scenario in planned:
            with await turns.when_free(target, requests_of(scenario), waiting=waiting) as turn:
                await runner.play(scenario, target, deadline_seconds=_DEADLINE_SECONDS, admit=turn.admit)


def _counted(names: Iterable[str]) -> str:
    """`golden_path, quick_search (3 times)`."""
    counts = Counter(names).items()
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in counts)


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


def _chosen(
    scenarios: Mapping[str, Scenario], names: Sequence[str], target: Target
) -> tuple[list[Scenario], list[str]]:
    """The named ones, or else what the environment plays by itself, and which those leave out.

    A missing portal is no reason to leave a scenario out in silence.
    """
    if names:
        return [named(scenarios, name) for name in names], []
    left_out = [name for name in scenarios if not safety.played_unasked(name, target)]
    return [scenario for name, scenario in scenarios.items() if name not in left_out], left_out
