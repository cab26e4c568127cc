"""YAML that people write, read with its positions: a value, or a ConfigError that says where and what to do.

The events of the parser are put together here, one at a time, so that size, depth and number of values
are bounded before anything grows. What YAML 1.2 calls text stays text (`no`, dates); tags are refused,
since no file that is read here needs one and some loaders run code for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probes.card_numbers import holds_card_number
from probes.errors import ConfigError
from probes.redaction import printable, quoted

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

Place = tuple[str | int, ...]

LARGEST_BYTES = 1024 * 1024
_LONGEST_KEY_SHOWN = 60
_LONGEST_TAG = 10_000
_BYTE_ORDER_MARK = "\ufeff"

_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_MOST_DIGITS = 18
_SURROGATE = re.compile("[\ud800-\udfff]")

_WAYS_OUT = (
    (
        "mapping values are not allowed",
        "a text with colon and space in it must stand in quotes; keys begin in one column",
    ),
    ("cannot start any token", "a text that begins so must stand in quotes; indent with spaces, not with tabs"),
    ("flow", "inside { } or [ ], a text with braces, brackets or commas must stand in quotes"),
    ("block", "check the indentation: keys of one mapping and items of one list begin in the same column"),
    ("simple key", "every key needs a colon and a space after it"),
    ("quoted scalar", "a quote is opened and never closed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How large a document may grow, aliases unfolded, and whether it is one of our user's.

    In a user's own file a card number, or a number that no float holds, is a mistake to tell; in a
    stranger's such a number is text like any other.
    """

    deepest: int = 30
    most_values: int = 10_000
    is_own: bool = True


OWN = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value and where it stands. `values` and `characters` say how much it is, aliases unfolded."""

    mark: Mark
    value: object
    children: Mapping[str | int, Node] = field(default_factory=dict)
    key_marks: Mapping[str | int, Mark] = field(default_factory=dict)
    values: int = 1
    characters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file's value with its positions."""

    source: str
    root: Node

    def node(self, place: Place) -> tuple[Place, Node]:
        """The value at a place, or the nearest one above it; and which place that is."""
        found = self.root
        for depth, part in enumerate(place):
            if part not in found.children:
                return place[:depth], found
            found = found.children[part]
        return place, found

    def problem(self, place: Place, message: str, *, at_key: bool = False) -> str:
        """`file:line:column: path: message`, at the value or at its key."""
        known, found = self.node(place)
        mark = found.mark
        if at_key and known:
            mark = self.node(known[:-1])[1].key_marks.get(known[-1], mark)
        return _told(self.source, mark, f"{spelled(known)}: {message}" if known else message)

    def line(self, place: Place) -> int:
        """The line of the value at a place."""
        return self.node(place)[1].mark.line

    def leaves(self) -> Iterator[tuple[Place, object]]:
        """Every text, number, truth value and null, in order, each with its place."""
        yield from _leaves((), self.root)


def spelled(place: Place) -> str:
    """A place as people write it: `steps[2].expect.chat_status`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{quoted(part, _LONGEST_KEY_SHOWN)}"
    return text.removeprefix(".")


def read_bytes(path: Path) -> bytes:
    """A file's content, bounded; raises ConfigError, with a sentence, for one that can't be read."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: it is no regular file")
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise ConfigError(f"{printable(str(path))}: it can't be read: {reason}") from None


def read(content: str | bytes, source: str, rules: Rules = OWN) -> Document:
    """The one document in a text; raises ConfigError for whatever can't be read safely."""
    text = _decoded(content, source)
    builder = _Builder(rules)
    try:
        for event in _events(text):
            builder.take(event)
        if builder.root is None:
            raise _RefusedError(Mark(line=1, column=1), "it is empty")
    except _RefusedError as refused:
        raise ConfigError(_told(source, refused.mark, refused.message)) from None
    except Exception as error:  # noqa: BLE001 - a parser of foreign text: whatever it stumbles over is the text's fault
        raise ConfigError(_syntax_problem(error, text, source)) from None
    return Document(source=source, root=builder.root)


def _decoded(content: str | bytes, source: str) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(raw) > LARGEST_BYTES:
        raise ConfigError(f"{source}: it is larger than {LARGEST_BYTES // 1024} KiB")
    try:
        return raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{source}:{line}:1: it is not UTF-8: save it as UTF-8 text") from None


def _events(text: str) -> Iterator[Event]:
    from ruamel.yaml import YAML

    if any(len(word) > _LONGEST_TAG and "!" in word for word in text.split()):
        raise _RefusedError(Mark(line=1, column=1), "a word with a ! in it goes on for ever")  # quadratic to parse
    yield from YAML(typ="safe", pure=True).parse(text)


def _told(source: str, mark: Mark, message: str) -> str:
    return f"{source}:{mark.line}:{mark.column}: {message}"


