"""Where an id was seen: exactly that id, else the one that begins so. Every look-up goes by an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from probes.errors import UsageError
from probes.journal import facts
from probes.journal.kept import Found, Sighting
from probes.journal.moments import moment_of
from probes.journal.tables import exchanges, ids, intents, runs
from probes.words import IdKind, Operation

SHORTEST_PREFIX = 4
MOST_SIGHTINGS = 20
MOST_CANDIDATES = 10

_OFTEN = 250
_PAGE, _PAGES_BACK = 500, 10
_KINDS = tuple(kind.value for kind in IdKind)
_LAST_CHARACTER = "\U0010ffff"
_BESIDE = (
    (IdKind.REQUEST_ID, "header_request_id"),
    (IdKind.REQUEST_ID, "body_request_id"),
    (IdKind.TRACE_ID, "trace_id"),
    (IdKind.SESSION_ID, "session_id"),
    (IdKind.EVENT_ID, "event_id"),
    (IdKind.IDEMPOTENCY_KEY, "idempotency_key"),
)
_SHOWN = ("step", "operation", "attempt", "status_code", "chat_status", *(name for _, name in _BESIDE))

Candidates = tuple[tuple[IdKind, str], ...]


def find(connection: Connection, text: str) -> Found:
    """What was meant by an id, or by the beginning of one. Raises UsageError for a beginning that is too short."""
    text = text.strip()
    if not could_be_kept(text):
        return Found()
    sightings = _sightings(connection, text)
    if not sightings:
        refuse_short(text)
        candidates = _candidates(connection, text)
        if len({value for _, value in candidates}) > 1:
            return Found(candidates=candidates[:MOST_CANDIDATES], more=len(candidates) > MOST_CANDIDATES)
        sightings = _sightings(connection, candidates[0][1]) if candidates else ()
    return Found(sightings=sightings[:MOST_SIGHTINGS], more=len(sightings) > MOST_SIGHTINGS)


def refuse_short(text: str) -> None:
    """Raises UsageError where a prefix is so short that it could mean anything."""
    if len(text) < SHORTEST_PREFIX:
        raise UsageError(f"the beginning of an id needs at least {SHORTEST_PREFIX} characters, or the whole id")


def begins_with(column: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """As a range, which the index answers; a wildcard of LIKE is a character like any other here."""
    return (column >= prefix) & (column < prefix + _LAST_CHARACTER)


def could_be_kept(text: str) -> bool:
    """Whether a journal may hold this id: NUL and halves of characters are replaced before one is written."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _candidates(connection: Connection, prefix: str) -> Candidates:
    """The ids that begin so, in order: one more than are told, so that one knows of others."""
    keys = intents.c.idempotency_key
    places: Iterable[tuple[IdKind | None, Select[Any]]] = (
        (None, select(ids.c.value, ids.c.kind).distinct().where(begins_with(ids.c.value, prefix))),
        (IdKind.RUN_ID, select(runs.c.run_id).where(begins_with(runs.c.run_id, prefix))),
        (IdKind.IDEMPOTENCY_KEY, select(keys).distinct().where(begins_with(keys, prefix))),
    )
    found: set[tuple[IdKind, str]] = set()
    for kind, query in places:
        rows = connection.execute(query.order_by(*query.selected_columns).limit(MOST_CANDIDATES + 1))
        found |= {(facts.word_of(IdKind, kind or row[1]), row[0]) for row in rows}
    return tuple(sorted(found, key=lambda each: (each[1], each[0]))[: MOST_CANDIDATES + 1])


def _sightings(connection: Connection, value: str) -> tuple[Sighting, ...]:
    """Newest first; one more than are told. A key that was never sent is found where it was promised."""
    seen = [
        *map(_run_itself, connection.execute(select(runs).where(runs.c.run_id == value))),
        *_exchanges_naming(connection, value),
    ]
    known = {sighting.run.run_id for sighting in seen if sighting.kind is IdKind.IDEMPOTENCY_KEY}
    promised = (_promised(row, value) for row in connection.execute(_intents_naming(value)))
    seen += [sighting for sighting in promised if sighting.run.run_id not in known]
    return tuple(sorted(seen, key=lambda each: each.at or each.run.started_at, reverse=True)[: MOST_SIGHTINGS + 1])


