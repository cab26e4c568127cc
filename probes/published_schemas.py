"""What a published schema says of a place, with its references followed and its parts put together.

`allOf` says all that its parts say; `oneOf` and `anyOf` what each part may say. What isn't said stays None: only words
can contradict ours. The work at one place is bounded; a schema beyond the bound says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from probes.openapi import resolved

_MOST_PARTS = 100
_DEEPEST = 20
_MOST_NAMES = 500
_NULL = frozenset({"null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A schema's words for one place. None, or no properties, is silence; `null` is left out of types and words."""

    types: frozenset[str] | None = None
    required: frozenset[str] | None = None
    words: frozenset[str] | None = None
    properties: Mapping[str, object] | None = None
    items: object = None


NOTHING = Said()


class _UnreadableError(Exception):
    """A part of the schema is not to be had, or the parts go on and on: what the whole says is not known."""


def said(document: Mapping[str, object], schema: object) -> Said:
    """What this schema says. Never raises."""
    try:
        found = _Reader(document).read(schema, depth=0)
    except _UnreadableError:
        return NOTHING
    return replace(found, types=(found.types or _NULL) - _NULL or None)


class _Reader:
    def __init__(self, document: Mapping[str, object]) -> None:
        self._document = document
        self._left = _MOST_PARTS

    def read(self, schema: object, *, depth: int) -> Said:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise _UnreadableError
        found = resolved(self._document, schema)
        if not found and schema:
            raise _UnreadableError
        parts = [_own(found)]
        parts += (self.read(part, depth=depth + 1) for part in _sequence(found.get("allOf")))
        for either in ("oneOf", "anyOf"):
            branches = [self.read(part, depth=depth + 1) for part in _sequence(found.get(either))]
            parts += _any_of(branches)
        return _all_of(parts)


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _texts(value: object) -> frozenset[str] | None:
    if not isinstance(value, list) or len(value) > _MOST_NAMES:
        return None
    return frozenset(item for item in value if isinstance(item, str))


def _own(schema: Mapping[str, object]) -> Said:
    """What it says itself, its parts aside."""
    kind = schema.get("type")
    types = frozenset({kind}) if isinstance(kind, str) else _texts(kind)
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    properties = schema.get("properties")
    return Said(
        types=types,
        required=_texts(schema.get("required")),
        words=_texts(words),
        properties=properties if isinstance(properties, dict) and len(properties) <= _MOST_NAMES else None,
        items=schema.get("items"),
    )


def _properties(name: str, parts: Sequence[Said]) -> Mapping[str, object] | None:
    """The properties of several parts; the schemas of one that stands in several, under `name` again."""
    by_name: dict[str, list[object]] = {}
    for part in parts:
        for key, schema in (part.properties or {}).items():
            by_name.setdefault(key, []).append(schema)
    return {key: _one(name, schemas) for key, schemas in by_name.items()} if by_name else None


def _items(name: str, parts: Sequence[Said]) -> object:
    stated = [part.items for part in parts if part.items is not None]
    return _one(name, stated) if stated else None


def _one(name: str, schemas: list[object]) -> object:
    return schemas[0] if len(schemas) == 1 else {name: schemas}


def _all_of(parts: Sequence[Said]) -> Said:
    return Said(
        types=_stated([part.types for part in parts], frozenset.intersection),
        required=_stated([part.required for part in parts], frozenset.union),
        words=_stated([part.words for part in parts], frozenset.intersection),
        properties=_properties("allOf", parts),
        items=_items("allOf", parts),
    )


def _any_of(branches: Sequence[Said]) -> list[Said]:
    """The branches as one part, or none where there are none; one that only allows null says nothing of the rest."""
    telling = [branch for branch in branches if branch.types != _NULL]
    if not telling:
        return []
    objects = [branch for branch in telling if branch.types is None or "object" in branch.types]
    told_whole = all(branch.properties is not None for branch in objects)
    return [
        Said(
            types=_agreed([branch.types for branch in telling], frozenset.union),
            required=_agreed([branch.required for branch in telling], frozenset.intersection),
            words=_agreed([branch.words for branch in telling], frozenset.union),
            properties=_properties("anyOf", objects) if told_whole else None,
            items=_items("anyOf", telling),
        )
    ]


_Texts = frozenset[str]
_Join = Callable[..., _Texts]


def _stated(sets: Sequence[_Texts | None], join: _Join) -> _Texts | None:
    """All that was said, joined; None if nobody said anything."""
    known = [each for each in sets if each is not None]
    return join(*known) if known else None


def _agreed(sets: Sequence[_Texts | None], join: _Join) -> _Texts | None:
    """The same, where one that says nothing allows everything."""
    return None if any(each is None for each in sets) else _stated(sets, join)
