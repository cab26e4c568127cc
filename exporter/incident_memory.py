"""What a service knows of incidents when it starts: the state that was kept, and the runs that were kept after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from alerts.incidents import Watch, verdict_of
from alerts.places import Places
from probes.incident import Verdict
from probes.journal.kept import KeptRun, RunFilter, RunSummary
from probes.model import Run
from probes.settings import Settings
from probes.unasked import STOPPED
from probes.words import JUDGED_OUTCOMES

COMMANDS = ("serve", "demo")
"""Whose runs count: what a person played with `brekwatch run` is no measurement."""

_WITHOUT_STATE = timedelta(hours=1)
_SLACK = timedelta(minutes=1)
_AT_ONCE = 200
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Memory(Protocol):
    """What is read of a journal."""

    def states(self, kind: str) -> Mapping[str, object]:
        """What was kept under this kind, by its key."""

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        """The runs that are wanted, newest first."""

    def whole_runs(self, wanted: RunFilter) -> Iterator[KeptRun]:
        """The same with their evidence."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A watch as it was, and the judged runs that it has yet to see, in the order of their end.

    `damaged` says of which targets the state can't be read.
    """

    watch: Watch
    missed: tuple[tuple[Verdict, Run], ...]
    damaged: tuple[str, ...]


def state_key(location: str, target: str) -> str:
    """Under which the state of a target is kept: places that share a journal each reckon for themselves."""
    return f"{location}/{target}"


def places_of(settings: Settings) -> Places:
    """What incidents need to know of a configuration."""
    return Places.of(location=settings.service.location, targets=settings.targets.values(), probes=settings.probes)


def remembered(memory: Memory, settings: Settings, now: datetime) -> Remembered:
    """What is known when a service starts. Raises JournalError.

    A process that was killed may have kept a run, and not what it changed: so runs are read again.
    """
    prefix = state_key(settings.service.location, "")
    kept = {
        key.removeprefix(prefix): each for key, each in memory.states("incidents").items() if key.startswith(prefix)
    }
    damaged: list[str] = []
    watch = Watch.of(kept, settings.incidents, places_of(settings), lambda target, _: damaged.append(target))
    found = [
        (verdict, run) for run in _missed(memory, watch, settings, now) if (verdict := verdict_of(run)) is not None
    ]
    missed = sorted(found, key=lambda each: (each[0].ended_at, each[0].run_id))
    return Remembered(watch=watch, missed=tuple(missed), damaged=tuple(damaged))


def _missed(memory: Memory, watch: Watch, settings: Settings, now: datetime) -> Iterator[Run]:
    seen = watch.seen()
    wanted = RunFilter(since=_since(seen, settings, now), location=settings.service.location, commands=COMMANDS)
    stopped_by = memory.states(STOPPED).keys()
    fresh = [
        run.run_id
        for run in memory.runs(wanted)
        if (run.outcome in JUDGED_OUTCOMES or run.run_id in stopped_by)
        and run.started_at > seen.get((run.target, run.scenario), _LONG_AGO)
    ]
    for first in range(0, len(fresh), _AT_ONCE):
        some = RunFilter(run_ids=tuple(fresh[first : first + _AT_ONCE]))
        yield from (kept.run for kept in memory.whole_runs(some))


def _since(seen: Mapping[tuple[str, str], datetime], settings: Settings, now: datetime) -> datetime:
    """A run that ended after the last one that is known began at most its deadline before that one."""
    if not seen:
        return now - _WITHOUT_STATE
    longest = max((probe.deadline_seconds for probe in settings.probes), default=0.0)
    return max(seen.values()) - timedelta(seconds=longest) - _SLACK
