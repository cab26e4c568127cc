"""`{{ checkin }}` and `{{ search.shortlist[0].optionId }}`: values put into a scenario's texts. No logic, no code.

Where no document names a field, several may stand beside each other, as in `{{ search.shortlist[0].optionId |
search.shortlist[0].id }}`: the first that is there counts. A value that is missing raises ValueMissingError: that is a
failed step, never a crash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from probes.errors import ValueMissingError

_PART = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = rf"{_PART}(?:\.{_PART}|\[\d{{1,4}}\])*"
_TEMPLATE = re.compile(rf"\{{\{{\s*({_PATH}(?:\s*\|\s*{_PATH})*)\s*\}}\}}")
_BROKEN = re.compile(r"\{\{|\}\}")
_STEP_OF_PATH = re.compile(rf"({_PART})|\[(\d+)\]")


def dig(value: object, path: str) -> object:
    """The value at `shortlist[0].optionId` inside nested JSON; raises ValueMissingError where a part is not there."""
    for name, index in _STEP_OF_PATH.findall(path):
        match value:
            case Mapping() if name and name in value:
                value = value[name]
            case list() | tuple() if index and int(index) < len(value):
                value = value[int(index)]
            case _:
                raise ValueMissingError(f"{path} is not there")
    return value


def expressions(template: str) -> tuple[str, ...]:
    """What a template asks for; raises ValueError, with a sentence, for braces that hold no plain path."""
    if _BROKEN.search(_TEMPLATE.sub(" ", template)):
        raise ValueError("braces must hold a plain path, as in {{ checkin }} or {{ search.shortlist[0].optionId }}")
    return tuple(path for found in _TEMPLATE.findall(template) for path in _alternatives(found))


def _alternatives(inside: str) -> list[str]:
    return [path.strip() for path in inside.split("|")]


def render(template: str, look_up: Callable[[str], object]) -> str:
    """The template with each value in its place; raises ValueMissingError for one that is no text or number."""
    return _TEMPLATE.sub(lambda match: _first_of(_alternatives(match.group(1)), look_up), template)


def _first_of(paths: list[str], look_up: Callable[[str], object]) -> str:
    for path in paths[:-1]:
        try:
            return _shown(path, look_up)
        except ValueMissingError:
            continue
    return _shown(paths[-1], look_up)


def _shown(path: str, look_up: Callable[[str], object]) -> str:
    value = look_up(path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueMissingError(f"{path} is no text or number")
    return str(value)
