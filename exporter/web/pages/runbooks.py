"""`/runbooks` and `/runbooks/<AlertName>`: where an alert's `runbook_url` leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.thresholds import SEVERITIES
from exporter.web.pages.answering import Answers
from exporter.web.pages.page import Frame, Page
from probes.words import Severity

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markupsafe import Markup

PATH = "/runbooks"
_NEIGHBOUR = re.compile(r"(Brek[A-Za-z]+)\.md")
_MEANING = re.compile(r"^## Meaning\n\n(.+?)\n\n", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"/(?!/)")


class Runbooks:
    """Shows the runbooks that are shipped; what isn't one of them is a 404, and no path is made of a name."""

    def __init__(self, frame: Frame) -> None:
        self._answers = Answers(Page("runbook.html", frame, here=PATH), frame, here=PATH)
        self._shown: dict[str, str] = {}

    def routes(self) -> list[Route]:
        """The list, and the address of each."""
        return [Route(PATH, self._list), Route(f"{PATH}/{{name}}", self._one)]

    async def _list(self, request: Request) -> Response:
        return self._names(request, 200)

    async def _one(self, request: Request) -> Response:
        name = request.path_params["name"]
        text = texts().get(name)
        if text is None:
            return self._names(request, 404)
        if name not in self._shown:
            self._shown[name] = rendered(text)
        document = {"name": name, "severity": SEVERITIES.get(name), "markdown": text}
        facts = {"entry": _entry(name), "groups": (), "body": _markup(self._shown[name]), "missing": False}
        return self._answers.told(request, lambda: document, facts)

    def _names(self, request: Request, status_code: int) -> Response:
        facts = {"entry": None, "groups": _groups(), "body": None, "missing": status_code == 404}
        document = {"runbooks": [{"name": name, "severity": SEVERITIES.get(name)} for name in sorted(texts())]}
        return self._answers.told(request, lambda: document, facts, status_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A runbook in the list. `severity` None: its alert asks for nothing by itself."""

    name: str
    severity: Severity | None
    meaning: Markup


@cache
def _groups() -> tuple[tuple[Severity | None, tuple[Entry, ...]], ...]:
    """What wakes somebody first."""
    entries = [_entry(name) for name in sorted(texts())]
    severities: tuple[Severity | None, ...] = (*Severity, None)
    return tuple((each, tuple(entry for entry in entries if entry.severity is each)) for each in severities)


@cache
def _entry(name: str) -> Entry:
    paragraph = _MEANING.search(texts()[name])
    said = " ".join(paragraph[1].split()) if paragraph else ""
    sentence = said.partition(". ")[0].removesuffix(".")
    return Entry(name=name, severity=SEVERITIES.get(name), meaning=_markup(str(_markdown().renderInline(sentence))))


def _markup(html: str) -> Markup:
    from markupsafe import Markup

    return Markup(html)  # noqa: S704 - our own file, rendered without any HTML of its own


@cache
def texts() -> Mapping[str, str]:
    """The shipped runbooks: Markdown by the name of the alert."""
    folder = files("alerts") / "runbooks"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".md"))
    return {entry.name.removesuffix(".md"): entry.read_text("utf-8") for entry in found}


def rendered(text: str) -> str:
    """Markdown as HTML: without raw HTML or images, its links leading to https or to our own pages."""
    return str(_markdown().render(text))


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class Careful(MarkdownIt):
        """Takes no other links."""

        def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
            """What is no link stays text."""
            return bool(url.startswith("https://") or _OURS.match(url) or _NEIGHBOUR.fullmatch(url))

    markdown = Careful("commonmark", {"html": False}).enable("table").disable("image")
    markdown.core.ruler.push("neighbours", lambda state: _lead_to_neighbours(state.tokens))
    return markdown


def _lead_to_neighbours(tokens: Sequence[Token]) -> None:
    """In the repository runbooks link each other's files; here these are pages."""
    for token in (child for outer in tokens for child in outer.children or ()):
        if token.type == "link_open" and (named := _NEIGHBOUR.fullmatch(str(token.attrGet("href")))):
            token.attrSet("href", f"/runbooks/{named[1]}")
