"""Scenarios from YAML: the shipped ones and the user's own are the same kind of file (design.md, section 4)."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from probes.errors import ConfigError
from probes.files import durations, scenario_checks, yaml_files
from probes.files.scenario_shapes import ExpectShape, ScenarioShape, StepShape
from probes.files.shapes import check, told
from probes.files.yaml_files import Document
from probes.scenario import (
    Act,
    AttachCard,
    CreateSession,
    Expect,
    Fetch,
    ReadSession,
    Repeat,
    Request,
    Say,
    Scenario,
    Step,
    WrongCall,
)

SCHEMA_NAME = "scenario.schema.json"
_SUFFIXES = frozenset({".yaml", ".yml"})
_REQUESTS: Mapping[str, Callable[[StepShape], Request]] = {
    "create_session": lambda _: CreateSession(),
    "say": lambda step: Say(text=step.say),
    "act": lambda step: Act(kind=step.act, payload=step.payload),
    "attach_card": lambda step: AttachCard(card=step.attach_card),
    "read_session": lambda _: ReadSession(),
    "fetch": lambda step: Fetch(document=step.fetch),
    "call": lambda step: WrongCall(operation=step.call, body=step.body),
}


@functools.cache
def shipped() -> Mapping[str, Scenario]:
    """The scenarios that come with brekwatch, by name."""
    folder = resources.files("probes") / "scenarios"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    scenarios = [read(file.read_bytes(), f"scenarios/{file.name}") for file in files]
    return MappingProxyType({scenario.name: scenario for scenario in scenarios})


def read(content: str | bytes, source: str) -> Scenario:
    """The scenario in a text; `source` is what messages call it. Raises ConfigError with all that is wrong."""
    scenario = _scenario(yaml_files.read(content, source))
    return replace(scenario, text=content if isinstance(content, str) else content.decode("utf-8", "replace"))


def read_file(path: Path) -> Scenario:
    """The scenario in a file; raises ConfigError."""
    return read(yaml_files.read_bytes(path), str(path))


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
        if taken := name_taken(scenario, found):
            problems.append(taken)
        found[scenario.name] = scenario
    if problems:
        raise told(problems)
    return MappingProxyType(found)


def name_taken(scenario: Scenario, found: Mapping[str, Scenario]) -> str | None:
    """Why it can't stand beside those that were found before; None if its name is free."""
    if scenario.name not in found:
        return None
    other = found[scenario.name]
    owner = "a shipped scenario" if other is shipped().get(scenario.name) else other.source
    return f"{scenario.source}: the name {scenario.name} is taken by {owner}: choose another"


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
    names = list(_step_names([*shape.steps, *shape.cleanup]))
    problems = scenario_checks.repeat_problems(shape, names, document)
    if problems:
        raise told(problems)
    requests: dict[str, Request] = {}
    scenario = Scenario(
        name=shape.name,
        title=shape.title,
        leaves=shape.leaves,
        steps=_steps("steps", shape.steps, names[: len(shape.steps)], requests, document),
        cleanup=_steps("cleanup", shape.cleanup, names[len(shape.steps) :], requests, document),
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


def _steps(
    part: str, shapes: Iterable[StepShape], names: Iterable[str], requests: dict[str, Request], document: Document
) -> tuple[Step, ...]:
    """The steps of a part; `requests` grows by what each asks for, so that a later one may repeat it."""
    steps: list[Step] = []
    for number, (shape, name) in enumerate(zip(shapes, names, strict=True)):
        step = _step(shape, name, requests, document.line((part, number)))
        requests[name] = step.action.request if isinstance(step.action, Repeat) else step.action
        steps.append(step)
    return tuple(steps)


def _step(shape: StepShape, name: str, earlier: Mapping[str, Request], line: int) -> Step:
    repeated = shape.repeat
    action = Repeat(step=repeated, request=earlier[repeated]) if repeated else _REQUESTS[shape.action](shape)
    return Step(
        name=name,
        action=action,
        expect=_expect(shape.expect),
        auth=shape.auth,
        other_actor=shape.actor is not None,
        session=shape.session,
        omit=shape.omit,
        line=line,
    )


def _expect(shape: ExpectShape) -> Expect:
    return Expect(
        status_codes=shape.status_code,
        codes=shape.code,
        envelopes=shape.envelope,
        chat_statuses=shape.chat_status,
        artifacts=shape.artifacts,
        headers=shape.headers,
        contains=shape.contains,
        events=shape.events,
        same=shape.same,
        new=shape.new,
        within_seconds=None if shape.within is None else durations.seconds_of(shape.within),
    )
