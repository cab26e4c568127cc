"""Every slot ends as run, late or skipped with a reason, whatever the loop, the clock or a run does."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.gates import OpenGate
from support.slots import EVERY, Slots, in_the_future, probe, quick

from probes.model import Probe
from probes.scheduler import Clock, Scheduler, phase_seconds
from probes.words import FaultKind


async def schedule(
    play: Callable[[Probe], Awaitable[object]],
    *probes: Probe,
    seconds: float = 0.4,
    most: int = 200,
    stuck_after: float = 5.0,
    drain_seconds: float = 1.0,
) -> tuple[Slots, Scheduler]:
    slots = Slots()
    scheduler = Scheduler(
        probes or (probe(),),
        gate=OpenGate(play),
        listener=slots,
        max_concurrent_runs=most,
        watch_seconds=0.05,
        stuck_after_seconds=stuck_after,
    )
    scheduler.start()
    await asyncio.sleep(seconds)
    await scheduler.drain(drain_seconds)
    return slots, scheduler


def test_phases_are_stable_and_spread_over_the_interval() -> None:
    phases = [phase_seconds(probe(f"s{n}", every=60.0)) for n in range(100)]

    assert phases == [phase_seconds(probe(f"s{n}", every=60.0)) for n in range(100)]
    assert max(Counter(int(phase // 6) for phase in phases).values()) <= 20
    assert all(0 <= phase < 60 for phase in phases)


async def test_a_probe_runs_once_in_each_interval_without_drift() -> None:
    starts: list[float] = []

    async def play(probe: Probe) -> None:
        starts.append(time.monotonic())

    slots, _ = await schedule(play, seconds=1.0)

    assert 18 <= len(starts) <= 21
    assert slots.states["run"] == len(starts)
    assert abs((starts[-1] - starts[0]) - EVERY * (len(starts) - 1)) < EVERY / 2


async def test_slots_that_a_blocked_loop_slept_through_are_told_as_missed() -> None:
    began = time.monotonic()

    async def play(probe: Probe) -> None:
        if time.monotonic() - began < 0.1:
            time.sleep(0.3)  # noqa: ASYNC251 - the very fault

    slots, _ = await schedule(play, seconds=0.6)

    assert slots.states["missed"] >= 4
    assert abs(len(slots.ends) - 0.6 / EVERY) <= 2


async def test_a_slot_that_starts_more_than_a_second_after_its_time_is_late() -> None:
    soon = in_the_future(least=0.03, most=0.08)
    seconds_lost = 0.0
    slots = Slots()
    clock = Clock(monotonic=lambda: time.monotonic() + seconds_lost)
    scheduler = Scheduler((soon,), gate=OpenGate(quick), listener=slots, clock=clock)
    scheduler.start()
    seconds_lost = 1.5
    await asyncio.sleep(0.2)
    await scheduler.drain()

    assert slots.ends == [("late", None)]


async def test_a_probe_never_overlaps_itself() -> None:
    async def play(probe: Probe) -> None:
        await asyncio.sleep(EVERY * 2.5)

    slots, _ = await schedule(play)

    assert slots.states["overlap"] >= 3
    assert slots.states["run"] >= 2


async def test_runs_beyond_the_capacity_are_skipped_with_that_reason() -> None:
    async def play(probe: Probe) -> None:
        await asyncio.sleep(5)

    slots, _ = await schedule(
        play, *(probe(f"s{n}", every=0.2, deadline=10) for n in range(6)), most=2, drain_seconds=0.0
    )

    assert slots.states["run"] == 2
    assert slots.states["capacity"] >= 4


async def test_a_run_that_raises_is_our_fault_and_stops_nothing() -> None:
    async def play(probe: Probe) -> None:
        raise RuntimeError("a bug of ours")

    slots, _ = await schedule(play)

    assert slots.states["run"] >= 5
    assert {fault.kind for fault in slots.faults} == {FaultKind.BUG}


async def test_a_run_that_ignores_its_deadline_and_cancellation_frees_its_probe() -> None:
    release = asyncio.Event()
    plays = 0

    async def play(probe: Probe) -> None:
        nonlocal plays
        plays += 1
        while plays == 1 and not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    slots, _ = await schedule(play, probe(deadline=0.05), seconds=0.6, stuck_after=0.05)
    release.set()

    assert plays > 1
    assert FaultKind.BUG in {fault.kind for fault in slots.faults}


async def test_a_drain_lets_runs_end_and_starts_no_new_ones() -> None:
    ended: list[float] = []

    async def play(probe: Probe) -> None:
        await asyncio.sleep(0.2)
        ended.append(time.monotonic())

    slots, _ = await schedule(play, probe(every=0.1), seconds=0.12, drain_seconds=1.0)

    assert len(ended) == 1
    assert slots.states["run"] == 1
    assert slots.states["shutdown"] >= 1


async def test_a_drain_cancels_what_does_not_end_in_time() -> None:
    cancelled = asyncio.Event()

    async def play(probe: Probe) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    began = time.monotonic()
    await schedule(play, probe(deadline=20), seconds=0.1, drain_seconds=0.1)

    assert cancelled.is_set()
    assert time.monotonic() - began < 1.5


async def drain_cut_short(scheduler: Scheduler, seconds: float, after: float = 0.08) -> None:
    """A drain that is itself cancelled while it waits."""
    draining = asyncio.create_task(scheduler.drain(seconds))
    await asyncio.sleep(after)
    draining.cancel()
    await asyncio.wait([draining])


async def test_a_second_drain_ends_what_a_cancelled_one_left() -> None:
    cancelled = asyncio.Event()

    async def play(probe: Probe) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            cancelled.set()

    slots = Slots()
    scheduler = Scheduler((probe(deadline=20),), gate=OpenGate(play), listener=slots, watch_seconds=0.05)
    scheduler.start()
    await asyncio.sleep(0.1)
    await drain_cut_short(scheduler, 10)
    before = cancelled.is_set()
    await scheduler.drain(0)
    await asyncio.sleep(0)

    assert not before
    assert cancelled.is_set()
    assert slots.states["shutdown"] >= 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not scheduler._waker.running


async def test_a_second_drain_waits_for_a_run_that_the_first_one_cancelled() -> None:
    cleaned_up = False

    async def play(probe: Probe) -> None:
        nonlocal cleaned_up
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.2)
            cleaned_up = True

    scheduler = Scheduler((probe(deadline=20),), gate=OpenGate(play), listener=Slots())
    scheduler.start()
    await asyncio.sleep(0.1)
    await drain_cut_short(scheduler, 0)
    await scheduler.drain(0)

    assert cleaned_up


async def test_a_drain_after_a_drain_accounts_for_nothing_twice() -> None:
    slots, scheduler = await schedule(quick)
    accounted = len(slots.ends)
    await asyncio.sleep(3 * EVERY)
    await scheduler.drain()

    assert len(slots.ends) == accounted


async def test_a_wake_up_that_got_lost_is_told_and_planned_anew() -> None:
    slots = Slots()
    scheduler = Scheduler(
        (probe(),), gate=OpenGate(quick), listener=slots, watch_seconds=0.02, overdue_after_seconds=0.1
    )
    scheduler.start()
    scheduler._waker.remove_all_jobs()
    await asyncio.sleep(0.5)
    await scheduler.drain()

    assert [fault.detail for fault in slots.faults] == ["1 wake-ups got lost; planned anew"]
    assert slots.states["run"] >= 3
    assert slots.states["missed"] >= 1


async def test_a_wake_up_that_comes_too_early_starts_nothing_and_is_planned_anew() -> None:
    slots = Slots()
    scheduler = Scheduler((in_the_future(least=4.0, most=6.0),), gate=OpenGate(quick), listener=slots)
    scheduler.start()
    (job,) = scheduler._waker.get_jobs()
    due = job.next_run_time
    job.modify(next_run_time=datetime.now(UTC))
    await asyncio.sleep(0.1)
    ends = list(slots.ends)
    (planned,) = scheduler._waker.get_jobs()
    await scheduler.drain()

    assert ends == []
    assert abs((planned.next_run_time - due).total_seconds()) < 0.5


async def test_a_wake_up_that_comes_more_than_a_second_late_is_accounted_for() -> None:
    slots = Slots()
    scheduler = Scheduler((in_the_future(least=0.03, most=0.08),), gate=OpenGate(quick), listener=slots)
    scheduler.start()
    await asyncio.sleep(0)
    time.sleep(1.2)  # noqa: ASYNC251 - the very fault
    await asyncio.sleep(0.1)
    await scheduler.drain()

    assert slots.ends == [("late", None)]
    assert slots.faults == []


async def test_a_scheduler_is_well_while_runs_end_and_unwell_once_none_does() -> None:
    release = asyncio.Event()

    async def play(probe: Probe) -> None:
        await release.wait()

    slots = Slots()
    scheduler = Scheduler((probe(deadline=0.1),), gate=OpenGate(play), listener=slots, watch_seconds=0.05)
    before = scheduler.problem()
    scheduler.start()
    at_start = scheduler.problem()
    await asyncio.sleep(0.4)
    stuck = scheduler.problem()
    release.set()
    await asyncio.sleep(0.1)
    well_again = scheduler.problem()
    await scheduler.drain()

    assert before == "not started"
    assert at_start is None
    assert stuck is not None
    assert "golden_path on sandbox ended no run" in stuck
    assert well_again is None


_JUMPING = """
import asyncio, os, sys, time
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from support.gates import OpenGate
from probes.listening import Listener
from probes.model import Probe
from probes.scheduler import Scheduler

