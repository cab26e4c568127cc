"""Where an id was seen: as JSON (`schemas/found.schema.json`), and words that the command and the page share.

Moments are RFC 3339 in UTC. What the journal gives back is redacted already.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from alerts.pages import utc
from exporter.run_json import maybe_moment, moment
from probes.journal.kept import Found, RunSummary, Sighting
from probes.redaction import printable
from probes.words import IdKind


def show_command(run_id: str, config: Path | None = None) -> str:
    """The command that shows this run whole, ready for a shell; with the configuration that led to its journal."""
    parts = ["brekwatch", "runs", "show", run_id]
    return shlex.join(parts if config is None else [*parts, "-c", str(config)])


def found_as_json(found: Found, config: Path | None = None) -> dict[str, object]:
    """Sightings, or the candidates of a prefix that could mean several ids; both empty where nothing was found."""
    return {
        "sightings": [_sighting(sighting, config) for sighting in found.sightings],
        "candidates": _ids(found.candidates),
        "more": found.more,
    }


def reach(oldest: datetime | None) -> str:
    """How far back a journal goes, as the end of a sentence."""
    return "which holds no run yet" if oldest is None else f"which reaches back to {utc(oldest)}"


def quoted(text: str) -> str:
    """What somebody typed, fit to be told."""
    return f"'{printable(text.strip(), 256)}'"


def _ids(ids: Iterable[tuple[IdKind, str]]) -> list[dict[str, str]]:
    return [{"kind": kind, "value": value} for kind, value in ids]


def _sighting(sighting: Sighting, config: Path | None) -> dict[str, object]:
    return {
        "kind": sighting.kind,
        "value": sighting.value,
        "run": _run(sighting.run),
        "step": sighting.step,
        "exchange": sighting.seq,
        "operation": sighting.operation,
        "attempt": sighting.attempt,
        "status_code": sighting.status_code,
        "chat_status": sighting.chat_status,
        "at": maybe_moment(sighting.at),
        "beside": _ids(sighting.beside),
        "show": show_command(sighting.run.run_id, config),
    }


def _run(run: RunSummary) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "target": run.target,
        "scenario": run.scenario,
        "outcome": run.outcome,
        "reason": run.reason,
        "started_at": moment(run.started_at),
        "duration_seconds": run.duration_seconds,
        "failed_step": run.failed_step,
        "failure_kind": run.failure_kind,
    }
