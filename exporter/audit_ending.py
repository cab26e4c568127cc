"""How both audits end: the evidence is judged, told in the terminal, written to files, and made an exit code.

All that can be wrong with what was asked for is found by `prepare`, before anything is played or served.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from exporter import documents
from exporter.command_parts import EXIT_CANNOT_TELL
from exporter.documents import STDOUT
from probes.readiness import attestations, concluding
from probes.readiness.evidence import Attestation, AuditReport, Evidence
from probes.readiness.log_reading import LogWatch
from probes.readiness.words import Verdict
from probes.redaction import printable

if TYPE_CHECKING:
    from probes.readiness.concluding import Previous

_EXIT_CODES = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.CANNOT_TELL: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of an audit's ending, as it was typed. A document's place may be `-`: stdout."""

    json: Path | None = None
    html: Path | None = None
    build: str | None = None
    log: Path | None = None
    attest: Path | None = None
    compare: Path | None = None

    def named(self) -> Iterator[tuple[str, Path]]:
        """Each option of a document that was given, with its path."""
        for option, path in (("--json", self.json), ("--html", self.html)):
            if path is not None:
                yield option, path

    @property
    def takes_stdout(self) -> bool:
        """Whether stdout is a document's, and people are told on stderr."""
        return any(path == STDOUT for _, path in self.named())


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
    documents.refuse_bad_places(asked.named())
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
    """Judges, writes, tells; the exit code: 0 if no rule is broken, 1 if one is, 3 if nothing was seen.

    What can't be written is said, and is 3 where the verdict alone would be 0.
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
    problems = [*documents.write(ending.asked.named(), partial(_document, report=report, scrub=scrub))]
    problems += _tell(report, ending.asked, scrub)
    for unwritten in problems:
        print(printable(scrub(f"brekwatch: {unwritten}")), file=sys.stderr)  # noqa: T201 - a command tells
    exit_code = _EXIT_CODES[report.verdict]
    return EXIT_CANNOT_TELL if problems and exit_code == 0 else exit_code


def _tell(report: AuditReport, asked: Asked, scrub: Callable[[str], str]) -> Iterator[str]:
    """The table; a sentence if it can't be written."""
    from rich.console import Console

    from exporter import audit_table

    try:
        audit_table.tell(report, Console(stderr=asked.takes_stdout), scrub)
        sys.stdout.flush()
    except OSError as problem:
        yield f"stdout can't be written: {problem.strerror}"


def _document(option: str, report: AuditReport, scrub: Callable[[str], str]) -> bytes:
    if option == "--json":
        from exporter.audit_json import audit_as_json

        return orjson.dumps(audit_as_json(report, scrub), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    from alerts.readiness.audit_page import audit_page

    return audit_page(report, scrub).encode()
