"""`/incidents/<id>`: the report of an incident as a page, as JSON, as Markdown, or as a message to support."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from alerts.report.facts import Report
from exporter.web.lookups import Lookups
from exporter.web.pages.answering import LOOKUP_PROBLEMS, refused, wants_json
from exporter.web.pages.incidents import PATH
from exporter.web.pages.page import Frame, Page

if TYPE_CHECKING:
    from alerts.report.html import Within

_ID = re.compile(r"[0-9a-z][0-9a-z_-]{3,63}")
_FORMATS = (("JSON", "json"), ("Markdown", "markdown"), ("Mail to support", "email"))
_NO_SUCH_ID = "no incident has this id"
_UNKNOWN = "nothing is known of it: it was not seen by this monitor, or so long ago that it was let go of"
_FRAMELESS = "; frame-ancestors 'none'"  # a document can't say it of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How an incident becomes a report, and how that is written down; called in a thread.

    `report_of` takes an id or its beginning. It raises JournalError where the journal can't be read, UsageError where
    several ids begin so; None: there is none.
    """

    report_of: Callable[[str], Report | None]
    as_html: Callable[[Report, Within], str]
    as_json: Callable[[Report], object]
    as_markdown: Callable[[Report], str]
    as_email: Callable[[Report], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    text: str
    written_as: str


class IncidentReport:
    """Answers those who follow an alert's link."""

    def __init__(self, reporting: Reporting, frame: Frame) -> None:
        self._reporting = reporting
        self._lookups: Lookups[_Asked, bytes | None] = Lookups(self._written)
        self._scrub = frame.scrub
        self._places = (("brekwatch", "/"), *((link.label, link.path) for link in frame.links))
        self._refusal = Page("refused.html", frame, here=PATH)

    def routes(self) -> list[Route]:
        """One, after those of fixed names below `/incidents/`."""
        return [Route(f"{PATH}/{{id}}", self._answer)]

    async def _answer(self, request: Request) -> Response:
        text = request.path_params["id"]
        written_as = _format(request)
        if written_as is None:
            return self._refused(request, "the formats are html, json, markdown and email", 400)
        if _ID.fullmatch(text) is None:
            return self._refused(request, _NO_SUCH_ID, 404)
        try:
            content = await self._lookups.get(_Asked(text=text, written_as=written_as))
        except LOOKUP_PROBLEMS as problem:
            return self._refused(request, problem)
        return self._refused(request, _UNKNOWN, 404) if content is None else _told(content, written_as)

    def _written(self, asked: _Asked) -> bytes | None:
        """In a thread: reckoning and writing a report takes longer than an event loop may stand still."""
        report = self._reporting.report_of(asked.text)
        if report is None:
            return None
        if asked.written_as == "json":
            return orjson.dumps(self._reporting.as_json(report))
        if asked.written_as == "html":
            written = self._reporting.as_html(report, self._around(asked.text))
        elif asked.written_as == "markdown":
            written = self._reporting.as_markdown(report)
        else:
            written = self._reporting.as_email(report)
        return written.encode("utf-8", "replace")

    def _around(self, text: str) -> Within:
        from alerts.report.html import Within

        here = f"{PATH}/{text}"  # of a few plain letters, as `_ID` demands
        return Within(places=self._places, formats=tuple((label, f"{here}?format={name}") for label, name in _FORMATS))

    def _refused(self, request: Request, problem: Exception | str, status_code: int | None = None) -> Response:
        return refused(request, self._refusal, problem, status_code, scrub=self._scrub)


def _format(request: Request) -> str | None:
    """As named by `?format=`, None if that is none of ours; else JSON where the Accept header wants it before HTML."""
    named = request.query_params.get("format")
    if named is None:
        return "json" if wants_json(request) else "html"
    return named if named in {"html", "json", "markdown", "email"} else None


def _told(content: bytes, written_as: str) -> Response:
    headers = {"vary": "accept"}
    if written_as == "json":
        return Response(content, headers=headers, media_type="application/json")
    if written_as == "markdown":
        return Response(content, headers=headers, media_type="text/markdown")
    if written_as == "email":
        return PlainTextResponse(content, headers=headers)
    from alerts.report.html import content_security_policy

    headers["content-security-policy"] = content_security_policy() + _FRAMELESS
    return HTMLResponse(content, headers=headers)
