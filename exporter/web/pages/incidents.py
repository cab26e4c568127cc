"""`/incidents` and `/incidents/open`: where an alert's link leads, and the list of them, as a page or as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.run_json import maybe_moment, moment
from exporter.web.incident_lookups import IncidentDesk, IncidentReader, reading
from exporter.web.lookups import Lookups
from exporter.web.pages.answering import LOOKUP_PROBLEMS, Answers
from exporter.web.pages.page import Frame, Page
from probes.errors import UsageError
from probes.incident import Incident, IncidentFilter

PATH = "/incidents"
MOST_LISTED = 50
_MOST_OPEN = 500
_LAST_CLOSED = 5
_LONGEST = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose incidents are asked for; None asks for all. `open_only` asks for what goes on now.

    `of_alert`: as an alert's link asks, which wants the last ones where nothing is open. `before` is the id of the last
    incident on the page before.
    """

    target: str | None = None
    scenario: str | None = None
    open_only: bool = False
    of_alert: bool = False
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What fits, newest first, and whether there is `more`.

    Where nothing fits an alert: what is open `beside` it, and the last ones `before`.
    """

    fitting: tuple[Incident, ...] = ()
    more: bool = False
    beside: tuple[Incident, ...] = ()
    before: tuple[Incident, ...] = ()


class Incidents:
    """Answers from the journal."""

    def __init__(self, desk: IncidentDesk, frame: Frame) -> None:
        self._desk = desk
        self._scrub = frame.scrub
        self._lookups = Lookups(self._look_up)
        self._answers = Answers(Page("incidents.html", frame, here=PATH), frame, here=PATH)

    def routes(self) -> list[Route]:
        """The list, and what is open; the page of each incident is another's."""
        return [Route(PATH, self._list), Route(f"{PATH}/open", self._open)]

    async def _list(self, request: Request) -> Response:
        open_only = _named(request, "open") not in {None, "0"}
        return await self._answer(request, _question(request, open_only=open_only))

    async def _open(self, request: Request) -> Response:
        return await self._answer(request, replace(_question(request, open_only=True), of_alert=True, before=None))

    async def _answer(self, request: Request, question: Question) -> Response:
        try:
            listed = await self._lookups.get(question)
        except LOOKUP_PROBLEMS as problem:
            return self._answers.refused(request, problem, 404 if isinstance(problem, UsageError) else None)
        following = _following(question, listed)
        facts = {
            "question": question,
            "listed": listed,
            "following": following,
            "targets": sorted(self._desk.targets()),
        }
        facts |= {"scrub": self._scrub, "most": MOST_LISTED}
        return self._answers.told(request, lambda: listed_as_json(listed, following), facts)

    def _look_up(self, question: Question) -> Listed:
        """In a thread."""
        with reading(self._desk) as reader:
            return self._of_alert(reader, question) if question.of_alert else _page(reader, question)

    def _of_alert(self, reader: IncidentReader, question: Question) -> Listed:
        still_open = tuple(reader.incidents(IncidentFilter(target=question.target, open_only=True, limit=_MOST_OPEN)))
        fitting = tuple(each for each in still_open if question.scenario in {None, *each.scenarios})
        if fitting:
            return Listed(fitting=fitting)
        wanted = IncidentFilter(target=question.target, scenario=question.scenario, limit=_LAST_CLOSED)
        before = tuple(reader.incidents(wanted))
        if not (still_open or before or question.target is None or question.target in self._desk.targets()):
            raise UsageError(f'no target of the name "{question.target}" is configured here, and none had an incident')
        return Listed(beside=still_open, before=before)


def _page(reader: IncidentReader, question: Question) -> Listed:
    before = None
    if question.before is not None:
        last = reader.incident(question.before)
        if last is None:
            raise UsageError("the incident that this page begins after is not kept any more: begin at the newest")
        before = (last.detected_at, last.incident_id)
    wanted = IncidentFilter(
        target=question.target,
        scenario=question.scenario,
        open_only=question.open_only,
        before=before,
        limit=MOST_LISTED + 1,
    )
    found = tuple(reader.incidents(wanted))
    return Listed(fitting=found[:MOST_LISTED], more=len(found) > MOST_LISTED)


def _question(request: Request, *, open_only: bool) -> Question:
    target, scenario, before = (_named(request, name) for name in ("target", "scenario", "before"))
    return Question(target=target, scenario=scenario, open_only=open_only, before=before)


def _named(request: Request, name: str) -> str | None:
    """What an address names; an alert without the label leaves it empty."""
    return request.query_params.get(name, "").strip()[:_LONGEST] or None


def _following(question: Question, listed: Listed) -> str | None:
    """The address of the next page."""
    if not listed.more:
        return None
    asked = {"target": question.target, "scenario": question.scenario, "open": "1" if question.open_only else None}
    asked["before"] = listed.fitting[-1].incident_id
    return f"{PATH}?{urlencode({name: value for name, value in asked.items() if value is not None})}"


def listed_as_json(listed: Listed, following: str | None) -> dict[str, object]:
    """The same as a document, which `exporter/schemas/incidents.schema.json` describes."""
    return {
        "incidents": [_incident(incident) for incident in listed.fitting],
        "open_beside": [_incident(incident) for incident in listed.beside],
        "closed_before": [_incident(incident) for incident in listed.before],
        "next": following,
    }


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "incident_id": incident.incident_id,
        "path": f"/incidents/{incident.incident_id}",
        "target": incident.cause.target,
        "kind": incident.cause.kind,
        "operation": incident.cause.operation,
        "scenarios": incident.scenarios,
        "blame": incident.blame,
        "environment": incident.environment,
        "location": incident.location,
        "failed_runs": incident.failed_runs,
        "first_failed_at": moment(incident.first_failed_at),
        "detected_at": moment(incident.detected_at),
        "last_failed_at": moment(incident.last_failed_at),
        "recovered_at": maybe_moment(incident.recovered_at),
        "closed_at": maybe_moment(incident.closed_at),
        "ended": incident.ended,
    }
