"""What `brekwatch incident` does: from what was asked to evidence, report, file and bundle."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alerts.report import as_email, as_json, as_markdown, bundle, gathering
from alerts.report.evidence import Evidence
from alerts.report.facts import Report
from alerts.report.gathering import IncidentReader, RunReader, Setting
from alerts.report.json_twin import json_text
from alerts.report.reckoning import report_of
from exporter.command_parts import EXIT_CANNOT_TELL, EXIT_USAGE, told_on_stdout
from exporter.found import quoted, reach
from exporter.whole_files import write_whole
from probes.errors import UsageError
from probes.incident import Incident, IncidentFilter
from probes.redaction import Scrubber, printable

_WRITTEN, _NOTHING = 0, 1
_SOUND, _DIFFERS = 0, 1
_SUFFIXES = {".json": "json", ".md": "markdown", ".markdown": "markdown", ".eml": "email", ".txt": "email"}
_STDOUT = Path("-")

Said = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for: at most one of an incident, a run and a stretch of time; and where it goes."""

    incident: str | None = None
    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    target: str | None = None
    format: str | None = None
    output: Path | None = None
    bundle: Path | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.incident, self.run, self.since)) > 1:
            raise UsageError("a report is of one thing: give one of --incident, --run and --since")
        if self.since is None and (self.until is not None or self.target is not None):
            raise UsageError("--until and --target belong to --since")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise UsageError("--until must be later than --since")

    @property
    def written_as(self) -> str:
        """The format: as asked for, else as the file's name says, else HTML."""
        return self.format or _SUFFIXES.get(self.output.suffix.lower() if self.output else "", "html")


def write_report(reader: RunReader, journal: str, wanted: Wanted, config: Path | None) -> tuple[int, Said]:
    """Write what is wanted: the exit code, and what to tell people. Raises UsageError and JournalError."""
    setting, notes = _setting(config)
    evidence = _evidence(reader, wanted, setting)
    if evidence is None:
        return _NOTHING, (_nothing(reader, journal, wanted),)
    report = report_of(evidence)
    said = [*notes, report.headline]
    if wanted.bundle is not None:
        content = bundle.bundle_bytes(evidence, as_json(report), page_of(report))
        write_whole(wanted.bundle, content, private=True)
        said.append(f"wrote {wanted.bundle}: check it with brekwatch incident verify")
    _put(_written(report, wanted.written_as).encode(), wanted.output)
    if wanted.output not in {None, _STDOUT}:
        said.append(f"wrote {wanted.output}")
    return _WRITTEN, tuple(map(printable, said))


def verify_bundle(path: Path) -> tuple[int, Said]:
    """The exit code, and what to tell."""
    from alerts.report import verify

    try:
        files = bundle.files_of(path)
        found = verify.verify(files, version("brekwatch"), page_of)
    except bundle.NotABundleError as problem:
        return EXIT_USAGE, (f"brekwatch: {path} is no bundle: {problem}",)
    except OSError as problem:
        return EXIT_CANNOT_TELL, (f"brekwatch: {path} can't be read: {problem.strerror}",)
    if found.problems:
        return _DIFFERS, (f"{path} is not sound:", *(f"  {each}" for each in verify.told_problems(found)), *found.notes)
    return _SOUND, (f"{path} is sound: {found.checked} values, each as its evidence makes it", *found.notes)


def page_of(report: Report) -> str:
    """The report for people."""
    from alerts.report.html import render

    return render(report)


def _written(report: Report, written_as: str) -> str:
    writers: dict[str, Callable[[Report], str]] = {
        "html": page_of,
        "json": lambda facts: json_text(as_json(facts)),
        "markdown": as_markdown,
        "email": as_email,
    }
    return writers[written_as](report)


def _put(content: bytes, output: Path | None) -> None:
    if output is None or output == _STDOUT:
        with told_on_stdout() as out:
            out.write(content)
    else:
        write_whole(output, content)


def _setting(config: Path | None) -> tuple[Setting, list[str]]:
    """What the report is made with. A configuration that isn't whole here (no key, say) is done without."""
    from probes import scenario_files, settings

    notes: list[str] = []
    known = None
    try:
        known = settings.find(config, os.environ)
    except UsageError as problem:
        if config is not None or os.environ.get("BREKWATCH_CONFIG"):
            first = str(problem).splitlines()[0]
            notes.append(f"made without the configuration's objectives and intervals: {first}")
    facts: dict[str, Any] = {"now": datetime.now(UTC), "version": version("brekwatch"), "settings": known}
    scenarios = scenario_files.shipped() if known is None else known.scenarios
    scrubber = Scrubber(known.secrets if known else ())
    return Setting(**facts, scenarios=scenarios, scrub=scrubber.text), notes


def _evidence(reader: RunReader, wanted: Wanted, setting: Setting) -> Evidence | None:
    if wanted.run is not None:
        kept = reader.run(wanted.run)
        return None if kept is None else gathering.of_run(reader, kept, setting)
    if wanted.since is not None:
        return gathering.of_stretch(reader, wanted.since, setting, target=wanted.target, until=wanted.until)
    if not isinstance(reader, IncidentReader):
        return None
    incident = reader.incident(wanted.incident.strip()) if wanted.incident is not None else _newest(reader)
    if incident is None:
        return None
    return gathering.of_incident(reader, incident, reader.alerts_of(incident.incident_id), setting)


def _newest(reader: IncidentReader) -> Incident | None:
    """The newest that is open, else the newest."""
    still_open = next(reader.incidents(IncidentFilter(open_only=True, limit=1)), None)
    return still_open or next(reader.incidents(IncidentFilter(limit=1)), None)


def _nothing(reader: RunReader, journal: str, wanted: Wanted) -> str:
    for what, text in (("run", wanted.run), ("incident", wanted.incident)):
        if text is not None:
            return f"there is no {what} {quoted(text)} in {journal}, {reach(reader.oldest())}"
    return (
        f"no incident is in {journal}, {reach(reader.oldest())}: brekwatch incident --since 1h reports on what the "
        "runs of the last hour show, --run ID on one run"
    )
