"""What the pages of runs ask the journal for: in a thread, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from alerts.incidents import verdict_of
from probes.incident import Incident, IncidentFilter
from probes.journal.kept import KeptRun, Neighbours, RunFilter, RunSummary
from probes.model import Run

_MOST_INCIDENTS = 50


class RunReader(Protocol):
    """As much of the journal's Reader as is needed here; all of it may block, and raises JournalError."""

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        """Newest first."""

    def run(self, run_id: str) -> KeptRun | None:
        """A run, whole, by its id or the beginning of it; UsageError if several begin so."""

    def neighbours(self, run: Run) -> Neighbours:
        """Those of the same probe around it."""

    def request_ids(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """What proves the failures among these runs."""

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Newest first by when they were detected."""

    def close(self) -> None:
        """Let go of the journal."""


NewRunReader = Callable[[], RunReader]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run with what stands around it. `incident` is the one that it surely belongs to, if that is kept."""

    kept: KeptRun
    neighbours: Neighbours
    incident: Incident | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of runs, newest first, with the requestIds of what failed; `more`: others come behind it.

    `strangers` are those of the names asked for that no run here has.
    """

    rows: tuple[RunSummary, ...]
    request_ids: Mapping[str, str]
    more: bool
    strangers: tuple[str, ...] = ()

    @property
    def last(self) -> RunSummary | None:
        """The one that the next page stands behind."""
        return self.rows[-1] if self.rows else None


def story_of(new_reader: NewRunReader, run_id: str) -> Story | None:
    """The run of this id or beginning; raises UsageError where several begin so."""
    with closing(new_reader()) as reader:
        kept = reader.run(run_id)
        if kept is None:
            return None
        return Story(kept=kept, neighbours=reader.neighbours(kept.run), incident=_incident_of(reader, kept))


def listed(new_reader: NewRunReader, wanted: RunFilter, limit: int) -> Listed:
    """So many of the runs that are wanted."""
    with closing(new_reader()) as reader:
        found = tuple(reader.runs(replace(wanted, limit=limit + 1)))
        rows = found[:limit]
        request_ids = reader.request_ids([row.run_id for row in rows if row.failed_step is not None])
        strangers = () if rows else tuple(_strangers(reader, wanted))
        return Listed(rows=rows, request_ids=request_ids, more=len(found) > limit, strangers=strangers)


def whole(new_reader: NewRunReader, wanted: RunFilter, limit: int) -> tuple[Iterator[KeptRun], RunSummary | None]:
    """The same with all their evidence, one run at a time in memory; and the last of them, if others come behind."""
    page = listed(new_reader, wanted, limit)

    def each() -> Iterator[KeptRun]:
        with closing(new_reader()) as reader:
            kept = (reader.run(row.run_id) for row in page.rows)
            yield from (run for run in kept if run is not None)

    return each(), page.last if page.more else None


def _strangers(reader: RunReader, wanted: RunFilter) -> Iterator[str]:
    """By the index of targets alone: a scenario is looked for on a target only."""
    if wanted.target is not None and next(reader.runs(RunFilter(target=wanted.target, limit=1)), None) is None:
        yield f"target {wanted.target}"


def _incident_of(reader: RunReader, kept: KeptRun) -> Incident | None:
    run, verdict = kept.run, None if kept.under_way else verdict_of(kept.run)
    if verdict is None or verdict.cause is None:
        return None
    wanted = IncidentFilter(since=run.started_at, target=run.target, scenario=run.scenario, limit=_MOST_INCIDENTS)
    return next((each for each in reader.incidents(wanted) if _holds(each, run) and each.cause == verdict.cause), None)


def _holds(incident: Incident, run: Run) -> bool:
    within = incident.first_failed_at <= run.started_at <= incident.last_failed_at
    return within and incident.location == run.location and run.scenario in incident.scenarios
