"""Texts of a JSON document that others had a say in, scrubbed wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum


def scrubbed(value: object, scrub: Callable[[str], str]) -> object:
    """The same value with every text scrubbed; our own closed words and the names of fields stay as they are."""
    match value:
        case Enum():
            return value
        case str():
            return scrub(value)
        case dict():
            return {name: scrubbed(item, scrub) for name, item in value.items()}
        case list() | tuple():
            return [scrubbed(item, scrub) for item in value]
        case _:
            return value
