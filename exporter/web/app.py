"""The routes. Who may call them, and with which headers they answer, is `exporter.web.guard`'s."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version as version_of
from importlib.resources import files
from typing import Protocol

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.recorder import Recorder
from exporter.web.alerts import Alerts
from exporter.web.incident_lookups import IncidentDesk
from exporter.web.knowing import Knowing
from exporter.web.pages import finding, incidents, report, runbooks, runs, scenarios, status, targets
from exporter.web.pages.answering import JsonAddresses
from exporter.web.pages.page import Frame, Link
from exporter.web.pages.report import Reporting
from exporter.web.run_lookups import NewRunReader
from exporter.web.scrapes import Scrapes
from probes.journal.kept import Found
from probes.settings import Settings


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
    new_reader: NewRunReader | None = None,
    settings: Callable[[], Settings] | None = None,
    scrub: Callable[[str], str] = str,
) -> Starlette:
    """The web face of one service: `/`, `/metrics`, `/healthz` (alive and probing), `/readyz`, `/runbooks`.

    With `find`, which is called in a thread, `/find` and `/find/<id>` too; with a `desk`, `/incidents` and `/alerts`;
    with `reporting`, `/incidents/<id>`; with a `new_reader`, which is called in a thread, `/runs` and `/runs/<id>`;
    with `settings`, which a reload may change, `/targets` and `/scenarios`. `scrub` removes secrets from what they say.
    """
    places = [Link("Status", status.PATH)]
    places += [] if new_reader is None else [Link("Runs", runs.PATH)]
    places += [] if settings is None else [Link("Targets", targets.PATH), Link("Scenarios", scenarios.PATH)]
    places += [] if desk is None else [Link("Incidents", incidents.PATH)]
    places += [] if find is None else [Link("Find", finding.PATH)]
    frame = Frame(
        version=version_of("brekwatch"),
        links=(*places, Link("Runbooks", runbooks.PATH)),
        problem=health.problem,
        scrub=scrub,
        **({} if desk is None else {"now": desk.now}),
    )
    app = Starlette(
        routes=[
            *status.Status(recorder.board, frame, kept=find is not None).routes(),
            *_for_programs(recorder, health),
            *runbooks.Runbooks(frame).routes(),
            *([] if new_reader is None else runs.Runs(new_reader, frame).routes()),
            *([] if find is None else finding.Finding(find, frame).routes()),
            *([] if desk is None else incidents.Incidents(desk, frame).routes()),
            *([] if desk is None else Alerts(desk, scrub=scrub).routes()),
            *([] if settings is None else _of_settings(settings, recorder, desk, frame)),
            *([] if reporting is None else report.IncidentReport(reporting, frame).routes()),
        ],
        middleware=[Middleware(JsonAddresses)],
    )
    app.router.redirect_slashes = False
    app.state.places = tuple((link.label, link.path) for link in frame.links)
    return app


def _of_settings(
    settings: Callable[[], Settings], recorder: Recorder, desk: IncidentDesk | None, frame: Frame
) -> list[Route]:
    knowing = Knowing(settings, recorder, desk, frame)
    return [*targets.Targets(knowing, frame).routes(), *scenarios.Scenarios(knowing, frame).routes()]


def places_of(app: object) -> tuple[tuple[str, str], ...]:
    """What every page of an app made here leads to: names and paths."""
    return tuple(app.state.places) if isinstance(app, Starlette) else ()


def _for_programs(recorder: Recorder, health: Health) -> list[Route]:
    scrapes = Scrapes(recorder.render)

    async def metrics(request: Request) -> Response:
        body, content_type = await scrapes.get(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    async def healthz(_request: Request) -> Response:
        return _verdict(health.problem())

    async def readyz(_request: Request) -> Response:
        return _verdict(None if health.started else "the first slots are not planned yet")

    async def favicon(_request: Request) -> Response:
        return Response(_favicon(), media_type="image/svg+xml")

    return [
        Route("/metrics", metrics),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/favicon.svg", favicon),
    ]


@cache
def _favicon() -> bytes:
    return (files("exporter.web") / "templates" / "favicon.svg").read_bytes()


def _verdict(problem: str | None) -> Response:
    if problem is None:
        return _json({"status": "ok"}, 200)
    return _json({"status": "failing", "reason": problem}, 503)


def _json(content: dict[str, str], status_code: int) -> Response:
    return Response(orjson.dumps(content), status_code, media_type="application/json")
