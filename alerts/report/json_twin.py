"""The report as JSON, and the schema that describes it (`alerts/schemas/report.schema.json`)."""

from __future__ import annotations

import json
from typing import Any

from alerts.report.codec import encode, schema_of
from alerts.report.facts import Report

SCHEMA_NAME = "report.schema.json"
_DESCRIPTION = (
    "What `brekwatch incident --format json` prints. Durations are in seconds, moments are RFC 3339 in UTC. Texts that "
    "a server had a say in are redacted and bounded, and still its own: escape them."
)


def as_json(report: Report) -> dict[str, Any]:
    """The whole report; `json_text` writes it down."""
    found: dict[str, Any] = encode(report)
    return found


def json_text(document: object) -> str:
    """Indented, in ASCII: no invisible character of a server reaches a terminal."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def schema_text() -> str:
    """The JSON Schema as it is published."""
    return json.dumps(schema_of(Report, "An incident report", _DESCRIPTION), indent=2, ensure_ascii=False) + "\n"