def _syntax_problem(error: Exception, text: str, source: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        where = Mark(line=mark.line + 1, column=mark.column + 1)
    else:
        before = text[: getattr(error, "position", None) or 0]
        where = Mark(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or ''}"
    way_out = next((way for word, way in _WAYS_OUT if word in said), "check indentation, colons and quotes")
    if mark is None and hasattr(error, "character"):
        way_out = "it holds a control character: take it out, or write it as an escape in double quotes"
    return _told(source, where, f"it can't be read as YAML: {way_out}")


def _leaves(place: Place, node: Node) -> Iterator[tuple[Place, object]]:
    if not isinstance(node.value, dict | list):
        yield place, node.value
    for part, child in node.children.items():
        yield from _leaves((*place, part), child)


class _RefusedError(Exception):
    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark
        self.message = message


@dataclass(slots=True, kw_only=True)
class _Open:
    """A mapping or a list that isn't closed yet. `key` waits for its value."""

    mark: Mark
    anchor: str | None
    is_mapping: bool
    key: str | None = None
    children: dict[str | int, Node] = field(default_factory=dict)
    key_marks: dict[str | int, Mark] = field(default_factory=dict)

    def closed(self) -> Node:
        nodes = self.children.values()
        plain = [node.value for node in nodes]
        return Node(
            mark=self.mark,
            value=dict(zip(self.children, plain, strict=True)) if self.is_mapping else plain,
            children=self.children,
            key_marks=self.key_marks,
            values=1 + sum(node.values for node in nodes),
            characters=sum(len(str(part)) for part in self.children) + sum(node.characters for node in nodes),
        )


class _Builder:
    """Puts events together to one node, and refuses what is unsafe as soon as it shows."""

    def __init__(self, rules: Rules) -> None:
        self.root: Node | None = None
        self._rules = rules
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._values = 0
        self._characters = 0

    def take(self, event: Any) -> None:
        """The next event of the parser."""
        mark = Mark(line=event.start_mark.line + 1, column=event.start_mark.column + 1)
        if getattr(event, "tag", None) is not None:
            raise _RefusedError(mark, "tags (!…) are not read here: quote a text that begins with !")
        match type(event).__name__:
            case "ScalarEvent":
                self._scalar(event, mark)
            case "AliasEvent":
                self._alias(event, mark)
            case "MappingStartEvent" | "SequenceStartEvent" as name:
                self._start(event, mark, is_mapping=name == "MappingStartEvent")
            case "MappingEndEvent" | "SequenceEndEvent":
                done = self._open.pop()
                self._put(done.closed(), done.anchor)
            case "DocumentStartEvent" if self.root is not None:
                raise _RefusedError(mark, "it holds a second document (---): one is read")
            case _:
                return

    def _start(self, event: Any, mark: Mark, *, is_mapping: bool) -> None:
        self._no_key(mark)
        if len(self._open) >= self._rules.deepest:
            raise _RefusedError(mark, f"it is nested deeper than {self._rules.deepest} levels")
        self._count(mark, values=1)
        self._open.append(_Open(mark=mark, anchor=event.anchor, is_mapping=is_mapping))

    def _scalar(self, event: Any, mark: Mark) -> None:
        text: str = event.value
        if _SURROGATE.search(text):
            raise _RefusedError(mark, "it holds half a character (a lone surrogate escape)")
        if self._rules.is_own and holds_card_number(text):
            raise _RefusedError(mark, "it looks like a payment card number, which never belongs in a file: name a card")
        top = self._open[-1] if self._open else None
        self._count(mark, values=1, characters=len(text))
        if top is not None and top.is_mapping and top.key is None:
            self._key(top, text, mark)
        else:
            value = self._value(text, mark) if event.implicit[0] else text
            self._put(Node(mark=mark, value=value, characters=len(text)), event.anchor)

    def _value(self, text: str, mark: Mark) -> object:
        try:
            return _resolved(text)
        except ValueError as problem:
            if self._rules.is_own:
                raise _RefusedError(mark, f"{problem}: if it is text, quote it") from None
            return text

    def _key(self, top: _Open, text: str, mark: Mark) -> None:
        if text in top.key_marks:
            first = top.key_marks[text].line
            shown = quoted(text, _LONGEST_KEY_SHOWN)
            raise _RefusedError(mark, f'the key "{shown}" stands twice, first on line {first}: keep one')
        top.key = text
        top.key_marks[text] = mark

    def _alias(self, event: Any, mark: Mark) -> None:
        self._no_key(mark)
        node = self._anchors.get(event.anchor)
        if node is None:
            # The name isn't told: an unquoted secret may begin with an asterisk.
            raise _RefusedError(mark, "an alias (*…) needs an anchor (&…) above it: quote a text that begins with *")
        self._count(mark, values=node.values, characters=node.characters)
        self._put(node, None)

    def _no_key(self, mark: Mark) -> None:
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            raise _RefusedError(mark, "a key must be plain text: a text that begins with { or * must stand in quotes")

    def _count(self, mark: Mark, *, values: int, characters: int = 0) -> None:
        self._values += values
        self._characters += characters
        most = self._rules.most_values
        if self._values > most or self._characters > LARGEST_BYTES:
            raise _RefusedError(mark, f"it holds more than {most} values or 1 MiB of text, aliases unfolded")

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if top.key is not None:
            top.children[top.key] = node
            top.key = None
        else:
            top.children[len(top.children)] = node


def _resolved(text: str) -> object:
    """A plain scalar's value, by the core schema of YAML 1.2; `.inf` and `.nan`, which JSON lacks, stay text.

    Raises ValueError for a number beyond measure.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise ValueError(f"it is a number of more than {_MOST_DIGITS} digits")
        return int(text) if text.lstrip("+-").isdigit() else int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if abs(number) == float("inf"):
            raise ValueError("it is a number beyond all measure")
        return number
    return text
