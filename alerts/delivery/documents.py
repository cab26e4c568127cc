"""What a notice says, as a document that every channel writes down its own way (`alerts/schemas/notice.schema.json`).

Made once, when it arose: scrubbed, bounded, printable. Texts of a server are under `evidence` alone, and hostile still.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.delivery import wording
from alerts.delivery.links import Links
from alerts.thresholds import severity_of
from probes.incident import Incident, Notice
from probes.model import Run
from probes.redaction import bounded, printable
from probes.words import NoticeKind

VERSION = 1
_LONGEST_TEXT = 300
_LONGEST_ID = 200
_MOST_IDS = 5

_EVERY = {"type": str, "timestamp": str, "summary": str, "description": str, "lines": list, "links": dict}
_OF_INCIDENTS = {"target": str, "blame": str, "detected_at": str, "cause": dict, "scenarios": list}

Document = Mapping[str, Any]
Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Makes documents: `scrub` removes secrets, and links begin where a configuration says."""

    scrub: Scrub
    links: Links

    def incident(
        self, kind: NoticeKind, incident: Incident, *, at: datetime, evidence: Document | None = None
    ) -> dict[str, Any]:
        """What there is to say of an incident at a moment."""
        severity = severity_of(incident.cause, incident.scenarios, incident.blame)
        document = {
            "version": VERSION,
            "type": f"incident.{kind}",
            "timestamp": moment(at),
            "incident_id": incident.incident_id,
            "state": "open" if incident.ended is None else str(incident.ended),
            "severity": str(severity),
            "blame": str(incident.blame),
            "target": incident.cause.target,
            "environment": str(incident.environment),
            "location": incident.location,
            "cause": {
                "kind": str(incident.cause.kind),
                "operation": None if incident.cause.operation is None else str(incident.cause.operation),
            },
            "scenarios": list(incident.scenarios),
            "since": moment(incident.first_failed_at),
            "detected_at": moment(incident.detected_at),
            "recovered_at": _moment_or_none(incident.recovered_at),
            "closed_at": _moment_or_none(incident.closed_at),
            "failed_runs": incident.failed_runs,
            "evidence": evidence,
            "links": self.links.of(incident),
        }
        return wording.worded(document, kind)

    def evidence(self, run: Run) -> dict[str, Any] | None:
        """The proof in a failed run: the step, what it expected, what it saw, and the ids for support."""
        step = run.failed_step
        if step is None or step.failure is None:
            return None
        exchanges = step.exchanges[-_MOST_IDS:]
        answers = [exchange.answer for exchange in exchanges if exchange.answer is not None]
        return {
            "run_id": run.run_id,
            "scenario": run.scenario,
            "step": self._text(step.name, _LONGEST_ID),
            "kind": str(step.failure.kind),
            "expected": self._text(step.failure.expected),
            "observed": self._text(step.failure.observed),
            "request_ids": self._ids(answer.request_id for answer in answers),
            "trace_ids": self._ids(answer.trace_id for answer in answers),
        }

    def _ids(self, found: Any) -> list[str]:
        return list(dict.fromkeys(self._text(text, _LONGEST_ID) for text in found if text))

    def _text(self, text: str, limit: int = _LONGEST_TEXT) -> str:
        return printable(bounded(self.scrub(text), limit), limit)


def readable(notice: Notice) -> Document | None:
    """The document of a notice that was kept; None for one that another version or a damaged journal left there.

    A channel that stumbled over it would stumble for ever, and tell nothing of what comes behind it.
    """
    try:
        document = json.loads(notice.document)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    about = notice.incident_id is not None
    sound = all(isinstance(document.get(key), of) for key, of in (_EVERY | _OF_INCIDENTS if about else _EVERY).items())
    return document if sound and _is_evidence(document.get("evidence")) else None


def _is_evidence(found: Any) -> bool:
    if found is None:
        return True
    texts = ("run_id", "scenario", "step", "expected", "observed")
    lists = ("request_ids", "trace_ids")
    return isinstance(found, dict) and (
        all(isinstance(found.get(key), str) for key in texts) and all(isinstance(found.get(key), list) for key in lists)
    )


def moment(at: datetime) -> str:
    """A moment in a document: UTC, to the second, ended by Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment_or_none(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
