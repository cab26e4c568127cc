"""What a restart must know of a target's incidents, as JSON: its windows and its open incidents. Pure.

Small, for it is written with each judged run: moments are microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from alerts.cases import Case
from alerts.tracks import GoodRun, Seen, Track
from probes.incident import Cause, Hit, Incident
from probes.journal.moments import microseconds_of, moment_of
from probes.words import Blame, Ended, Environment, FailureKind, Operation

VERSION = 1

_IN_CAUSE = frozenset({"cause", "hits"})
_WORDS: Mapping[str, Any] = {"blame": Blame, "detected_blame": Blame, "environment": Environment, "ended": Ended}


def document_of(tracks: Mapping[str, Track], cases: Iterable[Case]) -> Mapping[str, object]:
    """All of a target."""
    return {
        "version": VERSION,
        "scenarios": {name: _track_document(track) for name, track in sorted(tracks.items())},
        "open": [_case_document(case) for case in cases],
    }


def read(target: str, document: object, within: int) -> tuple[dict[str, Track], dict[Cause, Case]]:
    """What `document_of` wrote down. Raises ValueError for anything else, as another version's."""
    try:
        match document:
            case {"version": 1, "scenarios": dict(scenarios), "open": list(still_open)}:
                tracks = {name: _track_of(target, each, within) for name, each in scenarios.items()}
                cases = [_case_of(target, each) for each in still_open]
                return tracks, {case.incident.cause: case for case in cases}
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"the state of {target}'s incidents is damaged") from error
    raise ValueError(f"the state of {target}'s incidents is of another version")


def _track_document(track: Track) -> object:
    return {
        "window": [_seen_document(seen) for seen in track.window],
        "last_good": _good_document(track.last_good),
        "since": _good_document(track.since),
        "in_a_row": track.in_a_row,
    }


def _track_of(target: str, document: Any, within: int) -> Track:
    return Track(
        within,
        [_seen_of(target, *each) for each in document["window"]],
        last_good=_good_of(document["last_good"]),
        since=_good_of(document["since"]),
        in_a_row=document["in_a_row"],
    )


def _seen_document(seen: Seen) -> list[object]:
    known: list[object] = [seen.run_id, microseconds_of(seen.started_at), microseconds_of(seen.ended_at)]
    if seen.cause is None:
        return known
    why = [seen.cause.kind, seen.cause.operation, seen.blame, seen.spent, _good_document(seen.good_before)]
    return known + why


def _seen_of(target: str, run_id: str, started_at: int, ended_at: int, *why: Any) -> Seen:
    seen = Seen(run_id=run_id, started_at=moment_of(started_at), ended_at=moment_of(ended_at))
    if not why:
        return seen
    kind, operation, blame, spent, good_before = why
    return replace(
        seen,
        cause=_cause_of(target, kind, operation),
        blame=None if blame is None else Blame(blame),
        spent=spent,
        good_before=_good_of(good_before),
    )


def _good_document(good: GoodRun | None) -> object:
    return None if good is None else [good.run_id, microseconds_of(good.ended_at)]


def _good_of(document: Any) -> GoodRun | None:
    return None if document is None else GoodRun(run_id=document[0], ended_at=moment_of(document[1]))


def _cause_of(target: str, kind: str, operation: str | None) -> Cause:
    known = None if operation is None else Operation(operation)
    return Cause(target=target, kind=FailureKind(kind), operation=known)


def _case_document(case: Case) -> object:
    cause = case.incident.cause
    return {
        "cause": [cause.kind, cause.operation],
        "blames": dict(case.blames),
        "hits": [_plain(hit) for hit in case.incident.hits],
        "incident": _plain(case.incident),
    }


def _case_of(target: str, document: Any) -> Case:
    incident = Incident(
        cause=_cause_of(target, *document["cause"]),
        hits=tuple(Hit(**_typed(hit)) for hit in document["hits"]),
        **_typed(document["incident"]),
    )
    return Case(incident, {Blame(blame): count for blame, count in document["blames"].items()})


def _plain(fact: Incident | Hit) -> dict[str, object]:
    """Its fields but for those that have parts; a moment's name ends in `_at` or `_since`."""
    values = {field.name: getattr(fact, field.name) for field in fields(fact) if field.name not in _IN_CAUSE}
    return {name: microseconds_of(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _typed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in document.items()}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith(("_at", "_since")):
        return moment_of(value)
    return _WORDS[name](value) if name in _WORDS else value
