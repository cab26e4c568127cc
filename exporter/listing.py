"""What `scenarios list|show|check` and `config check` print: lines of text, made without sending anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from exporter.budget import budgets
from exporter.run import named
from probes import safety, scenario_files
from probes.errors import ConfigError, UsageError
from probes.model import Probe, Target
from probes.scenario import Scenario
from probes.settings import Settings
from probes.words import Channel


def scenario_named(scenarios: Mapping[str, Scenario], name: str) -> Scenario:
    """The scenario of that name; raises UsageError for an unknown one."""
    return named(scenarios, name)


def scenario_lines(scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    """A line each: name, what it leaves behind, title."""
    width = max(map(len, scenarios), default=0)
    for scenario in scenarios.values():
        yield f"{scenario.name:<{width}}  leaves {scenario.leaves:<8}  {scenario.title}"


def scenario_text(scenario: Scenario) -> str:
    """The YAML that a scenario was read from."""
    path = Path(scenario.source)
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return resources.files("probes").joinpath("scenarios", f"{scenario.name}.yaml").read_text(encoding="utf-8")


def check_lines(paths: Sequence[Path]) -> Iterator[str]:
    """A line for each sound scenario; raises ConfigError with all problems of all files.

    A name must be free among the shipped scenarios and those before it, as in a service that has them all.
    """
    problems: list[str] = []
    found = dict(scenario_files.shipped())
    for path in paths:
        try:
            own = _scenarios_at(path)
        except ConfigError as error:
            problems += error.problems
            continue
        for scenario in own:
            if taken := scenario_files.name_taken(scenario, found):
                problems.append(taken)
                continue
            found[scenario.name] = scenario
            yield f"{scenario.name}: sound, {len(scenario.steps)} steps"
    if problems:
        raise ConfigError(*problems)


def _scenarios_at(path: Path) -> Iterable[Scenario]:
    """Those of a file, or of a folder; raises ConfigError for what is wrong, and for a folder that has none."""
    if not path.is_dir():
        return [scenario_files.read_file(path)]
    found = scenario_files.read_folder(path).values()
    if not found:
        raise ConfigError(f"{path}: there is no *.yaml in this folder: name one that holds scenarios, or a file")
    return found


def settings_lines(settings: Settings) -> Iterator[str]:
    """What a configuration would do: targets with what is skipped there and why, probes, planned requests.

    Raises UsageError for what must not be played so: more requests than a configured limit allows, or a service
    that anybody could reach.
    """
    from exporter.web import listening

    for target in settings.targets.values():
        portal = "with a portal" if target.portal else "without a portal"
        yield f"target {target.name}: {target.environment}, {target.base_url}, {portal}"
        for probe in settings.probes:
            if probe.target == target.name:
                yield _probe_line(probe, settings.scenarios[probe.scenario], target)
    if not settings.probes:
        yield "no probes: `serve` has nothing to play"
    yield from _told_lines(settings)
    planned = list(budgets(settings))
    yield from (budget.line() for budget in planned)
    problems = [refusal for budget in planned if (refusal := budget.refusal())]
    service = settings.service
    try:
        listening.check(service.listen_host, service.listen_port, service.web_config)
    except UsageError as problem:
        problems.append(f"service.listen: {problem}")
    if problems:
        raise UsageError("\n".join(problems))
    yield f"sound; the service would listen on {service.listen_host}:{service.listen_port}"


def _told_lines(settings: Settings) -> Iterator[str]:
    """Whom incidents are told to. Addresses may be secrets."""
    for receiver in settings.receivers:
        count = f", {len(receiver.urls)} instances" if len(receiver.urls) > 1 else ""
        unsigned = receiver.channel is Channel.WEBHOOK and receiver.secret is None
        note = "  WARNING: unsigned, so anybody may write in our name (webhook.secret)" if unsigned else ""
        yield f"notify {receiver.name}: {receiver.channel}{count}{note}"
    if settings.receivers and settings.service.external_url is None:
        yield "notify: no links, since service.external_url is not given"
    if settings.receivers and settings.service.heartbeat_url is None:
        yield "notify: nobody notices when this monitor dies, since service.heartbeat_url is not given"


def _probe_line(probe: Probe, scenario: Scenario, target: Target) -> str:
    refusal = safety.why_not(scenario, target, durable_ledger=False)
    note = f"  SKIPPED ({refusal[0]}): {refusal[1]}" if refusal else ""
    return f"  {probe.scenario} every {probe.every_seconds:g} s, deadline {probe.deadline_seconds:g} s{note}"
