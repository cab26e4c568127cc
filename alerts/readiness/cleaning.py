"""Makes facts fit to be shown: no secret, no invisible character, no text without an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar, cast

from alerts.report.phrases import shown

LONGEST = 600

Facts = TypeVar("Facts")


def cleaned(facts: Facts, scrub: Callable[[str], str]) -> Facts:
    """The same facts with every text in them scrubbed and bounded, however deep; our own closed words stay."""

    def clean(value: object) -> object:
        match value:
            case Enum():
                return value
            case str():
                return shown(scrub(value), LONGEST)
            case tuple():
                return tuple(map(clean, value))
            case _ if is_dataclass(value) and not isinstance(value, type):
                return replace(value, **{each.name: clean(getattr(value, each.name)) for each in fields(value)})
            case _:
                return value

    return cast("Facts", clean(facts))
