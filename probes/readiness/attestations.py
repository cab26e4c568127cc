"""What people stand for, by name and date: a YAML file that says what no audit can see.

attestations:
- {about: on_call_contact, by: the payments team's lead, on: 2026-11-20, note: in the pager}
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from probes.readiness.evidence import Attestation
from probes.readiness.rules.registry import RULES
from probes.readiness.words import RuleId, Statement

if TYPE_CHECKING:
    from probes.files.yaml_files import Document
    from probes.readiness.attestation_shapes import AttestationsShape


def attestable() -> tuple[str, ...]:
    """What may be attested: every Statement, and the rules that nothing but a log could show."""
    return (*Statement, *(rule.rule for rule in RULES if rule.attested))


def read(path: Path, *, today: date | None = None) -> tuple[Attestation, ...]:
    """The attestations in a file; raises ConfigError with every problem, each with file, line and way out.

    `today` is the last day that an attestation may bear: if it is not given, tomorrow's date in UTC, since somewhere it
    is that day already.
    """
    from probes.files import shapes, yaml_files
    from probes.readiness.attestation_shapes import AttestationsShape

    document = yaml_files.read(yaml_files.read_bytes(path), str(path))
    found = shapes.check(AttestationsShape, document)
    latest = today or (datetime.now(UTC) + timedelta(days=1)).date()
    problems = list(_problems(document, found, latest))
    if problems:
        raise shapes.told(problems)
    return tuple(
        Attestation(about=each.about, by=each.by.strip(), on=each.on, note=each.note.strip())
        for each in found.attestations
    )


def _problems(document: Document, found: AttestationsShape, latest: date) -> Iterator[str]:
    lines: dict[str, int] = {}
    for index, each in enumerate(found.attestations):
        place = ("attestations", index)
        about = (*place, "about")
        if each.about not in attestable():
            yield document.problem(about, _no_such(each.about))
        elif each.about in lines:
            yield document.problem(about, f"{each.about} stands already in line {lines[each.about]}: keep one of them")
        lines.setdefault(each.about, document.line(about))
        if each.on > latest:
            yield document.problem((*place, "on"), f"{each.on} is still to come: write the day on which it was said")


def _no_such(about: str) -> str:
    from probes.files import shapes

    if about in set(RuleId):
        return f"{about} is judged by what is seen, nobody can attest it; allowed: {', '.join(attestable())}"
    return shapes.no_such("statement", about, attestable())
