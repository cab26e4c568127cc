"""`/runbooks` and `/runbooks/<AlertName>`: where an alert's `runbook_url` leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.web.pages.answering import Answers
from exporter.web.pages.page import Frame, Page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PATH = "/runbooks"
_NEIGHBOUR = re.compile(r"(Brek[A-Za-z]+)\.md")
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
        from markupsafe import Markup

        body = Markup(self._shown[name])  # noqa: S704 - our own file, rendered without any HTML of its own
        document = {"name": name, "markdown": text}
        return self._answers.told(
            request, lambda: document, {"name": name, "names": (), "body": body, "missing": False}
        )

    def _names(self, request: Request, status_code: int) -> Response:
        names = sorted(texts())
        facts = {"name": None, "names": names, "body": None, "missing": status_code == 404}
        return self._answers.told(request, lambda: {"runbooks": names}, facts, status_code)


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
