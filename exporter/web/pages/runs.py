"""`/runs` and `/runs/<id>`: what was played, and a run whole: the conversation beside its evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.run_json import kept_as_json
from exporter.web.lookups import Lookups
from exporter.web.pages.answering import LOOKUP_PROBLEMS, Answers, wants_json
from exporter.web.pages.page import Frame, Page
from exporter.web.pages.run_filters import SPANS, Asked, asked_of
from exporter.web.pages.run_view import run_view
from exporter.web.run_lookups import NewRunReader, listed, story_of, whole
from probes.words import FailureKind, Outcome

PATH = "/runs"
_ID = re.compile(r"[0-9a-z_-]{1,64}")
_UNKNOWN = "no such run is known: it was not played by this monitor, is not kept yet, or was let go of long ago"
_REFRESH_SECONDS = 5
_SHEETS = ("run.css",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """A list that somebody asks for, now."""

    asked: Asked
    now: datetime
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """A run that somebody asks for."""

    run_id: str
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The answer's body, and the address of the next page of a list."""

    content: bytes
    following: str | None = None


class Runs:
    """Answers from the journal. Reading it and writing the answer both happen beside the event loop."""

    def __init__(self, new_reader: NewRunReader, frame: Frame) -> None:
        self._new_reader = new_reader
        self._frame = frame
        self._lists: Lookups[_List, _Written] = Lookups(self._list_written)
        self._ones: Lookups[_One, _Written | None] = Lookups(self._one_written)
        self._page = Page("runs.html", frame, here=PATH, sheets=_SHEETS)
        self._run_page = Page("run.html", frame, here=PATH, sheets=_SHEETS)
        self._live_page = Page("run.html", frame, here=PATH, sheets=_SHEETS, refresh_seconds=_REFRESH_SECONDS)
        self._answers = Answers(self._page, frame, here=PATH)

    def routes(self) -> list[Route]:
        """The list, and each run by its id or the beginning of it."""
        return [Route(PATH, self._list), Route(f"{PATH}/{{id:path}}", self._one)]

    async def _list(self, request: Request) -> Response:
        as_json = wants_json(request)
        try:
            # A key that was typed into the wrong field names no target, and stands in no page.
            asked = asked_of({name: self._frame.scrub(text) for name, text in request.query_params.items()})
            written = await self._lists.get(_List(asked=asked, now=self._frame.now(), as_json=as_json))
        except LOOKUP_PROBLEMS as problem:
            return self._answers.refused(request, problem)
        if not as_json or written.following is None:
            return self._answers.written(written.content, as_json=as_json)
        return self._answers.written(written.content, as_json=True, link=f'<{written.following}>; rel="next"')

    async def _one(self, request: Request) -> Response:
        run_id = request.path_params["id"].strip()
        if _ID.fullmatch(run_id) is None:
            return self._answers.refused(request, _UNKNOWN, 404)
        as_json = wants_json(request)
        try:
            written = await self._ones.get(_One(run_id=run_id, as_json=as_json))
        except LOOKUP_PROBLEMS as problem:
            return self._answers.refused(request, problem)
        if written is None:
            return self._answers.refused(request, _UNKNOWN, 404)
        return self._answers.written(written.content, as_json=as_json)

    def _list_written(self, question: _List) -> _Written:
        """In a thread."""
        asked, wanted = question.asked, question.asked.wanted(question.now)
        if question.as_json:
            kept, behind = whole(self._new_reader, wanted, asked.limit)
            runs = b",".join(orjson.dumps(kept_as_json(run)) for run in kept)
            following = None if behind is None else f"{PATH}.json{asked.query(behind=behind)}"
            return _Written(content=b'{"runs":[' + runs + b"]}", following=following)
        found = listed(self._new_reader, wanted, asked.limit)
        following = f"{PATH}{asked.query(behind=found.last)}" if found.last is not None and found.more else None
        facts = {
            "asked": asked,
            "found": found,
            "following": following,
            "outcomes": tuple(Outcome),
            "kinds": tuple(FailureKind),
            "spans": SPANS,
        }
        return _Written(content=_bytes(self._page.render(**facts)))

    def _one_written(self, question: _One) -> _Written | None:
        """In a thread: a run of many attempts takes longer than an event loop may stand still."""
        story = story_of(self._new_reader, question.run_id)
        if story is None:
            return None
        if question.as_json:
            return _Written(content=orjson.dumps({"runs": [kept_as_json(story.kept)]}))
        page = self._live_page if story.kept.under_way else self._run_page
        return _Written(content=_bytes(page.render(story=story, view=run_view(story.kept))))


def _bytes(page: str) -> bytes:
    return page.encode("utf-8", "replace")
