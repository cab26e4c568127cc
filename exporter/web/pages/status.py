"""`/`: is it fine, since when not, which step, is it us or them, show me the request. As a page or as JSON.

Answers from memory: no journal is asked, however long the history.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.recorder.board import Board
from exporter.web.pages.answering import Answers, wants_json
from exporter.web.pages.page import Frame, Page
from exporter.web.pages.status_json import document_of
from exporter.web.pages.status_view import MOST_FAILURES, Question, sentence_of, view_of
from exporter.web.renderings import Renderings
from probes.errors import UsageError
from probes.words import Standing

PATH = "/"
_REFRESH_SECONDS = 10
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    as_json: bool
    problem: str | None


class Status:
    """One thread makes what is asked for. `kept` says whether runs are kept, so that there is a page of each."""

    def __init__(self, board: Board, frame: Frame, *, kept: bool = True) -> None:
        self._board = board
        self._frame = frame
        self._kept = kept
        self._page = Page("status.html", frame, here=PATH, refresh_seconds=_REFRESH_SECONDS, sheets=("status.css",))
        self._answers = Answers(self._page, frame, here=PATH)
        self._renderings: Renderings[_Asked, object] = Renderings(self._made)

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route(PATH, self._answer)]

    async def _answer(self, request: Request) -> Response:
        try:
            question = _question(request)
        except UsageError as problem:
            return self._answers.refused(request, problem)
        asked = _Asked(question, wants_json(request), self._frame.problem())
        return self._answers.made(await self._renderings.get(asked), as_json=asked.as_json)

    def _made(self, asked: _Asked) -> object:
        """In a thread: the document, or the page."""
        scrub = self._frame.scrub
        problem = None if asked.problem is None else scrub(asked.problem)
        view = view_of(self._board, asked.question, problem=problem, whole=asked.as_json)
        if asked.as_json:
            return document_of(view, scrub)
        return self._page.render(
            view=view,
            sentence=sentence_of(view.overall, len(view.incidents)),
            most_failures=MOST_FAILURES,
            scrub=scrub,
            kept=self._kept,
            places={link.path for link in self._frame.links},
        )


def _question(request: Request) -> Question:
    """Raises UsageError for a state that there isn't."""
    asked = request.query_params
    state, page = asked.get("state", ""), asked.get("page", "")
    if state and state not in {*Standing}:
        raise UsageError(f"state is one of {', '.join(Standing)}, not {state[:_LONGEST]!r}")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return Question(
        words=" ".join(asked.get("q", "")[:_LONGEST].split()),
        state=Standing(state) if state else None,
        page=max(1, number),
    )
