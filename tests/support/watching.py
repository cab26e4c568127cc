"""A service's incident watch beside a journal, fed with runs of a test's own making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from support.facts import NOON, SEARCH, a_failed_step, a_probe, a_run, a_start, a_step, a_target
from support.keeping import keeping

from exporter.incident_watch import IncidentWatch
from probes.incident import Incident, IncidentChange, Notice
from probes.journal.journal import Journal
from probes.journal.reading import Reader
from probes.listening import Listener, Listeners
from probes.model import MonitorFault, Run
from probes.settings import IncidentPolicy, Service, Settings
from probes.words import FailureKind, NoticeKind, Outcome

EVERY = timedelta(minutes=1)
LATER = NOON + timedelta(minutes=30)
_KINDS = {"S": FailureKind.SERVER_ERROR, "T": FailureKind.TIMEOUT}
_OUTCOMES = {"G": Outcome.PASSED, "u": Outcome.UNKNOWN, "k": Outcome.SKIPPED}


def settings_of(*scenarios: str, target: str = "acme", location: str = "eu-1", **policy: int) -> Settings:
    """Probes of one target, each played once a minute."""
    return Settings(
        service=Service(journal="sqlite:///unused.db", location=location),
        targets={target: a_target(name=target)},
        probes=tuple(a_probe(scenario=each, target=target, every_seconds=60.0) for each in scenarios or (SEARCH.name,)),
        scenarios={SEARCH.name: SEARCH},
        incidents=IncidentPolicy(**policy),
    )


def runs_of(letters: str, *, first: int = 0, scenario: str = SEARCH.name, location: str = "eu-1") -> list[Run]:
    """One a minute: `G` passed, `S` and `T` failed, `u` and `k` were not judged."""
    return [_run(letter, number, scenario, location) for number, letter in enumerate(letters, first)]


def _run(letter: str, number: int, scenario: str, location: str) -> Run:
    outcome = _OUTCOMES.get(letter, Outcome.FAILED)
    return a_run(
        outcome,
        run_id=f"{scenario}.{location}.{number}",
        scenario=scenario,
        location=location,
        started_at=NOON + number * EVERY,
        reason=_KINDS.get(letter),
        steps=(a_failed_step(_KINDS[letter]) if letter in _KINDS else a_step(),),
    )


class Told(Listener):
    """Keeps what was told of incidents."""

    def __init__(self) -> None:
        self.changed: list[tuple[Incident, ...]] = []
        self.still_open: tuple[Incident, ...] = ()
        self.recent: dict[tuple[str, str], Mapping[FailureKind, int]] = {}
        self.faults: list[MonitorFault] = []

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        self.changed.append(changed)
        self.still_open = still_open

    def recent_failures_changed(self, target: str, scenario: str, counts: Mapping[FailureKind, int]) -> None:
        self.recent[target, scenario] = dict(counts)

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)


class Sayings:
    """Says one thing of each incident that changed, and keeps what it was to tell."""

    def __init__(self) -> None:
        self.taken: list[tuple[Notice, asyncio.Future[None] | None]] = []

    def notices(self, changed: Iterable[Incident], run: Run | None) -> tuple[Notice, ...]:
        return tuple(
            Notice(
                notice_id=f"{incident.incident_id}.{incident.ended or 'open'}",
                receiver="oncall",
                kind=NoticeKind.OPENED if incident.is_open else NoticeKind.RESOLVED,
                incident_id=incident.incident_id,
                document="{}",
                created_at=NOON,
                due_at=NOON,
            )
            for incident in changed
        )

    def take(self, notices: Iterable[Notice], kept: asyncio.Future[None] | None) -> None:
        self.taken += [(notice, kept) for notice in notices]


class Shelf:
    """In place of a journal: keeps changes, and commits or loses them when a test says so."""

    def __init__(self) -> None:
        self.changes: list[IncidentChange] = []
        self.futures: list[asyncio.Future[None]] = []

    def keep_incidents(self, change: IncidentChange) -> asyncio.Future[None]:
        self.changes.append(change)
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]


def a_watch(settings: Settings, told: Listener, *, now: datetime = LATER, **parts: object) -> IncidentWatch:
    return IncidentWatch(settings, listener=told, now=lambda: now, **parts)  # type: ignore[arg-type]


@asynccontextmanager
async def living(
    url: str, settings: Settings, told: Listener, *, command: str = "serve", teller: Sayings | None = None
) -> AsyncIterator[tuple[Journal, IncidentWatch]]:
    """A journal and a watch that went on from it; everything is written afterwards."""
    async with keeping(url, told, command=command) as journal:
        watch = a_watch(settings, told, book=journal, teller=teller)
        await watch.restore(lambda: Reader(url), 30.0)
        yield journal, watch


async def play(runs: Iterable[Run], journal: Journal, *watches: IncidentWatch) -> None:
    """These runs begin and end, and the journal hears of each first."""
    listeners = Listeners(journal, *watches)
    for run in runs:
        place = {"target": run.target, "location": run.location}
        start = a_start(run_id=run.run_id, scenario=run.scenario, started_at=run.started_at, **place)
        await journal.begin_run(start)
        listeners.run_finished(run)
