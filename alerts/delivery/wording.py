"""A notice in words: one line that says what happened, and a few that say since when, for whom, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from probes.words import Ended, NoticeKind

_LONGEST_LIST = 6
_BEGINS = {
    NoticeKind.OPENED: "Failing",
    NoticeKind.WORSENED: "Failing worse",
    NoticeKind.REMINDER: "Still failing",
    NoticeKind.FLAPPING: "Failing on and off",
    NoticeKind.TEST: "Test",
}
_ENDS = {
    Ended.RECOVERED: "Recovered",
    Ended.UNPLANNED: "No longer watched",
}
_WHOM = {
    "api": "Brek's API: tell their support, with the ids.",
    "conversation": "Brek's assistant: tell their support, with the ids.",
    "credentials": "the partner key: see whether it was revoked or changed.",
    "quota": "the quota of the key: see who spends it.",
    "network": "the network between here and there.",
    "monitor": "this monitor itself.",
}


def worded(document: dict[str, Any], kind: NoticeKind) -> dict[str, Any]:
    """The document with its `summary`, and its `description`: our own `lines`, and the proof."""
    lines = _lines(document, kind)
    description = "\n".join([*lines, *_proof(document["evidence"])])
    return document | {"summary": _summary(document, kind), "lines": lines, "description": description}


def few(names: list[str]) -> str:
    """Names in a sentence, the first few of them."""
    rest = len(names) - _LONGEST_LIST
    return ", ".join(names[:_LONGEST_LIST]) + (f" and {rest} more" if rest > 0 else "")


def cause_of(document: Mapping[str, Any]) -> str:
    """`server_error at send_event`."""
    cause = document["cause"]
    return f"{cause['kind']} at {cause['operation']}" if cause["operation"] else f"{cause['kind']}"


def _summary(document: Mapping[str, Any], kind: NoticeKind) -> str:
    begin = _ENDS[Ended(document["state"])] if kind is NoticeKind.RESOLVED else _BEGINS[kind]
    return f"{begin}: {few(document['scenarios'])} on {document['target']}, {cause_of(document)}"


def _lines(document: Mapping[str, Any], kind: NoticeKind) -> list[str]:
    runs = f"{document['failed_runs']} failed run{'' if document['failed_runs'] == 1 else 's'}"
    lines = [f"Since {document['since']}, {runs}, seen from {document['location']} ({document['environment']})."]
    if document["state"] == Ended.RECOVERED:
        lines.append(f"Good again since {document['recovered_at']}.")
    elif document["state"] == Ended.UNPLANNED:
        lines.append("No probe plays this any more, so nobody saw whether it recovered.")
    else:
        lines.append(f"To act: {_WHOM[document['blame']]}")
    if kind is NoticeKind.FLAPPING:
        lines.append("It opened twice within an hour: the rest is held back until it was quiet for 30 minutes.")
    return lines


def _proof(evidence: Mapping[str, Any] | None) -> list[str]:
    if evidence is None:
        return []
    seen = f"expected {evidence['expected']}, observed {evidence['observed']}"
    lines = [f"Step {evidence['step']} of {evidence['scenario']}: {seen}."]
    for name, key in (("requestId", "request_ids"), ("traceId", "trace_ids")):
        lines += [f"{name} {text}" for text in evidence[key]]
    return [*lines, f"Run {evidence['run_id']}"]
