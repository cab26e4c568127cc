"""Scenarios from YAML: the shipped ones and the user's own are the same kind of file (design.md, section 4)."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from probes.errors import ConfigError
from probes.files import durations, scenario_checks, yaml_files
from probes.files.scenario_shapes import ExpectShape, ScenarioShape, StepShape
from probes.files.shapes import check, told
from probes.files.yaml_files import Document
from probes.scenario import Act, Action, AttachCard, CreateSession, Expect, ReadSession, Say, Scenario, Step

SCHEMA_NAME = "scenario.schema.json"
_SUFFIXES = frozenset({".yaml", ".yml"})
_ACTIONS: Mapping[str, Callable[[StepShape], Action]] = {
    "create_session": lambda _: CreateSession(),
    "say": lambda step: Say(text=step.say),
    "act": lambda step: Act(kind=step.act, payload=step.payload),
    "attach_card": lambda step: AttachCard(card=step.attach_card),
    "read_session": lambda _: ReadSession(),
}


@functools.cache
def shipped() -> Mapping[str, Scenario]:
    """The scenarios that come with brekwatch, by name."""
    folder = resources.files("probes") / "scenarios"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    scenarios = [_scenario(yaml_files.read(file.read_bytes(), f"scenarios/{file.name}")) for file in files]
    return MappingProxyType({scenario.name: scenario for scenario in scenarios})


def read(text: str, source: str) -> Scenario:
    """The scenario in a text; `source` is what messages call it. Raises ConfigError with all that is wrong."""
    return _scenario(yaml_files.read(text, source))


def read_file(path: Path) -> Scenario:
    """The scenario in a file; raises ConfigError."""
    return _scenario(yaml_files.read(yaml_files.read_bytes(path), str(path)))


def read_folder(path: Path) -> Mapping[str, Scenario]:
    """The scenarios of a folder's `.yaml` and `.yml` files, by name, subfolders aside.

    Raises ConfigError with what is wrong in any of them, or for a name that two of them share.
    """
    found: dict[str, Scenario] = {}
    problems: list[str] = []
    for file in _files_in(path):
        try:
            scenario = read_file(file)
        except ConfigError as error:
            problems += error.problems
            continue
        if scenario.name in found:
            problems.append(
                f"{file}: the name {scenario.name} is taken by {found[scenario.name].source}: choose another"
            )
        found[scenario.name] = scenario
    if problems:
        raise told(problems)
    return MappingProxyType(found)


def _files_in(path: Path) -> list[Path]:
    try:
        entries = sorted(path.iterdir())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise ConfigError(f"{path}: it can't be read as a folder of scenarios: {reason}") from None
    return [entry for entry in entries if entry.suffix in _SUFFIXES and not entry.name.startswith(".")]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scenario file, for editors."""
    found: dict[str, Any] = ScenarioShape.model_json_schema()
    for shape in (found, *found["$defs"].values()):
        for key, field in shape.get("properties", {}).items():
            field.pop("title", None)
            if key != "actor":
                field.pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def schema_text() -> str:
    """The schema as it is committed beside the shipped scenarios."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _scenario(document: Document) -> Scenario:
    shape = check(ScenarioShape, document)
    names = _step_names([*shape.steps, *shape.cleanup])
    scenario = Scenario(
        name=shape.name,
        title=shape.title,
        leaves=shape.leaves,
        steps=tuple(_step(step, next(names), document.line(("steps", n))) for n, step in enumerate(shape.steps)),
        cleanup=tuple(_step(step, next(names), document.line(("cleanup", n))) for n, step in enumerate(shape.cleanup)),
        source=document.source,
    )
    problems = scenario_checks.problems(scenario, document)
    if problems:
        raise told(problems)
    return scenario


def _step_names(steps: list[StepShape]) -> Iterator[str]:
    """A name for each step: its own, or its action's, numbered where that one is taken."""
    taken = {step.name for step in steps}
    for step in steps:
        name, number = step.name or step.action, 1
        while step.name is None and name in taken:
            number += 1
            name = f"{step.action}_{number}"
        taken.add(name)
        yield name


def _step(shape: StepShape, name: str, line: int) -> Step:
    return Step(
        name=name, action=_ACTIONS[shape.action](shape), expect=_expect(shape.expect), auth=shape.auth, line=line
    )


def _expect(shape: ExpectShape) -> Expect:
    return Expect(
        status_codes=shape.status_code,
        code=shape.code,
        envelope=shape.envelope,
        chat_statuses=shape.chat_status,
        artifacts=shape.artifacts,
        headers=shape.headers,
        contains=shape.contains,
        events=shape.events,
        within_seconds=None if shape.within is None else durations.seconds_of(shape.within),
    )
