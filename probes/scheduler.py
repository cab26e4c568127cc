"""When each probe is played: slots on the monotonic clock, each one accounted for.

Slot n of a probe starts at its phase plus n intervals; the phase is a hash of the probe's name, so that probes
spread and a restart doesn't move them. APScheduler wakes us for one slot at a time. It waits on the wall clock,
so a watcher compares that with the monotonic clock and plans anew after a jump.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from probes.gate import Cue, Gate, Play
from probes.listening import Listener, Listeners
from probes.model import MonitorFault, Probe
from probes.words import FaultKind, SkipReason, SlotState

LATE_AFTER_SECONDS = 1.0
_JUMP_SECONDS = 5.0
_SLEW_SECONDS = 0.05  # more than NTP shifts in a tick; planning anew costs nothing
_EARLY_SECONDS = 0.02
_QUIET_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock in epoch seconds, and one that never jumps."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


@dataclass(slots=True, eq=False)
class _Line:
    """One probe's slots: `origin` is slot 0 on the monotonic clock, `planned` the next slot to account for.

    `turn` is what its run waits for before it begins.
    """

    probe: Probe
    origin: float
    last_end: float
    planned: int = 0
    last_slot: float = -math.inf
    dropped: bool = False
    turn: asyncio.Future[Cue] | None = None
    run: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self.run is not None and not self.run.done()

    def at(self, slot: int) -> float:
        return self.origin + slot * self.probe.every_seconds

    @property
    def job_id(self) -> str:
        return _name(self.probe)


def _name(probe: Probe) -> str:
    return f"{probe.scenario} {probe.target}"


def phase_seconds(probe: Probe) -> float:
    """Where in its interval a probe starts, in seconds after each multiple of the interval since the epoch."""
    name = f"{probe.scenario}\0{probe.target}".encode()
    share = int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64
    return share * probe.every_seconds


class Scheduler:
    """Plays each slot, as soon as the gate lets it; it is left running when a run misbehaves.

    Start it inside a running loop.
    """

    def __init__(
        self,
        probes: Iterable[Probe],
        *,
        gate: Gate,
        listener: Listener,
        max_concurrent_runs: int = 200,
        clock: Clock | None = None,
        watch_seconds: float = 1.0,
        stuck_after_seconds: float = 5.0,
        overdue_after_seconds: float = 3.0,
    ) -> None:
        self._gate = gate
        self._listener = Listeners(listener)
        self._most = max_concurrent_runs
        self._clock = clock or Clock()
        self._watch_seconds = watch_seconds
        self._stuck_after = stuck_after_seconds
        self._overdue_after = overdue_after_seconds
        self._probes = tuple(probes)
        self._lines: list[_Line] = []
        self._dropped: list[_Line] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Future[Cue]] = set()
        self._playing = 0
        self._watcher: asyncio.Task[None] | None = None
        self._draining = False
        self._drained = False
        self._skew = 0.0
        self._overdue: list[_Line] = []
        self._waker = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 4}
        )
        self._waker.add_listener(self._waker_trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Plan the first slot of each probe."""
        self._skew = self._clock.wall() - self._clock.monotonic()
        for probe in self._probes:
            self._add(probe)
        self._waker.start()
        self._watcher = asyncio.create_task(self._watch(), name="slot watcher")

    def replan(self, probes: Iterable[Probe], *, max_concurrent_runs: int) -> None:
        """From now on these probes, all at once. Known by scenario and target, the same probe keeps its slots.

        What is gone gets no further slot; its run under way ends as it began, and one that waits for its turn is
        skipped. One whose interval changed starts from its new phase, and not within half an interval of its last
        slot. After a drain began, nothing changes.
        """
        if self._draining:
            return
        self._most = max_concurrent_runs
        wanted = {_name(probe): probe for probe in probes}
        for line in self._lines:
            if line.job_id not in wanted:
                self._drop(line)
        self._dropped = [line for line in (*self._dropped, *self._lines) if line.dropped and line.running]
        self._lines = [line for line in self._lines if not line.dropped]
        for line in self._lines:
            self._change(line, wanted.pop(line.job_id))
        for probe in wanted.values():
            self._add(probe)

    def _add(self, probe: Probe) -> None:
        line = _Line(probe=probe, origin=self._first_slot(probe), last_end=self._clock.monotonic())
        line.run = next((old.run for old in self._dropped if old.job_id == line.job_id), None)
        self._lines.append(line)
        self._plan(line)

    def _drop(self, line: _Line) -> None:
        self._account_missed(line, self._slot_now(line), SkipReason.MISSED)
        line.dropped = True
        if line.turn is not None:
            line.turn.cancel()
        if self._waker.get_job(line.job_id) is not None:
            self._waker.remove_job(line.job_id)

    def _change(self, line: _Line, probe: Probe) -> None:
        before = line.probe
        if probe.every_seconds == before.every_seconds:
            line.probe = probe
        else:
            self._account_missed(line, self._slot_now(line), SkipReason.MISSED)
            line.probe, line.planned = probe, 0
            line.origin = self._first_slot(probe, not_before=line.last_slot + probe.every_seconds / 2)
            self._plan(line)
        if (probe.every_seconds, probe.deadline_seconds) != (before.every_seconds, before.deadline_seconds):
            line.last_end = self._clock.monotonic()  # it was quiet by other rules so far

    def _first_slot(self, probe: Probe, not_before: float = -math.inf) -> float:
        """When the next slot is, on the monotonic clock."""
        monotonic, every = self._clock.monotonic(), probe.every_seconds
        first = monotonic + (phase_seconds(probe) - self._clock.wall()) % every
        return first if first >= not_before else first + every

    @property
    def started(self) -> bool:
        """Whether the first slots are planned."""
        return self._watcher is not None

    def problem(self) -> str | None:
        """Why this can't be called probing; None while every probe ends its runs."""
        if self._watcher is None:
            return "not started"
        if self._draining:
            return "shutting down"
        if self._watcher.done():
            return "the watcher of slots has ended"
        now = self._clock.monotonic()
        for line in self._lines:
            probe, quiet = line.probe, now - line.last_end
            if quiet > _QUIET_INTERVALS * probe.every_seconds + probe.deadline_seconds:
                every = f"{probe.every_seconds:g} s"
                return f"{probe.scenario} on {probe.target} ended no run for {quiet:.0f} s, and is due every {every}"
        return None

    def seconds_to_slot(self, probe: Probe) -> float | None:
        """How long until this probe's next slot; None if it has none."""
        line = self._line_of(probe)
        return None if line is None else line.at(line.planned) - self._clock.monotonic()

    def play_extra(self, probe: Probe) -> bool:
        """Play this probe now, beside its slots: a recheck. False where it is under way, or nothing may start."""
        line = self._line_of(probe)
        if line is None or self._draining or self._full(line) is not None:
            return False
        self._launch(line, None)
        return True

    def _line_of(self, probe: Probe) -> _Line | None:
        names = probe.scenario, probe.target
        return next((line for line in self._lines if (line.probe.scenario, line.probe.target) == names), None)

    async def drain(self, seconds: float = 20.0) -> None:
        """No new runs; those under way may end for so long, then they are cancelled and end as `unknown`.

        Those that wait for their turn are skipped at once. Where it was cancelled itself, another call goes on with it.
        """
        self._draining = True
        if self._waker.running:
            self._waker.remove_all_jobs()
        for turn in self._waiting:
            turn.cancel()
        await self._end_runs(seconds)
        if not self._drained:
            self._drained = True
            for line in self._lines:
                self._account_missed(line, self._slot_now(line), SkipReason.SHUTDOWN)
            if self._waker.running:
                self._waker.shutdown(wait=False)
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    async def _end_runs(self, seconds: float) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        for task in self._under_way:
            if not task.cancelling():  # told twice, it would leave its run behind
                task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._stuck_after)

    def _plan(self, line: _Line) -> None:
        wait = line.at(line.planned) - self._clock.monotonic()
        self._waker.add_job(
            self._fire,
            "date",
            run_date=datetime.fromtimestamp(self._clock.wall(), UTC) + timedelta(seconds=max(wait, 0.0)),
            args=(line, line.planned),
            id=line.job_id,
            replace_existing=True,
        )

    def _slot_now(self, line: _Line) -> int:
        """The newest slot whose time has come."""
        return math.floor((self._clock.monotonic() - line.origin) / line.probe.every_seconds)

    async def _fire(self, line: _Line, slot: int) -> None:
        """APScheduler's wake-up: accounts for the slots up to now, starts the newest, plans the next."""
        if self._draining or line.dropped or slot != line.planned:
            return  # planned anew since, so this slot is accounted for elsewhere
        if line.at(slot) - self._clock.monotonic() > _EARLY_SECONDS:
            self._plan(line)  # the wall clock jumped ahead
            return
        newest = max(slot, self._slot_now(line))
        self._account_missed(line, newest - 1, SkipReason.MISSED)
        line.planned, line.last_slot = newest + 1, line.at(newest)
        self._plan(line)
        reason = self._why_not(line)
        lateness = self._lateness(line.at(newest))
        if reason is None:
            self._launch(line, lateness)
        else:
            self._account(line, lateness, reason)

    def _launch(self, line: _Line, lateness: float | None) -> None:
        turn = line.turn = asyncio.ensure_future(self._gate.turn(line.probe, recheck=lateness is None))
        self._waiting.add(turn)
        turn.add_done_callback(self._waiting.discard)
        line.run = asyncio.create_task(self._begin(line, lateness, turn), name=f"run {line.job_id}")
        self._under_way.add(line.run)
        line.run.add_done_callback(self._under_way.discard)

    async def _begin(self, line: _Line, lateness: float | None, turn: asyncio.Future[Cue]) -> None:
        """Waits for the run's turn, accounts for its slot (a recheck has none), and plays it.

        The slot is as late as it fired: waiting for a turn is policy, not slowness.
        """
        play, reason = await self._cued(line, turn)
        if lateness is not None:
            self._account(line, lateness, reason)
        if play is not None:
            self._playing += 1
            try:
                await self._supervise(line, play)
            finally:
                self._playing -= 1

    async def _cued(self, line: _Line, turn: asyncio.Future[Cue]) -> tuple[Play | None, SkipReason | None]:
        """What plays the run, or why it can't be played after all."""
        try:
            cue = await turn
        except asyncio.CancelledError:  # by a drain or a new plan, and what never began needs no end of its own
            return None, SkipReason.SHUTDOWN
        except Exception as error:  # noqa: BLE001 - the slot must be accounted for
            self._tell(FaultKind.BUG, f"a run of {line.job_id} could not begin", error)
            return None, SkipReason.MISSED
        if self._playing >= self._most:
            cue.forgo()
            return None, SkipReason.CAPACITY
        return cue.play, None

    def _lateness(self, due: float) -> float:
        return max(0.0, self._clock.monotonic() - due)

    def _account(self, line: _Line, lateness: float, reason: SkipReason | None) -> None:
        state = SlotState.LATE if lateness > LATE_AFTER_SECONDS else SlotState.RUN
        self._listener.slot_finished(line.probe, SlotState.SKIPPED if reason else state, reason, lateness)

    def _account_missed(self, line: _Line, last: int, reason: SkipReason) -> None:
        for slot in range(line.planned, last + 1):
            self._account(line, self._lateness(line.at(slot)), reason)
        line.planned = max(line.planned, last + 1)

    def _why_not(self, line: _Line) -> SkipReason | None:
        closed = self._gate.closed(line.probe)
        if closed is None:
            return self._full(line)
        line.last_end = self._clock.monotonic()  # held on purpose, which is no sign of a stuck probe
        return closed

    def _full(self, line: _Line) -> SkipReason | None:
        if line.running:
            return SkipReason.OVERLAP
        if self._playing >= self._most:
            return SkipReason.CAPACITY
        return None

    async def _supervise(self, line: _Line, play: Play) -> None:
        """A run has a deadline of its own; one that outlives it is our bug, and must not block its probe for ever."""
        run = asyncio.ensure_future(play(line.probe))
        try:
            done, _ = await asyncio.wait([run], timeout=line.probe.deadline_seconds + self._stuck_after)
            if not done:
                run.cancel()
                self._tell(FaultKind.BUG, f"a run of {line.job_id} outlived its deadline and was cancelled")
                await asyncio.wait([run], timeout=self._stuck_after)
            elif not run.cancelled() and run.exception() is not None:
                self._tell(FaultKind.BUG, f"a run of {line.job_id} raised", run.exception())
            else:
                line.last_end = self._clock.monotonic()
        except asyncio.CancelledError:
            run.cancel()
            await asyncio.wait([run], timeout=self._stuck_after)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._watch_seconds)
            try:
                if not self._draining:
                    self._look()
            except Exception as error:  # noqa: BLE001 - the watcher outlives whatever it meets
                self._tell(FaultKind.BUG, "the watcher of slots met an error", error)

    def _look(self) -> None:
        """One look at the clocks, and at probes whose wake-up got lost: still overdue at a second look."""
        monotonic = self._clock.monotonic()
        skew = self._clock.wall() - monotonic
        shift, self._skew = skew - self._skew, skew
        overdue = [line for line in self._lines if monotonic - line.at(line.planned) > self._overdue_after]
        lost, self._overdue = [line for line in overdue if line in self._overdue], overdue
        if abs(shift) > _JUMP_SECONDS:
            self._tell(FaultKind.CLOCK, f"the wall clock jumped by {shift:+.0f} s; slots keep to the monotonic clock")
        elif lost:
            self._tell(FaultKind.SCHEDULER, f"{len(lost)} wake-ups got lost; planned anew")
        for line in self._lines if abs(shift) > _SLEW_SECONDS else lost:
            self._plan(line)

    def _waker_trouble(self, event: JobExecutionEvent) -> None:
        error = getattr(event, "exception", None)
        self._tell(FaultKind.SCHEDULER, f"a wake-up of {event.job_id} went wrong", error)

    def _tell(self, kind: FaultKind, detail: str, error: BaseException | None = None) -> None:
        self._listener.monitor_fault(MonitorFault(kind=kind, detail=detail, error=error))
