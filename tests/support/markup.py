"""HTML as a browser takes it apart: elements with their attributes and their text, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "col", "br", "hr", "img", "input", "link", "base", "embed", "source", "wbr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """The elements of this name below it, in order."""
        found = [self] if self.name == name else []
        return found + [deeper for element in self.inside for deeper in element.all(name)]

    def whole_text(self) -> str:
        """Its text and that of all below it; the order of both is not kept."""
        return " ".join([self.text, *(element.whole_text() for element in self.inside)])


class Parsed(HTMLParser):
    """A document; `complaints` tell of end tags that close nothing, comments, and all else that we never write."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.complaints: list[str] = []
        self._open = [self.root]
        self.feed(document)
        self.close()
        self.complaints += [f"<{element.name}> is never closed" for element in self._open[1:]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len({name for name, _ in attrs}) != len(attrs):
            self.complaints.append(f"<{tag}> has an attribute twice")
        element = Element(tag, dict(attrs))
        self._open[-1].inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1].name != tag:
            self.complaints.append(f"</{tag}> closes <{self._open[-1].name}>")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"a comment: {data[:40]}")

    def handle_pi(self, data: str) -> None:
        self.complaints.append(f"a processing instruction: {data[:40]}")

    def unknown_decl(self, data: str) -> None:
        self.complaints.append(f"a declaration: {data[:40]}")


def shape(element: Element) -> list[object]:
    """Elements and the names of their attributes, without any text; values only of addresses and classes."""
    told = {
        name: value if name in {"href", "src", "style", "class"} else "" for name, value in element.attributes.items()
    }
    return [element.name, told, [shape(inner) for inner in element.inside]]


def kinds(element: Element) -> set[tuple[str, str]]:
    """Which attribute stands on which element, somewhere in it."""
    told = {(element.name, name) for name in element.attributes} | {(element.name, "")}
    return told.union(*(kinds(inner) for inner in element.inside))


def tokens(style: str) -> dict[str, dict[str, str]]:
    """The colours of each scheme: `light`, `dark` and `print`, by the name of their token."""
    blocks = re.findall(r":root \{([^}]*--page[^}]*)\}", style)
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), colours, strict=True))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, as WCAG 2 reckons it: from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
