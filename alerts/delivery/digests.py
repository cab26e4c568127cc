"""Many notices in one message: how many, which, and where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.delivery.documents import VERSION, Document, moment
from probes.words import Severity

_MOST_LISTED = 50
_MOST_LINES = 15


def digest(documents: Sequence[Document], *, at: datetime, external_url: str | None) -> dict[str, Any]:
    """One document for all of these, in the order in which they came about."""
    about = [document for document in documents if document.get("incident_id")]
    by_target = Counter(document["target"] for document in about)
    by_blame = Counter(document["blame"] for document in about)
    listed = [_entry(document) for document in documents[:_MOST_LISTED]]
    summary = f"{len(documents)} more incidents: {_counted(by_target)}" if about else f"{len(documents)} more notices"
    lines = [f"By blame: {_counted(by_blame)}."] if about else []
    lines += [f"{entry['incident_id'] or ''} {entry['summary']}".strip() for entry in listed[:_MOST_LINES]]
    if len(documents) > _MOST_LINES:
        lines.append(f"and {len(documents) - _MOST_LINES} more")
    pages = any(document.get("severity") == Severity.PAGE for document in documents)
    return {
        "version": VERSION,
        "type": "digest",
        "timestamp": moment(at),
        "notices": len(documents),
        "severity": str(Severity.PAGE if pages else Severity.TICKET),
        "by_target": dict(by_target.most_common(_MOST_LISTED)),
        "by_blame": dict(by_blame),
        "incidents": listed,
        "links": {"incidents": external_url and f"{external_url}/"},
        "summary": summary,
        "lines": lines,
        "description": "\n".join(lines),
    }


def both(opened: Document, ended: Document) -> dict[str, Any]:
    """The end of an incident for whoever never heard that it began: one message that says both."""
    begun = f"It opened at {opened['detected_at']}, which could not be told before."
    lines = [begun, *ended["lines"]]
    evidence = ended.get("evidence") or opened.get("evidence")
    return {
        **ended,
        "evidence": evidence,
        "lines": lines,
        "description": "\n".join([begun, opened["description"], ended["description"]]),
    }


def _entry(document: Document) -> dict[str, Any]:
    return {
        "type": document["type"],
        "incident_id": document.get("incident_id"),
        "state": document.get("state"),
        "target": document.get("target"),
        "summary": document["summary"],
    }


def _counted(counts: Counter[str]) -> str:
    first = [f"{name} {count}" for name, count in counts.most_common(5)]
    rest = len(counts) - len(first)
    return ", ".join(first) + (f", and {rest} more" if rest else "")
