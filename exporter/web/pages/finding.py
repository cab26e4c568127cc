"""`/find` and `/find/<id>`: the journal's answer to an id, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.found import found_as_json
from exporter.web.lookups import Lookups
from exporter.web.pages.answering import LOOKUP_PROBLEMS, Answers, refused
from exporter.web.pages.page import Frame, Page
from probes.journal.kept import Found

PATH = "/find"


class Finding:
    """Answers those who look for an id. `find` may block; it raises JournalError where the journal can't be read."""

    def __init__(self, find: Callable[[str], Found], frame: Frame) -> None:
        self._lookups = Lookups(find)
        self._scrub = frame.scrub
        self._page = Page("find.html", frame, here=PATH)
        self._answers = Answers(self._page, frame, here=PATH)

    def routes(self) -> list[Route]:
        """The form, which also takes `?id=`, and the address that an id has."""
        return [Route(PATH, self._by_query), Route(f"{PATH}/{{id:path}}", self._by_path)]

    async def _by_query(self, request: Request) -> Response:
        text = request.query_params.get("id", "").strip()
        return await self._answer(request, text) if text else self._told(request, "", 200, Found(), asked=False)

    async def _by_path(self, request: Request) -> Response:
        return await self._answer(request, request.path_params["id"].strip())

    async def _answer(self, request: Request, text: str) -> Response:
        try:
            found = await self._lookups.get(text)
        except LOOKUP_PROBLEMS as problem:
            shown = {"text": self._scrub(text), "found": None}
            return refused(request, self._page, problem, scrub=self._scrub, facts=shown)
        known = found.sightings or found.candidates
        return self._told(request, text, 200 if known else 404, found)

    def _told(self, request: Request, text: str, status_code: int, found: Found, *, asked: bool = True) -> Response:
        facts = {"text": self._scrub(text), "found": found if asked else None, "problem": None}  # a key typed here
        return self._answers.told(request, lambda: found_as_json(found), facts, status_code)