def _exchanges_naming(connection: Connection, value: str) -> Iterator[Sighting]:
    """In the newest runs that name it. Small questions one after another: each goes by its index on any database."""
    places = set(connection.execute(_places(value).limit(_OFTEN)).all())
    if len(places) == _OFTEN:
        places |= _newest_places(connection, value)
    named = runs.c.run_id.in_({place.run_id for place in places})
    newest = select(runs).where(named).order_by(runs.c.started_at.desc()).limit(MOST_SIGHTINGS + 1)
    of_id = {row.run_id: row for row in connection.execute(newest)}
    chosen = [place for place in places if place.run_id in of_id]
    query = select(exchanges.c.run_id, exchanges.c.seq, exchanges.c.started_at, *(exchanges.c[name] for name in _SHOWN))
    of_them = (exchanges.c.run_id.in_(list(of_id)), exchanges.c.seq.in_({place.seq for place in chosen}))
    at = {(row.run_id, row.seq): row for row in connection.execute(query.where(*of_them))}
    for place in chosen:
        yield _in_exchange(place.kind, value, of_id[place.run_id], at.get((place.run_id, place.seq)))


def _places(value: str) -> Select[tuple[str, str, int]]:
    return select(ids.c.kind, ids.c.run_id, ids.c.seq).where(ids.c.value == value)


def _newest_places(connection: Connection, value: str) -> set[Row[tuple[str, str, int]]]:
    """Of an id that a server tells again and again, where it was last seen: some thousand runs are looked through."""
    found: set[Row[tuple[str, str, int]]] = set()
    for page in range(_PAGES_BACK):
        recent = select(runs.c.run_id).order_by(runs.c.started_at.desc()).limit(_PAGE).offset(page * _PAGE)
        run_ids = connection.execute(recent).scalars().all()
        found |= set(connection.execute(_places(value).where(ids.c.kind.in_(_KINDS), ids.c.run_id.in_(run_ids))).all())
        if len(found) > MOST_SIGHTINGS:
            break
    return found


def _intents_naming(value: str) -> Select[Any]:
    return (
        select(intents.c.intended_at, intents.c.session_id, runs)
        .join_from(intents, runs, runs.c.run_id == intents.c.run_id)
        .where(intents.c.idempotency_key == value)
        .order_by(intents.c.intended_at.desc())
        .limit(MOST_SIGHTINGS + 1)
    )


def _run_itself(row: Row[Any]) -> Sighting:
    return Sighting(kind=IdKind.RUN_ID, value=row.run_id, run=facts.summary_of(row))


def _promised(row: Row[Any], value: str) -> Sighting:
    beside = ((IdKind.SESSION_ID, row.session_id),) if row.session_id else ()
    return Sighting(
        kind=IdKind.IDEMPOTENCY_KEY,
        value=value,
        run=facts.summary_of(row),
        at=moment_of(row.intended_at),
        beside=beside,
    )


def _in_exchange(kind: str, value: str, run: Row[Any], row: Row[Any] | None) -> Sighting:
    """One whose exchange is not there was lost: the run still tells something."""
    if row is None:
        return Sighting(kind=facts.word_of(IdKind, kind), value=value, run=facts.summary_of(run))
    named = ((each, getattr(row, name)) for each, name in _BESIDE)
    return Sighting(
        kind=facts.word_of(IdKind, kind),
        value=value,
        run=facts.summary_of(run),
        step=row.step,
        seq=row.seq,
        operation=facts.word_of(Operation, row.operation),
        attempt=row.attempt,
        status_code=row.status_code,
        chat_status=row.chat_status,
        at=moment_of(row.started_at),
        beside=tuple(dict.fromkeys((each, other) for each, other in named if other and other != value)),
    )
