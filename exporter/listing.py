"""What `scenarios list|show|check` and `config check` print: lines of text, made without sending anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from exporter.run import named
from probes import safety, scenario_files
from probes.errors import ConfigError
from probes.model import Probe, Target
from probes.scenario import AttachCard, Scenario
from probes.settings import Settings

_UNKNOWN_LIMIT = 60  # requests a minute, to reckon with until a limit was seen (decision 6)


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
    """A line for each sound scenario; raises ConfigError with all problems of all files."""
    problems: list[str] = []
    for path in paths:
        try:
            found: Iterable[Scenario] = (
                scenario_files.read_folder(path).values() if path.is_dir() else [scenario_files.read_file(path)]
            )
        except ConfigError as error:
            problems += error.problems
            continue
        for scenario in found:
            yield f"{scenario.name}: sound, {len(scenario.steps)} steps"
    if problems:
        raise ConfigError(*problems)


def settings_lines(settings: Settings) -> Iterator[str]:
    """What a configuration would do: targets with what is skipped there and why, probes, planned requests."""
    for target in settings.targets.values():
        portal = "with a portal" if target.portal else "without a portal"
        yield f"target {target.name}: {target.environment}, {target.base_url}, {portal}"
        mine = [probe for probe in settings.probes if probe.target == target.name]
        for probe in mine:
            yield _probe_line(probe, settings.scenarios[probe.scenario], target)
        if mine:
            yield _quota_line(mine, settings.scenarios, target)
    if not settings.probes:
        yield "no probes: `serve` has nothing to play"
    yield f"sound; the service would listen on {settings.service.listen_host}:{settings.service.listen_port}"


def _probe_line(probe: Probe, scenario: Scenario, target: Target) -> str:
    refusal = safety.why_not(scenario, target, durable_ledger=False)
    note = f"  SKIPPED ({refusal[0]}): {refusal[1]}" if refusal else ""
    return f"  {probe.scenario} every {probe.every_seconds:g} s, deadline {probe.deadline_seconds:g} s{note}"


def _quota_line(probes: Sequence[Probe], scenarios: Mapping[str, Scenario], target: Target) -> str:
    planned = sum(requests_of(scenarios[probe.scenario]) * 60 / probe.every_seconds for probe in probes)
    limit = target.quota.limit or _UNKNOWN_LIMIT
    allowed = limit * target.quota.share
    text = f"  planned {planned:.1f} requests a minute; the share of {limit} a minute is {allowed:.1f}"
    return text if planned <= allowed else f"{text}  WARNING: beyond the share"


def requests_of(scenario: Scenario) -> int:
    """How many requests of one run count against the key's quota; the portal's don't."""
    steps = (*scenario.steps, *scenario.cleanup)
    return sum(not isinstance(step.action, AttachCard) for step in steps)
