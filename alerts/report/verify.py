"""Whether a bundle's report says what its evidence says: sums first, then every field, reckoned anew. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.incidents import verdict_of
from alerts.places import Places
from alerts.report.bundle import PAGE, REPORT, SUMS, NotABundleError, evidence_of, report_in, sums_of
from alerts.report.codec import encode
from alerts.report.evidence import Asked, Evidence, line_of
from alerts.report.facts import Report
from alerts.report.json_twin import as_json
from alerts.report.reckoned import incidents_in
from alerts.report.reckoning import report_of
from alerts.report.stretch import end_of
from probes.incident import Incident
from probes.words import Outcome

Render = Callable[[Report], str]

_MOST_TOLD = 20
_VALUE_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found: `problems` make the bundle unsound, `notes` don't; `checked` is how many values were compared."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    checked: int


def verify(files: Mapping[str, bytes], version: str, render: Render | None = None) -> Verification:
    """Check the files of a bundle; raises NotABundleError where they can't be read as one, though their sums fit.

    `version` is ours: the page is compared with what `render` makes only if the same version made it.
    """
    sums = tuple(_sum_problems(files))
    try:
        evidence, told = evidence_of(files), report_in(files)
    except NotABundleError as problem:
        if not sums:
            raise
        return Verification(problems=(*sums, f"nothing could be reckoned: {problem}"), notes=(), checked=0)
    report = report_of(evidence)
    reckoned = as_json(report)
    problems = [
        *sums,
        *_inner_problems(evidence),
        *_incident_problems(evidence),
        *_named_runs(evidence),
        *differences(told, reckoned),
    ]
    notes = []
    if evidence.version != version:
        notes.append(f"made by brekwatch {ascii(evidence.version)[:40]}, checked by {version}: sentences may differ")
    elif render is not None and render(report).encode() != files[PAGE]:
        problems.append(f"{PAGE}: it is not the page that this evidence makes")
    return Verification(problems=tuple(problems), notes=tuple(notes), checked=_leaves(reckoned))


def differences(told: object, reckoned: object, place: str = REPORT) -> Iterator[str]:
    """Each place where the two documents differ, with both values; a whole missing part is told once."""
    if isinstance(told, dict) and isinstance(reckoned, dict):
        for name in sorted(told.keys() | reckoned.keys()):
            inner = f"{place}: {name}" if place == REPORT else f"{place}.{name}"
            if name not in told or name not in reckoned:
                yield f"{_printable(inner)} is {'missing' if name not in told else 'not what a report has'}"
            else:
                yield from differences(told[name], reckoned[name], inner)
    elif isinstance(told, list) and isinstance(reckoned, list):
        if len(told) != len(reckoned):
            yield f"{_printable(place)} has {len(told)} entries, and the evidence makes {len(reckoned)}"
        for number, (one, other) in enumerate(zip(told, reckoned, strict=False)):
            yield from differences(one, other, f"{place}[{number}]")
    elif told != reckoned or isinstance(told, bool) is not isinstance(reckoned, bool):
        yield f"{_printable(place)} is {_value(told)}, and the evidence makes {_value(reckoned)}"


def told_problems(found: Verification) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    rest = len(found.problems) - _MOST_TOLD
    return (*found.problems[:_MOST_TOLD], *((f"and {rest} more",) if rest > 0 else ()))


def _sum_problems(files: Mapping[str, bytes]) -> Iterator[str]:
    given = _sums(files[SUMS])
    made = _sums(sums_of({name: content for name, content in files.items() if name != SUMS}))
    for name in sorted(made):
        if given.get(name) != made[name]:
            yield f"{name}: its checksum is not the one in {SUMS}"
    if given.keys() - made.keys():
        yield f"{SUMS}: it names files that are not here"


def _sums(content: bytes) -> dict[str, str]:
    lines = (line.partition("  ") for line in content.decode("ascii", "replace").splitlines())
    return {name: digest for digest, _, name in lines}


def _inner_problems(evidence: Evidence) -> Iterator[str]:
    """Where the evidence contradicts itself: a run that is there whole must read as its line does."""
    lines = {line.run_id: line for line in evidence.lines}
    if len(lines) < len(evidence.lines):
        yield "lines.jsonl: a run stands there twice"
    for witness in evidence.witnesses:
        run_id = _printable(witness.run.run_id)
        line = lines.get(witness.run.run_id)
        if line is None:
            yield f"runs.jsonl: run {run_id} is not in lines.jsonl"
        elif line != line_of(witness):
            yield f"runs.jsonl: run {run_id} says otherwise than its line in lines.jsonl"


def _incident_problems(evidence: Evidence) -> Iterator[str]:
    """Where an incident that was reckoned from these runs is not the one that they make.

    One that a service had kept may rest on more runs than are here: its own numbers are taken as they are.
    """
    told, whole = evidence.incident, {each.run.run_id for each in evidence.witnesses}
    failed = {line.run_id for line in evidence.lines if line.outcome is Outcome.FAILED}
    if evidence.asked is not Asked.STRETCH or told is None or not failed <= whole or evidence.left_out:
        return
    verdicts = [verdict for each in evidence.witnesses if (verdict := verdict_of(each.run)) is not None]
    bad = [each for each in verdicts if each.cause is not None]
    found = incidents_in(evidence.lines, bad, evidence.surroundings.policy, Places(location=told.location))
    same = next((each for each in found if each.incident_id == told.incident_id), None)
    if same is None:
        yield "evidence.json: the runs make no such incident"
    elif _times(same) != _times(told):
        yield from differences(_times(told), _times(same), "evidence.json: incident")


def _named_runs(evidence: Evidence) -> Iterator[str]:
    """Where a moment of the incident is not that of the run which it names, of those that are here."""
    told, lines = evidence.incident, {line.run_id: line for line in evidence.lines}
    if told is None:
        return
    named = (
        ("first_failed_at", told.first_failed_at, lines.get(told.first_failed_run_id), False),
        ("last_failed_at", told.last_failed_at, lines.get(told.last_failed_run_id), True),
        ("detected_at", told.detected_at, lines.get(told.detected_run_id), True),
        ("last_good_at", told.last_good_at, lines.get(told.last_good_run_id or ""), True),
        ("recovered_at", told.recovered_at, lines.get(told.recovered_run_id or ""), True),
    )
    for name, moment, line, at_its_end in named:
        if line is not None:
            yield from differences(
                encode(moment),
                encode(end_of(line) if at_its_end else line.started_at),
                f"evidence.json: incident.{name}",
            )


def _times(incident: Incident) -> dict[str, Any]:
    """What follows from the runs alone."""
    found: dict[str, Any] = encode(incident)
    apart = {"environment", "location", "hits"}
    hits = [{"scenario": each.scenario, "failed_runs": each.failed_runs} for each in incident.hits]
    return {**{name: value for name, value in found.items() if name not in apart}, "hits": hits}


def _leaves(document: object) -> int:
    inner: list[Any] = list(document.values()) if isinstance(document, dict) else []
    inner = document if isinstance(document, list) else inner
    return sum(map(_leaves, inner)) if inner else 1


def _value(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _VALUE_CHARACTERS else text[: _VALUE_CHARACTERS - 1] + "…"


def _printable(text: str) -> str:
    return json.dumps(text)[1:-1][:200]
