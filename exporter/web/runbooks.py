"""`/runbooks` and `/runbooks/<AlertName>`: where an alert's `runbook_url` leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter.web.page import Page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_NEIGHBOUR = re.compile(r"(Brek[A-Za-z]+)\.md")
_OURS = re.compile(r"/(?!/)")


class Runbooks:
    """Shows the runbooks that are shipped; what isn't one of them is a 404, and no path is made of a name."""

    def __init__(self, *, version: str) -> None:
        self._page = Page("runbook.html", version=version)
        self._shown: dict[str, str] = {}

    def routes(self) -> list[Route]:
        """The list, and the address of each."""
        return [Route("/runbooks", self._list), Route("/runbooks/{name}", self._one)]

    async def _list(self, _request: Request) -> Response:
        return self._answer(200, name=None, names=sorted(texts()), body=None)

    async def _one(self, request: Request) -> Response:
        name = request.path_params["name"]
        text = texts().get(name)
        if text is None:
            return self._answer(404, name=None, names=sorted(texts()), body=None)
        if name not in self._shown:
            self._shown[name] = rendered(text)
        from markupsafe import Markup

        body = Markup(self._shown[name])  # noqa: S704 - our own file, rendered without any HTML of its own
        return self._answer(200, name=name, names=(), body=body)

    def _answer(self, status_code: int, **facts: object) -> Response:
        headers = {"content-security-policy": self._page.content_security_policy}
        return HTMLResponse(self._page.render(missing=status_code == 404, **facts), status_code, headers)


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
