"""`/targets` and `/targets/<name>`: headroom, certificate and probes of each, as a page or as JSON."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.web.knowing import Knowing
from exporter.web.pages.answering import Answers, wants_json
from exporter.web.pages.page import Frame, Page
from exporter.web.target_facts import targets_known
from exporter.web.target_json import targets_as_json

PATH = "/targets"
LONGEST_NAME = 128
_REFRESH_SECONDS = 15


class Targets:
    """Answers from memory and, for the open incidents, from the journal. A name is looked up in the settings alone."""

    def __init__(self, knowing: Knowing, frame: Frame) -> None:
        self._knowing = knowing
        self._frame = frame
        self._list, self._one = (
            Answers(Page(name, frame, here=PATH, refresh_seconds=_REFRESH_SECONDS), frame, here=PATH)
            for name in ("targets.html", "target.html")
        )

    def routes(self) -> list[Route]:
        """The list, and the address of each."""
        return [Route(PATH, self._answer_list), Route(f"{PATH}/{{name:path}}", self._answer_one)]

    async def _answer_list(self, request: Request) -> Response:
        return await self._listed(request, missing=None)

    async def _answer_one(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = await self._knowing.asked()
        found = tuple(each for each in targets_known(known) if each.target.name == name)
        if not found:
            return await self._listed(request, missing=self._frame.scrub(name[:LONGEST_NAME]))
        facts = {"facts": found[0], **self._around()}
        return self._one.told(request, lambda: targets_as_json(found, known.now, self._frame.scrub), facts)

    async def _listed(self, request: Request, *, missing: str | None) -> Response:
        known = await self._knowing.asked()
        targets = targets_known(known)
        if missing is not None and wants_json(request):
            there_are = ", ".join(each.target.name for each in targets)
            return self._list.refused(request, f'no target is called "{missing}"; there are: {there_are}', 404)
        facts = {"targets": targets, "missing": missing, **self._around()}
        status_code = 200 if missing is None else 404
        return self._list.told(
            request, lambda: targets_as_json(targets, known.now, self._frame.scrub), facts, status_code
        )

    def _around(self) -> dict[str, object]:
        return {"scrub": self._frame.scrub, "has_journal": self._knowing.has_journal}
