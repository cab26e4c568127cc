"""`${VAR}` in a configuration: filled from the environment, each that is missing told with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping

from probes.card_numbers import holds_card_number
from probes.files.shapes import told
from probes.files.yaml_files import Document, Node, Place

_VARIABLE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}?")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,199}")


def filled(document: Document, environ: Mapping[str, str]) -> object:
    """The document's value with its variables filled in; `$${` stands for a plain `${`.

    Raises ConfigError with every variable that isn't set. What a variable holds is never shown.
    """
    return filled_at(document, (), environ)


def filled_at(document: Document, place: Place, environ: Mapping[str, str]) -> object:
    """The same for the value at a place, whatever variables stand elsewhere."""
    problems: list[str] = []
    value = _filled(document, place, document.node(place)[1], environ, problems)
    if problems:
        raise told(problems)
    return value


def _filled(document: Document, place: Place, node: Node, environ: Mapping[str, str], problems: list[str]) -> object:
    match node.value:
        case dict():
            items = node.children.items()
            return {part: _filled(document, (*place, part), child, environ, problems) for part, child in items}
        case list():
            items = node.children.items()
            return [_filled(document, (*place, part), child, environ, problems) for part, child in items]
        case str() as text if "${" in text:
            try:
                return _text(text, environ)
            except ValueError as problem:
                problems.append(document.problem(place, str(problem)))
                return ""
        case other:
            return other


def _text(text: str, environ: Mapping[str, str]) -> str:
    def value_of(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        return str(escaped) if escaped else _value(match.group(), name, environ)

    full = _VARIABLE.sub(value_of, text)
    if holds_card_number(full):
        raise ValueError("a variable here holds what looks like a payment card number, which never belongs here")
    return full


def _value(written: str, name: str, environ: Mapping[str, str]) -> str:
    if not written.endswith("}") or _NAME.fullmatch(name) is None:
        raise ValueError("${…} must hold the name of a variable; a plain ${ is written $${")
    value = environ.get(name)
    if not value:
        raise ValueError(f"the variable {name} is {'empty' if value == '' else 'not set'}: export it")
    return value
