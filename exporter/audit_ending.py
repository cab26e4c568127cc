"""How both audits end: the evidence is judged, told in the terminal, written to files, and made an exit code.

All that can be wrong with what was asked for is found by `prepare`, before anything is played or served.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from exporter.whole_files import write_whole
from probes.errors import UsageError
from probes.readiness import attestations, concluding
from probes.readiness.evidence import Attestation, AuditReport, Evidence
from probes.readiness.log_reading import LogWatch
from probes.readiness.words import Verdict

if TYPE_CHECKING:
    from probes.readiness.concluding import Previous

STDOUT = Path("-")
_EXIT_CODES = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.CANNOT_TELL: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of an audit's ending, as it was typed. `json` may be `-`: stdout, and the table on stderr then."""

    json: Path | None = None
    html: Path | None = None
    build: str | None = None
    log: Path | None = None
    attest: Path | None = None
    compare: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What was asked for, read and found sound. The log is watched from now on; whoever audits hands its facts in."""

    asked: Asked
    started_at: datetime
    previous: Previous | None
    attestations: tuple[Attestation, ...]
    log: LogWatch | None


def prepare(asked: Asked) -> Ending:
    """Raises UsageError for a file that can't be read, or a place where no file can be written."""
    for place in (asked.json, asked.html):
        _check_place(place)
    if asked.json is not None and asked.json == asked.html:
        raise UsageError(f"{asked.json} is named for the JSON and for the HTML: name two files")
    return Ending(
        asked=asked,
        started_at=datetime.now(UTC),
        previous=concluding.previous_of(asked.compare),
        attestations=() if asked.attest is None else attestations.read(asked.attest),
        log=None if asked.log is None else LogWatch(asked.log),
    )


def end(
    evidence: Evidence,
    ending: Ending,
    *,
    duration_seconds: float,
    scrub: Callable[[str], str],
    notes: tuple[str, ...] = (),
) -> int:
    """Judges, tells, writes; the exit code: 0 if no rule is broken, 1 if one is, 3 if nothing was seen.

    Raises UnwrittenError where the disk refuses a file; the verdict has been told by then.
    """
    report = concluding.conclude(
        evidence,
        started_at=ending.started_at,
        duration_seconds=duration_seconds,
        build=ending.asked.build,
        previous=ending.previous,
        monitor_version=version("brekwatch"),
    )
    report = replace(report, notes=(*report.notes, *notes))
    _tell(report, ending.asked, scrub)
    _write(report, ending.asked, scrub)
    return _EXIT_CODES[report.verdict]


def _tell(report: AuditReport, asked: Asked, scrub: Callable[[str], str]) -> None:
    from rich.console import Console

    from exporter import audit_table

    audit_table.tell(report, Console(stderr=asked.json == STDOUT), scrub)


def _write(report: AuditReport, asked: Asked, scrub: Callable[[str], str]) -> None:
    if asked.json is not None:
        from exporter.audit_json import audit_as_json

        content = orjson.dumps(audit_as_json(report, scrub), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if asked.json == STDOUT:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        else:
            write_whole(asked.json, content)
    if asked.html is not None:
        from alerts.readiness.audit_page import audit_page

        write_whole(asked.html, audit_page(report, scrub).encode())


def _check_place(place: Path | None) -> None:
    if place is None or place == STDOUT:
        return
    if place.is_dir() or not place.name:
        raise UsageError(f"{place} is a folder: name a file in it")
    if not place.parent.is_dir():
        raise UsageError(f"{place.parent} is no folder: make it first")
    if not os.access(place.parent, os.W_OK):
        raise UsageError(f"{place.parent} can't be written to: choose another folder")
