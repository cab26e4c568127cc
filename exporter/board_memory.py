"""What the page at `/` knows when a service starts: each probe's last verdict, its last day, and why it fails.

Two questions, each with a time of its own: where the last day takes too long to count, the verdicts are known anyway.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from exporter.incident_memory import COMMANDS
from exporter.recorder import Recorder
from exporter.recorder.board import Pair, Past
from exporter.recorder.sights import Untold
from exporter.recorder.strips import CELL_SECONDS, CELLS, Strip, cell_of
from probes.errors import EmptyJournalError, JournalError
from probes.journal.kept import Apart, KeptRun, LastVerdict, RunFilter, Tally, TallyFilter, VerdictFilter
from probes.listening import Listener
from probes.model import MonitorFault, Run
from probes.off_loop import off_loop
from probes.settings import Settings
from probes.words import JUDGED_OUTCOMES, FaultKind, Outcome

RESTORE_SECONDS = 5.0
_MOST_WHOLE = 200

_T = TypeVar("_T")


class BoardMemory(Protocol):
    """What is read of a journal."""

    def last_verdicts(self, wanted: VerdictFilter) -> tuple[LastVerdict, ...]:
        """The last judged run of each target and scenario that has one."""

    def tallies(self, wanted: TallyFilter) -> tuple[Tally, ...]:
        """How many runs ended how, cell by cell."""

    def whole_runs(self, wanted: RunFilter) -> Iterator[KeptRun]:
        """Runs with their evidence."""

    def close(self) -> None:
        """Let go of it."""


async def restore(
    recorder: Recorder,
    read: Callable[[], BoardMemory],
    settings: Settings,
    listener: Listener,
    seconds: float = RESTORE_SECONDS,
) -> None:
    """Show what was known before. What can't be read within `seconds` is a fault, and missing until the next runs.

    Raises nothing of its own: probing begins, whatever became of this.
    """
    measured = VerdictFilter(location=settings.service.location, commands=COMMANDS)

    def verdicts() -> tuple[LastVerdict, ...]:
        with closing(read()) as memory:
            return memory.last_verdicts(measured)

    def tallies() -> tuple[Tally, ...]:
        with closing(read()) as memory:
            return memory.tallies(last_day(settings, recorder.board.now()))

    known, counted = await asyncio.gather(
        _within(seconds, verdicts, "the last verdicts", listener), _within(seconds, tallies, "the last day", listener)
    )
    recorder.restore(known or ())
    recorder.board.restore_past(pasts(counted or (), known or ()))
    if counted is None:
        recorder.board.restore_nothing()

    def failed() -> tuple[Run, ...]:
        with closing(read()) as memory:
            wanted = RunFilter(run_ids=_failed_run_ids(known or ()))
            return tuple(kept.run for kept in memory.whole_runs(wanted))

    recorder.board.restore_failed(await _within(seconds, failed, "the last failures", listener) or ())


async def _within(
    seconds: float, read: Callable[[], tuple[_T, ...]], what: str, listener: Listener
) -> tuple[_T, ...] | None:
    try:
        return await asyncio.wait_for(off_loop(read, name="board reader"), seconds)
    except EmptyJournalError:
        return ()
    except (JournalError, TimeoutError) as error:
        detail = f"{what} can't be read: {str(error) or 'no answer in time'}"
        listener.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail=detail, error=error))
        return None
    except Exception as error:  # noqa: BLE001 - a bug of ours here is no reason not to probe
        detail = f"{what} can't be told: {type(error).__name__}"
        listener.monitor_fault(MonitorFault(kind=FaultKind.BUG, detail=detail, error=error))
        return None


def last_day(settings: Settings, now: datetime) -> TallyFilter:
    """What is asked of the last day: what this location measured, as a service does."""
    since = datetime.fromtimestamp((cell_of(now.timestamp()) - CELLS + 1) * CELL_SECONDS, UTC)
    windows = settings.maintenance
    return TallyFilter(
        since=since,
        location=settings.service.location,
        commands=COMMANDS,
        cell_seconds=CELL_SECONDS,
        apart=tuple(
            Apart(targets=each.targets, starts_at=each.starts_at, ends_at=each.ends_at)
            for each in windows
            if each.ends_at > since and each.starts_at < now
        ),
    )


def pasts(tallies: Iterable[Tally], verdicts: Iterable[LastVerdict]) -> Mapping[Pair, Past]:
    """The last day of each probe that was played in it."""
    judged_at = {(each.target, each.scenario): each.finished_at for each in verdicts}
    found: defaultdict[Pair, list[Tally]] = defaultdict(list)
    for tally in tallies:
        found[tally.target, tally.scenario].append(tally)
    return {pair: _past(of_it, judged_at.get(pair)) for pair, of_it in found.items()}


def _past(tallies: list[Tally], judged_at: datetime | None) -> Past:
    strip = Strip()
    for tally in tallies:
        strip = strip.plus(tally.cell, tally.outcome, counted=tally.counted, runs=tally.runs)
    return Past(
        strip=strip,
        first_at=min(tally.first_at for tally in tallies),
        last_failed_at=max((each.last_at for each in tallies if each.outcome is Outcome.FAILED), default=None),
        untold=_untold([each for each in tallies if each.outcome not in JUDGED_OUTCOMES], judged_at),
    )


def _untold(tallies: list[Tally], judged_at: datetime | None) -> Untold | None:
    """The last that judged nothing, and no verdict came after. Of a half-hour that had both, one at least."""
    later = [each for each in tallies if judged_at is None or each.last_at > judged_at]
    if not later:
        return None
    last = max(later, key=lambda each: each.last_at)
    alike = [each for each in later if (each.outcome, each.reason) == (last.outcome, last.reason)]
    count = sum(each.runs if judged_at is None or each.first_at > judged_at else 1 for each in alike)
    return Untold(outcome=last.outcome, reason=last.reason, count=count, at=last.last_at, run_id=None)


def _failed_run_ids(verdicts: Iterable[LastVerdict]) -> tuple[str, ...]:
    failed = [each for each in verdicts if each.outcome is Outcome.FAILED and each.run_id is not None]
    failed.sort(key=lambda each: each.finished_at, reverse=True)
    return tuple(each.run_id for each in failed[:_MOST_WHOLE] if each.run_id is not None)
