"""Incidents for tests, and a desk that has them at hand, without a journal behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from support import kept_incidents
from support.facts import NOON, a_run
from support.kept import as_kept

from exporter.web.incident_lookups import IncidentDesk
from probes.errors import JournalError
from probes.incident import AlertSeen, Cause, Hit, Incident, IncidentFilter
from probes.journal.kept import KeptRun
from probes.words import Ended, FailureKind, Operation, Outcome

INCIDENT_ID = "i2345672345672345672345672"
MINUTE = timedelta(minutes=1)


def a_hit(**changes: object) -> Hit:
    return kept_incidents.a_hit(**({"scenario": "golden_path"} | changes))


def an_incident(**changes: object) -> Incident:
    """Open; its first run failed at noon, its third two minutes later."""
    return kept_incidents.an_incident(**({"incident_id": INCIDENT_ID, "hits": (a_hit(),)} | changes))


def of(kind: FailureKind, target: str = "acme") -> Cause:
    return Cause(target=target, kind=kind, operation=Operation.SEND_EVENT)


def closed(incident: Incident, at: datetime = NOON + 10 * MINUTE) -> Incident:
    return replace(incident, recovered_at=at - MINUTE, closed_at=at, ended=Ended.RECOVERED)


class Drawer:
    """Reads incidents that it was given, and keeps alerts; `trouble` is raised instead, by both."""

    def __init__(self, *incidents: Incident, runs: Iterable[KeptRun] = ()) -> None:
        self.all = list(incidents)
        self.kept: dict[tuple[str, datetime], AlertSeen] = {}
        self.trouble: JournalError | None = None
        self.unkept: Exception | None = None
        self.closings = self.asked_to_keep = 0
        self.stuck = False
        self.gate = threading.Event()
        self.gate.set()
        self._runs = {kept.run.run_id: kept for kept in runs}

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        self.gate.wait(5)
        if self.trouble is not None:
            raise self.trouble
        newest_first = sorted(self.all, key=_place, reverse=True)
        return islice((each for each in newest_first if _fits(each, wanted)), wanted.limit)

    def incident(self, text: str) -> Incident | None:
        return next((each for each in self.all if each.incident_id == text), None)

    def run(self, run_id: str) -> KeptRun | None:
        return self._runs.get(run_id)

    def close(self) -> None:
        self.closings += 1

    async def keep(self, alerts: tuple[AlertSeen, ...]) -> None:
        self.asked_to_keep += 1
        if self.stuck:
            await asyncio.Event().wait()
        if self.unkept is not None:
            raise self.unkept
        self.kept |= {(alert.fingerprint, alert.starts_at): alert for alert in alerts}

    def desk(self, **changes: object) -> IncidentDesk:
        facts: dict[str, object] = {
            "new_reader": lambda: self,
            "keep_alerts": self.keep,
            "targets": lambda: ("acme",),
            "external_url": lambda: "https://brekwatch.example/",
            "now": lambda: NOON + 12 * MINUTE,
        }
        return IncidentDesk(**(facts | changes))  # type: ignore[arg-type]


def _place(incident: Incident) -> tuple[datetime, str]:
    return incident.detected_at, incident.incident_id


def _fits(incident: Incident, wanted: IncidentFilter) -> bool:
    return (
        wanted.target in {None, incident.cause.target}
        and wanted.scenario in {None, *incident.scenarios}
        and (incident.is_open or not wanted.open_only)
        and (wanted.before is None or _place(incident) < wanted.before)
        and (wanted.since is None or incident.closed_at is None or incident.closed_at >= wanted.since)
    )


def a_failed_run() -> KeptRun:
    """The run that the incidents here name, with the ids that prove it."""
    return as_kept(a_run(Outcome.FAILED))
