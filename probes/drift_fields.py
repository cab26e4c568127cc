"""Where the fields of a published body and those of our transcription part ways, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from probes.contract_shapes import Shape, Vocabulary
from probes.openapi import mapping
from probes.published_schemas import said
from probes.redaction import quoted

_LONGEST_SHOWN = 60
_NUMBERS = frozenset({"integer", "number"})


def shown(name: object) -> str:
    """A word of the server's, fit to stand in a sentence of ours."""
    return quoted(str(name), _LONGEST_SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is compared: `title` names it to people, `words` the vocabularies of its fields by their places.

    Which fields must be there is compared of a request; a body that `may_hold_more` has no new fields.
    """

    title: str
    words: Mapping[str, Vocabulary]
    is_request: bool = False
    may_hold_more: bool = False


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """Walks our shape, place by place, with what the file says beside it: so the file can't make it long."""

    document: Mapping[str, object]
    body: Body

    def of(self, shape: Shape, schema: object, place: str = "") -> Iterator[str]:
        """The differences at this place and below it."""
        published = said(self.document, schema)
        yield from self._types(shape, published.types, place)
        if place in self.body.words and published.words:
            yield from self._words(self.body.words[place], published.words, place)
        if published.properties is not None:
            yield from self._fields(shape, published.properties, place)
            if self.body.is_request and published.required is not None:
                yield from self._required(shape, published.required, published.properties, place)
        if published.items is not None and "items" in shape:
            yield from self.of(_shape(shape["items"]), published.items, f"{place}[]")

    def _types(self, shape: Shape, published: frozenset[str] | None, place: str) -> Iterator[str]:
        stated = shape.get("type")
        ours = frozenset({stated} if isinstance(stated, str) else _names(stated)) - {"null"}
        if not published or not ours or _alike(published) == _alike(ours):
            return
        yield f"{self._field(place)} is {shown(' or '.join(sorted(published)))}, was {' or '.join(sorted(ours))}"

    def _words(self, vocabulary: Vocabulary, published: frozenset[str], place: str) -> Iterator[str]:
        yield from (f"{self._field(place)} is never {word}" for word in sorted(vocabulary.needed - published))
        yield from (
            f"{self._field(place)} may be {shown(word)}, which is new"
            for word in sorted(published - vocabulary.known)
            if word.startswith(vocabulary.prefixes)
        )

    def _fields(self, shape: Shape, published: Mapping[str, object], place: str) -> Iterator[str]:
        ours = mapping(shape.get("properties"))
        for name, inner in ours.items():
            if name in published:
                yield from self.of(_shape(inner), published[name], _inside(place, name))
            else:
                yield f"{self._field(_inside(place, name))} is gone"
        if "additionalProperties" in shape and not self.body.may_hold_more:
            new = sorted(set(published) - set(ours))
            yield from (f"{self._field(_inside(place, name))} is new" for name in new)

    def _required(
        self, shape: Shape, required: frozenset[str], properties: Mapping[str, object], place: str
    ) -> Iterator[str]:
        ours = frozenset(_names(shape.get("required")))
        for name in sorted(ours ^ required):
            if name in required or name in properties:  # of one that is gone, that is said enough
                changed = "required" if name in required else "no longer required"
                yield f"{self._field(_inside(place, name))} is {changed}"

    def _field(self, place: str) -> str:
        return f"{self.body.title} field {place}" if place else f"the {self.body.title}"


def _inside(place: str, name: str) -> str:
    return f"{place}.{shown(name)}" if place else shown(name)


def _shape(value: object) -> Shape:
    return value if isinstance(value, dict) else {}


def _names(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _alike(types: frozenset[str]) -> frozenset[str]:
    """Whole numbers are numbers: the documents don't tell them apart."""
    return types - _NUMBERS | {"number"} if types & _NUMBERS else types
