"""Waivers from a file: which checks somebody lets fail, why, and until when.

waivers:
  - check: contract_drift
    reason: Brek publishes the new file next week, ticket 4711
    until: 2026-12-31
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from probes.files import yaml_files
from probes.files.shapes import Shape, check, no_such, told
from probes.files.yaml_files import Document
from probes.readiness.model import Waiver
from probes.readiness.words import SCENARIO_PREFIX, CheckId

LONGEST_DAYS = 366
_NEVER = frozenset({CheckId.KEY_ACCEPTED})


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = None
    if day != text:
        raise ValueError("must be a day, as 2026-12-31")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must say why: whoever reads the report has to believe it")
    return text


class WaiverShape(Shape):
    """One check that may fail for a while."""

    check: Annotated[str, Field(description="The check's id, such as contract_drift or scenario:golden_path.")]
    reason: Annotated[str, Field(max_length=500, description="Why it may fail."), AfterValidator(_said)]
    until: Annotated[str, Field(description="The last day on which it counts, as 2026-12-31."), AfterValidator(_date)]


class WaiversShape(Shape):
    """A file of waivers."""

    waivers: Annotated[tuple[WaiverShape, ...], Field(max_length=100, description="The checks that may fail.")]


def read(path: Path, known_scenarios: Collection[str], *, today: date | None = None) -> tuple[Waiver, ...]:
    """The waivers in a file, expired ones too. Raises ConfigError with all that is wrong, each at its line.

    `today` is that of UTC, if not given.
    """
    source = str(path)
    document = yaml_files.read(yaml_files.read_bytes(path), source)
    shape = check(WaiversShape, document)
    known = (*CheckId, *(f"{SCENARIO_PREFIX}{name}" for name in known_scenarios))
    last = (today or datetime.now(UTC).date()) + timedelta(days=LONGEST_DAYS)
    problems = list(_problems(document, shape, known, last))
    if problems:
        raise told(problems)
    return tuple(
        Waiver(
            check_id=each.check,
            reason=each.reason.strip(),
            until=date.fromisoformat(each.until),
            place=f"{source}:{document.line(('waivers', number))}",
        )
        for number, each in enumerate(shape.waivers)
    )


def _problems(document: Document, shape: WaiversShape, known: Collection[str], last: date) -> Iterator[str]:
    taken: dict[str, int] = {}
    for number, waiver in enumerate(shape.waivers):
        at_check = ("waivers", number, "check")
        if waiver.check not in known:
            yield document.problem(at_check, no_such("check", waiver.check, known))
        elif waiver.check in _NEVER:
            yield document.problem(at_check, "can't be waived: without a key that is accepted nothing else is seen")
        if waiver.check in taken:
            yield document.problem(at_check, f"stands twice, first on line {taken[waiver.check]}: keep one")
        taken.setdefault(waiver.check, document.line(at_check))
        if date.fromisoformat(waiver.until) > last:
            yield document.problem(
                ("waivers", number, "until"), f"must be a day of the coming year, {last} at the latest"
            )
