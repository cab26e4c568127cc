"""From evidence to the report of an audit, compared with an earlier one where its JSON is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from probes.answers import decode_json
from probes.errors import UsageError
from probes.readiness.evidence import AuditReport, Evidence, Judgement, RuleChange
from probes.readiness.evidence_json import digest
from probes.readiness.rules.judging import judge, verdict_of
from probes.readiness.words import SUITE_VERSION, RuleId
from probes.redaction import printable

_LARGEST_BYTES = 64 * 1024 * 1024
_LONGEST_WORD = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What is needed of an earlier audit: how each rule stood, and what the audit was of."""

    name: str
    suite_version: str
    states: Mapping[str, str]
    kind: str | None = None
    started_at: str | None = None
    build: str | None = None


def conclude(
    evidence: Evidence,
    *,
    started_at: datetime,
    duration_seconds: float,
    build: str | None,
    previous: Previous | None,
    monitor_version: str,
) -> AuditReport:
    """The report: every rule judged, the verdict, the evidence's digest, and what changed since `previous`."""
    judgements = judge(evidence)
    verdict, sentence = verdict_of(evidence, judgements)
    return AuditReport(
        verdict=verdict,
        sentence=sentence,
        kind=evidence.kind,
        started_at=started_at,
        duration_seconds=duration_seconds,
        judgements=judgements,
        evidence=evidence,
        evidence_sha256=digest(evidence.exchanges),
        suite_version=SUITE_VERSION,
        monitor_version=monitor_version,
        build=build,
        changes=None if previous is None else _changes(judgements, previous),
        compared_with=None if previous is None else _told(previous),
        notes=() if previous is None else tuple(_notes(evidence, judgements, previous)),
    )


def previous_of(path: Path | None) -> Previous | None:
    """The earlier audit in a JSON file that `audit --json` wrote; None if no file is given.

    Raises UsageError for what can't be read, or is no such file.
    """
    if path is None:
        return None
    value, problem = decode_json(_content(path))
    name = printable(str(path))
    if problem is not None:
        raise UsageError(f"{name}: it is no JSON: {problem}; compare with a file that `brekwatch audit --json` wrote")
    states, top = _states(value), _mapping(value)
    suite_version = _word(top.get("suite_version"))
    if not states or suite_version is None:
        raise UsageError(f"{name}: it is no audit's JSON; compare with a file that `brekwatch audit --json` wrote")
    return Previous(
        name=printable(path.name),
        suite_version=suite_version,
        states=states,
        kind=_word(top.get("kind")),
        started_at=_word(top.get("started_at")),
        build=_word(top.get("build")),
    )


def _content(path: Path) -> bytes:
    name = printable(str(path))
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{name}: it is no regular file; compare with one that `brekwatch audit --json` wrote")
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise UsageError(f"{name}: it can't be read: {reason}") from None
    if len(content) > _LARGEST_BYTES:
        raise UsageError(f"{name}: it is larger than {_LARGEST_BYTES // 1024 // 1024} MiB: no audit's JSON is")
    return content


def _states(value: object) -> Mapping[str, str]:
    """How each rule stood; nothing if that is not what it holds."""
    rules = _mapping(value).get("rules")
    entries = [_mapping(rule) for rule in rules] if isinstance(rules, list) else []
    found = {str(_word(rule.get("id"))): _word(rule.get("state")) for rule in entries}
    told = {name: state for name, state in found.items() if state is not None}
    return told if len(told) == len(entries) and set(told) & set(RuleId) else {}


def _changes(judgements: Sequence[Judgement], previous: Previous) -> tuple[RuleChange, ...]:
    return tuple(
        RuleChange(rule=each.rule, was=previous.states[each.rule], now=each.state)
        for each in judgements
        if previous.states.get(each.rule, each.state) != each.state
    )


def _told(previous: Previous) -> str:
    parts = (
        previous.name,
        previous.started_at and f"of {previous.started_at}",
        previous.build and f"build {previous.build}",
        f"suite {previous.suite_version}",
    )
    return ", ".join(part for part in parts if part)


def _notes(evidence: Evidence, judgements: Sequence[Judgement], previous: Previous) -> Iterator[str]:
    if previous.suite_version != SUITE_VERSION:
        yield (
            f"The audit before was judged by suite {previous.suite_version}, this one by {SUITE_VERSION}: "
            "a rule may stand otherwise because it judges otherwise."
        )
    if previous.kind not in {None, evidence.kind}:
        yield f"The audit before was an `audit {previous.kind}`, this one an `audit {evidence.kind}`."
    fresh = [each.rule.value for each in judgements if each.rule not in previous.states]
    if fresh:
        yield f"The audit before did not know: {', '.join(fresh)}."


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    return printable(value, _LONGEST_WORD) if isinstance(value, str) and value else None
