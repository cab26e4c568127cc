"""`/`: is it fine now? Each probe with its last outcome, as a page or as JSON."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.recorder.board import Board, Row
from exporter.web.pages.answering import Answers
from exporter.web.pages.page import Frame, Page

PATH = "/"
_REFRESH_SECONDS = 10


class Status:
    """Answers from memory: no journal is asked, however long the history."""

    def __init__(self, board: Board, frame: Frame) -> None:
        self._board = board
        self._frame = frame
        self._answers = Answers(
            Page("index.html", frame, here=PATH, refresh_seconds=_REFRESH_SECONDS), frame, here=PATH
        )

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route(PATH, self._answer)]

    async def _answer(self, request: Request) -> Response:
        rows, problem = self._board.rows(), self._frame.problem()
        return self._answers.told(request, lambda: _as_json(rows, problem), {"rows": rows})


def _as_json(rows: tuple[Row, ...], problem: str | None) -> dict[str, object]:
    return {"problem": problem, "probes": [asdict(row) | {"stale": row.stale} for row in rows]}
