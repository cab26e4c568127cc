"""`/find` and `/find/<id>`: the journal's answer to an id, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter.found import found_as_json
from exporter.web.lookups import RETRY_SECONDS, Lookups, TooManyError
from exporter.web.page import FORM_TO_OURSELVES, Page, wants_json
from probes.errors import JournalError, UsageError
from probes.journal.kept import Found


class Finding:
    """Answers those who look for an id. `find` may block; it raises JournalError where the journal can't be read.

    `scrub` removes secrets from what is said back.
    """

    def __init__(self, find: Callable[[str], Found], *, version: str, scrub: Callable[[str], str]) -> None:
        self._lookups = Lookups(find)
        self._scrub = scrub
        self._page = Page("find.html", version=version, allowed=FORM_TO_OURSELVES)

    def routes(self) -> list[Route]:
        """The form, which also takes `?id=`, and the address that an id has."""
        return [Route("/find", self._by_query), Route("/find/{id:path}", self._by_path)]

    async def _by_query(self, request: Request) -> Response:
        text = request.query_params.get("id", "").strip()
        return await self._answer(request, text) if text else self._told(request, "", 200)

    async def _by_path(self, request: Request) -> Response:
        return await self._answer(request, request.path_params["id"].strip())

    async def _answer(self, request: Request, text: str) -> Response:
        try:
            found = await self._lookups.get(text)
        except UsageError as problem:
            return self._told(request, text, 400, problem=str(problem))
        except JournalError as problem:
            return self._told(request, text, 503, problem=str(problem))
        except TooManyError:
            return self._told(request, text, 503, problem="too many look for something now: try again in a moment")
        known = found.sightings or found.candidates
        return self._told(request, text, 200 if known else 404, found=found)

    def _told(
        self, request: Request, text: str, status_code: int, *, found: Found | None = None, problem: str | None = None
    ) -> Response:
        text = self._scrub(text)  # a key that was typed here by mistake
        problem = None if problem is None else self._scrub(problem)
        headers = {"vary": "accept"} | ({"retry-after": RETRY_SECONDS} if status_code == 503 else {})
        if wants_json(request):
            told: dict[str, object] = found_as_json(found or Found()) if problem is None else {"problem": problem}
            return Response(orjson.dumps(told), status_code, headers, media_type="application/json")
        headers["content-security-policy"] = self._page.content_security_policy
        return HTMLResponse(self._page.render(text=text, found=found, problem=problem), status_code, headers)
