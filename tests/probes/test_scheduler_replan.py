"""Other probes from one moment to the next: what stays keeps its slots, and no slot is lost or played twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from support.gates import OpenGate
from support.slots import EVERY, Slots, in_the_future, probe, quick

from probes.gate import Play
from probes.model import Probe
from probes.scheduler import Clock, Scheduler, phase_seconds


@asynccontextmanager
async def scheduling(
    probes: Iterable[Probe], *, play: Play = quick, clock: Clock | None = None, drain_seconds: float = 1.0
) -> AsyncIterator[tuple[Scheduler, Slots]]:
    slots = Slots()
    scheduler = Scheduler(probes, gate=OpenGate(play), listener=slots, clock=clock, watch_seconds=0.05)
    scheduler.start()
    try:
        yield scheduler, slots
    finally:
        await scheduler.drain(drain_seconds)


def replan(scheduler: Scheduler, *probes: Probe, play: Play = quick, most: int = 200) -> None:
    scheduler._gate = OpenGate(play)
    scheduler.replan(probes, max_concurrent_runs=most)


async def test_a_probe_that_stays_keeps_its_slots_through_a_storm_of_other_plans() -> None:
    starts: list[float] = []
    chance = random.Random(5)  # noqa: S311 - the same plans each time

    async def play(each: Probe) -> None:
        if each.scenario == "stays":
            starts.append(time.monotonic())

    async with scheduling([probe("stays")], play=play) as (scheduler, slots):
        began = time.monotonic()
        for number in range(300):
            others = [probe(f"s{n}", every=chance.uniform(0.1, 1.0)) for n in range(chance.randrange(4))]
            stays = probe("stays", deadline=1.0 + number % 3)
            replan(scheduler, *others, stays, play=play)
            await asyncio.sleep(0.003)
        seconds = time.monotonic() - began
    states = Counter(end for each, end in zip(slots.probes, slots.ends, strict=True) if each.scenario == "stays")

    assert abs(len(starts) - seconds / EVERY) <= 1.5
    assert abs((starts[-1] - starts[0]) - EVERY * (len(starts) - 1)) < EVERY
    assert states["run", None] == len(starts)


async def test_a_probe_that_stays_is_played_by_the_new_plan_and_its_run_under_way_by_the_old() -> None:
    played: list[tuple[str, Probe]] = []
    release = asyncio.Event()
    before = in_the_future(least=0.03, most=0.06, every=0.4)
    after = replace(before, deadline_seconds=9.0)

    async def old(each: Probe) -> None:
        await release.wait()
        played.append(("old", each))

    async def new(each: Probe) -> None:
        played.append(("new", each))

    async with scheduling([before], play=old) as (scheduler, slots):
        await asyncio.sleep(0.15)
        replan(scheduler, after, play=new)
        release.set()
        await asyncio.sleep(0.4)

    assert played == [("old", before), ("new", after)]
    assert slots.states["run"] == 2


async def test_a_probe_that_is_gone_gets_no_further_slot_and_its_run_ends_by_itself() -> None:
    ended: list[Probe] = []

    async def slow(each: Probe) -> None:
        await asyncio.sleep(0.3)
        ended.append(each)

    gone = probe("gone")
    async with scheduling([gone], play=slow) as (scheduler, slots):
        await asyncio.sleep(0.1)
        replan(scheduler)
        at_replan = len(slots.ends)
        await asyncio.sleep(0.4)
        jobs = scheduler._waker.get_jobs()
        told = len(slots.ends)

    assert ended == [gone]
    assert told == at_replan
    assert len(slots.ends) == told
    assert jobs == []


async def test_a_run_that_waits_for_its_turn_while_its_probe_goes_is_skipped_and_accounted_for() -> None:
    played: list[Probe] = []

    async def play(each: Probe) -> None:
        played.append(each)

    gone = in_the_future(least=4.0, most=6.0)
    ahead = 0.0
    clock = Clock(monotonic=lambda: time.monotonic() + ahead)
    async with scheduling([gone], play=play, clock=clock) as (scheduler, slots):
        (line,) = scheduler._lines
        ahead = line.at(0) - time.monotonic()
        await scheduler._fire(line, 0)
        replan(scheduler)
        await asyncio.sleep(0.01)
        told = list(slots.ends)

    assert told == [("skipped", "shutdown")]
    assert played == []


async def test_a_run_that_waits_for_its_turn_while_its_interval_changes_is_told_by_the_slot_it_came_of() -> None:
    lateness: list[float] = []
    before = in_the_future(least=4.0, most=6.0)
    ahead = 0.0
    clock = Clock(monotonic=lambda: time.monotonic() + ahead)
    async with scheduling([before], clock=clock) as (scheduler, slots):
        slots.slot_finished = lambda *told: lateness.append(told[-1])  # type: ignore[method-assign]
        (line,) = scheduler._lines
        ahead = line.at(0) + 0.5 - time.monotonic()
        await scheduler._fire(line, 0)
        replan(scheduler, replace(before, every_seconds=600.0))
        await asyncio.sleep(0.01)

    assert len(lateness) == 1
    assert 0.5 <= lateness[0] < 0.9


async def test_a_wake_up_of_a_probe_that_is_gone_starts_and_plans_nothing() -> None:
    gone = in_the_future(least=4.0, most=6.0)
    async with scheduling([gone]) as (scheduler, slots):
        (line,) = scheduler._lines
        replan(scheduler)
        await scheduler._fire(line, line.planned)
        jobs = scheduler._waker.get_jobs()

    assert jobs == []
    assert slots.ends == []


async def test_a_slot_that_was_due_and_not_woken_for_is_accounted_for_when_its_probe_goes_or_changes() -> None:
    goes, changes = in_the_future(least=4.0, most=5.0), in_the_future(least=5.0, most=6.0)
    ahead = 0.0
    clock = Clock(monotonic=lambda: time.monotonic() + ahead)
    async with scheduling([goes, changes], clock=clock) as (scheduler, slots):
        ahead = 8.0
        replan(scheduler, replace(changes, every_seconds=30.0))
        told = list(slots.ends)

    assert told == [("skipped", "missed"), ("skipped", "missed")]


async def test_a_new_probe_starts_at_its_phase() -> None:
    async with scheduling([]) as (scheduler, slots):
        new = in_the_future(least=0.1, most=0.2)
        wait = (phase_seconds(new) - time.time()) % new.every_seconds
        replan(scheduler, new)
        (job,) = scheduler._waker.get_jobs()
        due_in = job.next_run_time.timestamp() - time.time()
        await asyncio.sleep(0.3)

    assert abs(due_in - wait) < 0.05
    assert slots.ends == [("run", None)]


async def test_a_changed_interval_is_kept_from_its_new_phase_and_the_old_one_no_more() -> None:
    before = in_the_future(least=0.03, most=0.08, every=0.5)
    after = replace(before, every_seconds=0.06)
    starts: list[float] = []

    async def play(each: Probe) -> None:
        starts.append(time.time() - phase_seconds(after))

    async with scheduling([before]) as (scheduler, slots):
        replan(scheduler, after, play=play)
        await asyncio.sleep(0.62)
    beside = [min(start % 0.06, 0.06 - start % 0.06) for start in starts]

    assert 9 <= len(starts) <= 11
    assert slots.states["run"] == len(starts)
    assert sorted(beside)[len(beside) // 2] < 0.02


async def test_a_changed_interval_starts_nothing_right_after_the_last_slot() -> None:
    before = in_the_future(least=4.0, most=6.0)
    ahead = 0.0
    clock = Clock(wall=lambda: time.time() + ahead, monotonic=lambda: time.monotonic() + ahead)
    async with scheduling([before], clock=clock) as (scheduler, slots):
        (line,) = scheduler._lines
        ahead = line.at(0) - time.monotonic()
        await scheduler._fire(line, 0)
        await asyncio.sleep(0.01)
        after = next(
            changed
            for changed in (replace(before, every_seconds=8.0 + n / 1_000) for n in range(4_000))
            if 0.4 < (phase_seconds(changed) - clock.wall()) % changed.every_seconds < 0.6
        )
        replan(scheduler, after)
        due_in = line.at(line.planned) - clock.monotonic()
        told = list(slots.ends)

    assert told == [("run", None)]
    assert 0.3 < due_in - after.every_seconds < 0.6


async def test_a_probe_that_comes_back_does_not_overlap_its_own_run_from_before() -> None:
    under_way = most = 0

    async def slow(each: Probe) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.3)
        under_way -= 1

    async with scheduling([probe()], play=slow) as (scheduler, slots):
        await asyncio.sleep(0.1)
        replan(scheduler, play=slow)
        replan(scheduler, play=slow)
        replan(scheduler, probe(), play=slow)
        await asyncio.sleep(0.15)

    assert most == 1
    assert slots.states["overlap"] >= 1


async def test_the_bound_of_runs_under_way_follows_the_plan() -> None:
    async def endless(each: Probe) -> None:
        await asyncio.sleep(5)

    probes = [probe(f"s{n}", every=0.1, deadline=10) for n in range(4)]
    async with scheduling(probes, play=endless, drain_seconds=0.0) as (scheduler, slots):
        replan(scheduler, *probes, play=endless, most=1)
        await asyncio.sleep(0.25)
        bounded = slots.states["run"]
        replan(scheduler, *probes, play=endless, most=3)
        await asyncio.sleep(0.25)

    assert bounded == 1
    assert slots.states["run"] == 3


async def test_a_plan_that_comes_after_a_drain_began_is_ignored() -> None:
    async def slow(each: Probe) -> None:
        await asyncio.sleep(0.3)

    async with scheduling([probe()], play=slow) as (scheduler, slots):
        await asyncio.sleep(0.1)
        draining = asyncio.create_task(scheduler.drain(1.0))
        await asyncio.sleep(0.01)
        replan(scheduler, probe("new"))
        await draining

    assert {each.scenario for each in slots.probes} == {"golden_path"}
    assert slots.states["run"] == 1


async def test_a_shorter_interval_does_not_make_a_quiet_probe_sick_at_once() -> None:
    hourly = in_the_future(least=1_000.0, most=2_000.0, every=3_600.0)
    ahead = 0.0
    clock = Clock(monotonic=lambda: time.monotonic() + ahead)
    async with scheduling([hourly], clock=clock) as (scheduler, _):
        ahead = 900.0
        replan(scheduler, replace(hourly, every_seconds=10.0))
        at_once = scheduler.problem()
        ahead += 3 * 10.0 + hourly.deadline_seconds + 5.0
        later = scheduler.problem()

    assert at_once is None
    assert later is not None