class Faults(Listener):
    def monitor_fault(self, fault):
        print("fault", fault.kind, flush=True)
    def slot_finished(self, probe, state, reason, lateness):
        print("slot", reason or state, flush=True)

async def play(probe):
    runs.append(time.monotonic())

async def main():
    scheduler = Scheduler(
        [Probe(scenario="s", target="t", every_seconds=0.1, deadline_seconds=1)],
        gate=OpenGate(play), listener=Faults(), watch_seconds=0.1)
    scheduler.start()
    await asyncio.sleep(0.5)
    with open(os.environ["FAKETIME_TIMESTAMP_FILE"], "w") as clock:
        clock.write(sys.argv[2])
    await asyncio.sleep(1.0)
    await scheduler.drain()
    print("runs", len(runs), "gap", max(b - a for a, b in zip(runs, runs[1:])), flush=True)

runs = []
asyncio.run(main())
"""


@pytest.mark.parametrize("jump", ["-1h", "+1h", "-1d"])
def test_a_jump_of_the_wall_clock_neither_silences_nor_doubles_a_probe(jump: str, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    root = Path(__file__).parents[2]
    result = subprocess.run(  # noqa: S603
        ["faketime", "-f", "+0", "env", "-u", "FAKETIME", sys.executable, "-c", _JUMPING, str(root), jump],  # noqa: S607
        env={
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    last = result.stdout.splitlines()[-1].split()

    assert "fault clock" in result.stdout
    assert 12 <= int(last[1]) <= 17
    assert float(last[3]) < 0.5
    assert result.stdout.count("slot run") == int(last[1])
