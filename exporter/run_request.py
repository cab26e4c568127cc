"""What `brekwatch run` was asked for. It imports nothing heavy: the command line needs it for `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

MOST_REPEATS = 1000


class RunFormat(StrEnum):
    """How `run` tells its results."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Which scenarios to play (all that the environment allows, if none is named), on which target, and how often.

    `least` is the share of a scenario's runs that must be good.
    """

    names: tuple[str, ...]
    target: str | None
    output: RunFormat
    repeat: int
    least: Fraction
