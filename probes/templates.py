"""`{{ checkin }}` and `{{ search.shortlist[0].optionId }}`: values put into a scenario's texts. No logic, no code.

A value that is missing raises ValueMissingError: that is a failed step, never a crash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from probes.errors import ValueMissingError

_PART = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = rf"{_PART}(?:\.{_PART}|\[\d{{1,4}}\])*"
_TEMPLATE = re.compile(rf"\{{\{{\s*({_PATH})\s*\}}\}}")
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
    return tuple(_TEMPLATE.findall(template))


def render(template: str, look_up: Callable[[str], object]) -> str:
    """The template with each value in its place; raises ValueMissingError for one that is no text or number."""

    def put(match: re.Match[str]) -> str:
        value = look_up(match.group(1))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueMissingError(f"{match.group(1)} is no text or number")
        return str(value)

    return _TEMPLATE.sub(put, template)
