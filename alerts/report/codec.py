"""Facts as JSON and back again, by their types: frozen dataclasses, tuples, mappings, words, moments, bytes.

The report's JSON, its published schema and a bundle's evidence are all made by it, so that none can disagree. What
comes back is checked as strictly as it is typed: a bundle comes from anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from probes.answers import artifacts_in
from probes.model import Answer
from probes.words import word_of

T = TypeVar("T")

_LEFT_OUT: Mapping[type, frozenset[str]] = {Answer: frozenset({"body", "artifacts"})}
"""Fields that are read from another one, of the same object, and would say everything twice.

Artifacts are read anew from the content that came back: whom a missing one concerns is told by them.
"""


_LARGEST = 1e18
_LONGEST_SECONDS = 1e10
"""Of durations that come back: three centuries, so that no sum of a few of them leaves the calendar."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class UnfitError(ValueError):
    """A document is not what its type says; the text names the place."""


def encode(value: object) -> Any:
    """As a JSON encoder takes it. Moments are RFC 3339 in UTC, to the microsecond; bytes are text."""
    found: Any = value
    match value:
        case str():
            found = str(value)
        case bytes():
            found = value.decode("utf-8", "replace")
        case datetime():
            found = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            found = {str(key): encode(each) for key, each in value.items()}
        case tuple():
            found = [encode(each) for each in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            found = {name: encode(getattr(value, name)) for name in _fields(type(value))}
    return found


def decode(kind: type[T], data: object, place: str = "") -> T:
    """What `encode` made this of; raises UnfitError for anything else."""
    found: T = _decoded(kind, data, place)
    return found


def mapped(value: T, change: Callable[[str], str]) -> T:
    """The same facts with each text changed, those in bytes too; words of closed sets stay."""
    found: Any = value
    match value:
        case StrEnum() | None | bool() | int() | float() | datetime():
            return value
        case str():
            found = change(value)
        case bytes():
            found = change(value.decode("utf-8", "replace")).encode("utf-8", "replace")
        case Mapping():
            found = {key: mapped(each, change) for key, each in value.items()}
        case tuple():
            found = tuple(mapped(each, change) for each in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            kept = {name: mapped(getattr(value, name), change) for name in _fields(type(value))}
            found = _read_again(dataclasses.replace(value, **kept))
    return found  # type: ignore[no-any-return]


def schema_of(kind: type, title: str, description: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `encode` makes of such a fact."""
    shapes: dict[str, Any] = {}
    root = _schema(kind, shapes)
    own = shapes.pop(root["$ref"].rpartition("/")[2])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "description": description}
    return {**own, **head, "$defs": dict(sorted(shapes.items()))}


@functools.cache
def _fields(kind: type) -> Mapping[str, Any]:
    """The fields that are written down, with their types."""
    hints = get_type_hints(kind)
    left_out = _LEFT_OUT.get(kind, frozenset())
    return {each.name: hints[each.name] for each in dataclasses.fields(kind) if each.name not in left_out}


def _decoded(kind: Any, data: object, place: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {types.UnionType, Union}:
        known = next(each for each in inner if each is not types.NoneType)
        return None if data is None else _decoded(known, data, place)
    if origin is tuple:
        items = _of(list, data, place)
        return tuple(_decoded(inner[0], each, f"{place}[{number}]") for number, each in enumerate(items))
    if origin is not None:
        found = _of(dict, data, place)
        return {_text(key, place): _decoded(inner[1], each, f"{place}.{key}") for key, each in found.items()}
    if dataclasses.is_dataclass(kind):
        return _object(kind, _of(dict, data, place), place)
    return _plain(kind, data, place)


def _object(kind: Any, data: dict[str, object], place: str) -> Any:
    fields = _fields(kind)
    odd = sorted(data.keys() ^ fields.keys())
    if odd:
        raise UnfitError(f"{place or 'the document'}: {odd[0]!r} is {'missing' if odd[0] in fields else 'unknown'}")
    found = {name: _decoded(fields[name], data[name], f"{place}.{name}" if place else name) for name in fields}
    for name, value in found.items():
        if name.endswith("_seconds") and value is not None and not 0 <= value <= _LONGEST_SECONDS:
            raise UnfitError(f"{place}.{name}: no duration")
    try:
        return _read_again(kind(**found))
    except ValueError as error:
        raise UnfitError(f"{place}: {error}") from None


def _read_again(value: Any) -> Any:
    if not isinstance(value, Answer):
        return value
    return dataclasses.replace(value, artifacts=artifacts_in(value.content))


def _plain(kind: Any, data: object, place: str) -> Any:
    if issubclass(kind, StrEnum):
        return word_of(kind, _text(data, place))
    if kind is datetime:
        return _moment(_text(data, place), place)
    if kind is bytes:
        return _text(data, place).encode("utf-8", "replace")
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return _of(int, data, place)
    return _of(kind, data, place)


def _of(kind: type[T], data: object, place: str) -> T:
    odd_number = isinstance(data, (int, float)) and not abs(data) <= _LARGEST
    if not isinstance(data, kind) or odd_number or (isinstance(data, bool) and kind is not bool):
        raise UnfitError(f"{place or 'the document'}: no {kind.__name__}")
    return data


def _text(data: object, place: str) -> str:
    return _of(str, data, place)


def _moment(text: str, place: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UnfitError(f"{place}: no moment") from None
    if found.tzinfo is None:
        raise UnfitError(f"{place}: a moment without an offset")
    if not _FIRST <= found <= _LAST:
        raise UnfitError(f"{place}: a moment of no run")
    return found.astimezone(UTC)


_PLAIN_SCHEMAS: Mapping[Any, Mapping[str, str]] = {
    str: {"type": "string"},
    bytes: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}


def _schema(kind: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; those of dataclasses and words are kept in `shapes`, by name."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {types.UnionType, Union}:
        return {"anyOf": [_schema(each, shapes) for each in inner if each is not types.NoneType] + [{"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _schema(inner[0], shapes)}
    if origin is not None:
        return {"type": "object", "additionalProperties": _schema(inner[1], shapes)}
    if kind in _PLAIN_SCHEMAS:
        return dict(_PLAIN_SCHEMAS[kind])
    name = kind.__name__
    if name not in shapes:
        shapes[name] = {}
        shapes[name] = _shape(kind, shapes)
    return {"$ref": f"#/$defs/{name}"}


def _shape(kind: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    if issubclass(kind, StrEnum):
        return {"enum": [str(word) for word in kind]}
    fields = {name: _schema(each, shapes) for name, each in _fields(kind).items()}
    described = " ".join((kind.__doc__ or "").split())
    return {
        "description": described,
        "type": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": fields,
    }
