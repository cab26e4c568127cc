"""Small damage to good data and good texts, as people, editors and servers do it; strategies for hypothesis."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 7, 1e308, 10**17, "", " ", "no", "x" * 5_000, "\u202eé\x1b[31m", "\x00", "\ud83d"),
    *("{{ nope }}", "{{", "{{ search.shortlist[9999] }}", "${X}", "${", "5m", "booked", "../..", "127.0.0.1:1"),
    *([], {}, [[]], {"a": {}}, [None] * 200, {str(number): number for number in range(50)}),
)
ODD = st.sampled_from(_ODD) | st.text(max_size=8) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_EDITS = ("replace", "drop", "rename", "nest", "list", "move", "double")
_PIECES = st.sampled_from(
    ["&a ", "*a", "<<: *a", "\t", "- ", "? ", "| ", "> ", "!!str ", "%YAML 1.1\n", "---\n", "...\n", "\u2028", "\x85",
     "\r", "\ufeff", "\x07", "# ", ": ", "'", '"', "{", "}", "[", "]", ",", "\\", "é", "\n", "\n  ", "0x", "~"]
)  # fmt: skip


def places_in(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every inner value stands, outer ones first."""
    match value:
        case dict():
            inner = list(value.items())
        case list():
            inner = list(enumerate(value))
        case _:
            return []
    return [each for key, item in inner for each in ((*place, key), *places_in(item, (*place, key)))]


def holder_of(value: Any, place: tuple[Any, ...]) -> Any:
    """The mapping or list in which the last part of a place is a key."""
    for part in place[:-1]:
        value = value[part]
    return value


@st.composite
def mutants(draw: st.DrawFn, original: Any, most: int = 3) -> Any:
    """The value with one to `most` edits: something replaced, dropped, renamed, nested, moved or doubled."""
    value = deepcopy(original)
    for _ in range(draw(st.integers(1, most))):
        places = places_in(value)
        if places:
            _edit(draw, value, draw(st.sampled_from(places)), places)
    return value


def _edit(draw: st.DrawFn, value: Any, place: tuple[Any, ...], places: list[tuple[Any, ...]]) -> None:
    holder, key = holder_of(value, place), place[-1]
    match draw(st.sampled_from(_EDITS)):
        case "drop":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[draw(ODD.filter(lambda odd: isinstance(odd, str)))] = holder.pop(key)
        case "nest":
            holder[key] = {"value": holder[key]}
        case "list":
            holder[key] = [holder[key]] * draw(st.integers(1, 3))
        case "move":
            other = draw(st.sampled_from(places))
            holder[key] = deepcopy(holder_of(value, other)[other[-1]])
        case "double" if isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        case _:
            holder[key] = deepcopy(draw(ODD))


@st.composite
def yaml_of(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> str:
    """A value as a file: block style with anchors, as ruamel writes it, or JSON, which is YAML too."""
    value = draw(values)
    if draw(st.booleans()):
        return json.dumps(value)
    out = io.StringIO()
    try:
        YAML(typ="safe", pure=True).dump(value, out)
    except Exception:  # noqa: BLE001 - what ruamel can't write, JSON can
        return json.dumps(value)
    return out.getvalue()


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """A text with one to four slips of the hand: a piece put in, cut out, or a line doubled or moved."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(("put", "put", "cut", "double", "indent"))):
            case "put":
                text = text[:at] + draw(_PIECES) + text[at:]
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 30)) :]
            case "double":
                line = text[at:].partition("\n")[0]
                text = f"{text[:at]}{line}\n{text[at:]}"
            case _:
                text = text[:at].rpartition("\n")[0] + "\n" + draw(st.sampled_from(["", " ", "   "])) + text[at:]
    return text
