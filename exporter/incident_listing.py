"""Incidents as a table, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.pages import lasting, utc
from alerts.report.codec import encode
from alerts.report.gathering import IncidentReader, RunReader
from alerts.report.json_twin import json_text
from probes.incident import Incident, IncidentFilter
from probes.redaction import printable

_HEADINGS = ("detected", "incident", "state", "lasted", "runs", "blame", "what")


def incidents_of(reader: RunReader, *, open_only: bool) -> tuple[Incident, ...]:
    """Those of a journal, newest first."""
    if not isinstance(reader, IncidentReader):
        return ()
    return tuple(reader.incidents(IncidentFilter(open_only=open_only)))


def as_json(incidents: Sequence[Incident]) -> bytes:
    """`{"incidents": [...]}`, each as in a report."""
    return json_text({"incidents": [encode(each) for each in incidents]}).encode()


def lines(incidents: Sequence[Incident], now: datetime) -> Iterator[str]:
    """The table; nothing where there is none."""
    rows = [_HEADINGS, *(_cells(each, now) for each in incidents)] if incidents else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(incident: Incident, now: datetime) -> tuple[str, ...]:
    cause, end = incident.cause, incident.recovered_at or incident.closed_at or now
    at = f" at {cause.operation}" if cause.operation else ""
    scenarios = ", ".join(incident.scenarios)
    return (
        utc(incident.detected_at),
        incident.incident_id,
        str(incident.ended or "open"),
        lasting((end - incident.first_failed_at).total_seconds()),
        str(incident.failed_runs),
        str(incident.blame),
        printable(f"{cause.kind}{at} on {cause.target}: {scenarios}"),
    )
