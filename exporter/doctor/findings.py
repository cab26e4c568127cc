"""What a check found: whether it is fine, and what to do if it isn't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Whose(IntEnum):
    """Who has to act on a failure; the value is the exit code (design.md, section 5)."""

    TARGET = 1  # it can't be reached from here
    OURS = 2  # something of this install must be put right
    NOBODY_KNOWS = 3  # it can't be told: we are offline, or a check came to nothing


_GRAVEST_FIRST = (Whose.OURS, Whose.TARGET, Whose.NOBODY_KNOWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: about what, what was found, and what to do. Sinks scrub the texts."""

    level: Level
    about: str
    told: str
    advice: str | None = None
    whose: Whose = Whose.OURS


def ok(about: str, told: str) -> Finding:
    """That is fine."""
    return Finding(level=Level.OK, about=about, told=told)


def warn(about: str, told: str, advice: str) -> Finding:
    """That works, and may yet surprise."""
    return Finding(level=Level.WARN, about=about, told=told, advice=advice)


def fail(about: str, told: str, advice: str | None = None, *, whose: Whose = Whose.OURS) -> Finding:
    """That does not work."""
    return Finding(level=Level.FAIL, about=about, told=told, advice=advice, whose=whose)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 if nothing failed; else what must be put right here goes before what must be elsewhere."""
    failed = {finding.whose for finding in findings if finding.level is Level.FAIL}
    return next((int(whose) for whose in _GRAVEST_FIRST if whose in failed), 0)
