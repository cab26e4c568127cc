"""The routes. Who may call them, and with which headers they answer, is `exporter.web.guard`'s."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version as version_of
from typing import Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter.recorder import Recorder
from exporter.web.alerts import Alerts
from exporter.web.finding import Finding
from exporter.web.incident_lookups import IncidentDesk
from exporter.web.incidents import Incidents
from exporter.web.page import Page
from exporter.web.report import IncidentReport, Reporting
from exporter.web.runbooks import Runbooks
from exporter.web.scrapes import Scrapes
from probes.journal.kept import Found


class Health(Protocol):
    """What the scheduler knows about itself."""

    @property
    def started(self) -> bool:
        """Whether the first slots are planned."""

    def problem(self) -> str | None:
        """Why this process can't be called probing; None while it is."""


def create_app(
    *,
    recorder: Recorder,
    health: Health,
    find: Callable[[str], Found] | None = None,
    desk: IncidentDesk | None = None,
    reporting: Reporting | None = None,
    scrub: Callable[[str], str] = str,
) -> Starlette:
    """The web face of one service: `/`, `/metrics`, `/healthz` (alive and probing), `/readyz`, `/runbooks`.

    With `find`, which is called in a thread, `/find` and `/find/<id>` too; with a `desk`, `/incidents` and `/alerts`;
    with `reporting`, `/incidents/<id>`. `scrub` removes secrets from what they say.
    """
    version = version_of("brekwatch")
    page = Page("index.html", version=version)
    scrapes = Scrapes(recorder.render)

    async def index(_request: Request) -> Response:
        headers = {"content-security-policy": page.content_security_policy}
        links = {"finds": find is not None, "incidents": desk is not None}
        told = page.render(rows=recorder.board.rows(), problem=health.problem(), **links)
        return HTMLResponse(told, headers=headers)

    async def metrics(request: Request) -> Response:
        body, content_type = await scrapes.get(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    async def healthz(_request: Request) -> Response:
        return _verdict(health.problem())

    async def readyz(_request: Request) -> Response:
        return _verdict(None if health.started else "the first slots are not planned yet")

    reports = [] if reporting is None else IncidentReport(reporting, version=version, scrub=scrub).routes()
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/metrics", metrics),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *Runbooks(version=version).routes(),
            *([] if find is None else Finding(find, version=version, scrub=scrub).routes()),
            *([] if desk is None else Incidents(desk, version=version, scrub=scrub).routes()),
            *([] if desk is None else Alerts(desk, scrub=scrub).routes()),
            *reports,
        ]
    )
    app.router.redirect_slashes = False
    return app


def _verdict(problem: str | None) -> Response:
    if problem is None:
        return _json({"status": "ok"}, 200)
    return _json({"status": "failing", "reason": problem}, 503)


def _json(content: dict[str, str], status_code: int) -> Response:
    return Response(orjson.dumps(content), status_code, media_type="application/json")
