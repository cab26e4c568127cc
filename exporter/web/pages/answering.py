"""How every page answers: HTML or JSON, whichever was asked for, and in words where it can't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.web.lookups import RETRY_SECONDS, TooManyError
from exporter.web.pages.page import Frame, Page
from probes.errors import JournalError, UsageError

LOOKUP_PROBLEMS = (UsageError, JournalError, TooManyError)
NOTHING_ELSE: Mapping[str, object] = MappingProxyType({})
_SUFFIX = ".json"
_AS_JSON = "brekwatch.json"


class JsonAddresses:
    """An ASGI app around another, to which `/runs.json` is `/runs` as JSON; `status.json` is that of `/`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, without the suffix."""
        if scope["type"] == "http" and scope["path"].endswith(_SUFFIX):
            path = scope["path"].removesuffix(_SUFFIX)
            scope = {**scope, "path": "/" if path == "/status" else path, _AS_JSON: True}
        await self._app(scope, receive, send)


def wants_json(request: Request) -> bool:
    """Whether JSON is asked for: by the address, by `?format=json`, or in the Accept header before HTML."""
    if request.scope.get(_AS_JSON):
        return True
    if (named := request.query_params.get("format")) is not None:
        return named == "json"
    accepted = request.headers.get("accept", "").lower()
    json, html = accepted.find("application/json"), accepted.find("text/html")
    return json >= 0 and (html < 0 or json < html)


class Answers:
    """The answers of one page. What is refused is told inside the same frame, unless the page has a way of its own."""

    def __init__(self, page: Page, frame: Frame, *, here: str) -> None:
        self._page = page
        self._refusal = Page("refused.html", frame, here=here)
        self._scrub = frame.scrub

    def told(
        self, request: Request, document: Callable[[], object], facts: Mapping[str, object], status_code: int = 200
    ) -> Response:
        """What is known: as JSON the document, else the page of these facts."""
        return _json(document(), status_code) if wants_json(request) else _html(self._page, status_code, facts)

    def written(self, content: bytes, *, as_json: bool, **headers: str) -> Response:
        """What was written beside the event loop: JSON, or the page."""
        if as_json:
            return Response(content, 200, _headers(200) | headers, media_type="application/json")
        policy = {"content-security-policy": self._page.content_security_policy}
        return HTMLResponse(content, 200, _headers(200) | policy | headers)

    def made(self, whole: object, *, as_json: bool) -> Response:
        """What was made elsewhere: a document, or else the page that was rendered."""
        return _json(whole, 200) if as_json else _page(self._page, str(whole), 200)

    def refused(self, request: Request, problem: Exception | str, status_code: int | None = None) -> Response:
        """Why there is nothing to tell; the status code is that of the problem, unless it is given."""
        return refused(request, self._refusal, problem, status_code, scrub=self._scrub)


def refused(
    request: Request,
    page: Page,
    problem: Exception | str,
    status_code: int | None = None,
    *,
    scrub: Callable[[str], str],
    facts: Mapping[str, object] = NOTHING_ELSE,
) -> Response:
    """A problem in words, as JSON `{"problem": …}` or on this page, whose template knows `problem`."""
    status_code = status_code or _status_code(problem)
    text = scrub(str(problem))
    if wants_json(request):
        return _json({"problem": text}, status_code)
    return _html(page, status_code, {**facts, "problem": text})


def _status_code(problem: Exception | str) -> int:
    return 503 if isinstance(problem, (JournalError, TooManyError)) else 400


def _headers(status_code: int) -> dict[str, str]:
    return {"vary": "accept"} | ({"retry-after": RETRY_SECONDS} if status_code == 503 else {})


def _json(document: object, status_code: int) -> Response:
    return Response(orjson.dumps(document), status_code, _headers(status_code), media_type="application/json")


def _html(page: Page, status_code: int, facts: Mapping[str, object]) -> Response:
    return _page(page, page.render(**facts), status_code)


def _page(page: Page, text: str, status_code: int) -> Response:
    headers = _headers(status_code) | {"content-security-policy": page.content_security_policy}
    return HTMLResponse(text, status_code, headers)
