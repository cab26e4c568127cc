"""What a gate says becomes of the slots: held, made to wait, or played beside them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace

from support.gates import OpenGate

from probes.gate import Cue, Gate, Play
from probes.listening import Listener
from probes.model import MonitorFault, Probe
from probes.scheduler import Scheduler
from probes.words import FaultKind, SkipReason

EVERY = 0.05
PROBE = Probe(scenario="golden_path", target="sandbox", every_seconds=EVERY, deadline_seconds=0.1)
HOURLY = Probe(scenario="golden_path", target="sandbox", every_seconds=3600.0)


class Slots(Listener):
    def __init__(self) -> None:
        self.ends: list[tuple[str, float]] = []
        self.faults: list[MonitorFault] = []

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        self.ends.append((reason or state, lateness_seconds))

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)

    @property
    def states(self) -> Counter[str]:
        return Counter(state for state, _ in self.ends)


class Plays:
    """Counts runs; each takes a while."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.began: list[float] = []
        self._seconds = seconds

    async def __call__(self, probe: Probe) -> None:
        self.began.append(time.monotonic())
        await asyncio.sleep(self._seconds)


class ClosedGate(OpenGate):
    def closed(self, probe: Probe) -> SkipReason | None:
        return SkipReason.CREDENTIALS


class SlowGate(OpenGate):
    """A turn comes after so many seconds."""

    def __init__(self, play: Play, seconds: float) -> None:
        super().__init__(play)
        self.seconds = seconds
        self.asked: list[bool] = []

    async def turn(self, probe: Probe, *, recheck: bool) -> Cue:
        self.asked.append(recheck)
        await asyncio.sleep(self.seconds)
        return Cue(self.play, self.forgo)


class BrokenGate(OpenGate):
    async def turn(self, probe: Probe, *, recheck: bool) -> Cue:
        raise RuntimeError("a bug of ours")


def scheduled(gate: Gate, probe: Probe = PROBE) -> tuple[Slots, Scheduler]:
    slots = Slots()
    scheduler = Scheduler((probe,), gate=gate, listener=slots)
    scheduler.start()
    return slots, scheduler


async def test_slots_that_are_held_are_skipped_with_the_reason_and_are_no_sign_of_illness() -> None:
    plays = Plays()
    slots, scheduler = scheduled(ClosedGate(plays))
    await asyncio.sleep(0.6)
    problem = scheduler.problem()
    await scheduler.drain()

    assert slots.states[SkipReason.CREDENTIALS] >= 8
    assert set(slots.states) <= {SkipReason.CREDENTIALS, SkipReason.SHUTDOWN, SkipReason.MISSED}
    assert plays.began == []
    assert problem is None


async def test_a_wait_for_a_turn_is_no_part_of_a_slot_s_lateness() -> None:
    slots, scheduler = scheduled(SlowGate(Plays(), 0.12))
    await asyncio.sleep(0.5)
    await scheduler.drain()
    played = [lateness for state, lateness in slots.ends if state == "run"]

    assert played
    assert min(played) < 0.1
    assert slots.states[SkipReason.OVERLAP] >= 2


async def test_a_wait_is_no_part_of_the_run_s_deadline() -> None:
    plays = Plays()
    slots = Slots()
    scheduler = Scheduler((PROBE,), gate=SlowGate(plays, 0.4), listener=slots, stuck_after_seconds=0.05)
    scheduler.start()
    await asyncio.sleep(0.7)
    await scheduler.drain()

    assert plays.began
    assert slots.faults == []


async def test_those_that_wait_for_their_turn_leave_the_places_to_runs_under_way() -> None:
    plays, slots = Plays(seconds=30.0), Slots()
    gate = SlowGate(plays, 0.3)
    others = [replace(HOURLY, scenario=name) for name in ("one", "two", "three")]
    scheduler = Scheduler(others, gate=gate, listener=slots, max_concurrent_runs=2)
    scheduler.start()
    let_wait = [scheduler.play_extra(each) for each in others]
    await asyncio.sleep(0.6)
    full = scheduler.play_extra(HOURLY)
    began = len(plays.began)
    await scheduler.drain(0.0)

    assert let_wait == [True, True, True]
    assert (began, gate.forgone, full) == (2, 1, False)


async def test_a_drain_ends_a_wait_at_once_and_the_slot_is_skipped_for_the_shutdown() -> None:
    plays = Plays()
    slots, scheduler = scheduled(SlowGate(plays, 30.0))
    await asyncio.sleep(0.12)
    began = time.monotonic()
    await scheduler.drain(10.0)

    assert time.monotonic() - began < 1.0
    assert plays.began == []
    assert slots.states[SkipReason.SHUTDOWN] >= 1
    assert "run" not in slots.states


async def test_a_gate_that_fails_is_our_fault_and_its_slots_are_accounted_for() -> None:
    slots, scheduler = scheduled(BrokenGate(Plays()))
    await asyncio.sleep(0.3)
    await scheduler.drain()

    assert slots.states[SkipReason.MISSED] >= 3
    assert {fault.kind for fault in slots.faults} == {FaultKind.BUG}


async def test_an_extra_run_is_no_slot_and_is_told_to_the_gate_as_a_recheck() -> None:
    plays = Plays()
    gate = SlowGate(plays, 0.0)
    slots, scheduler = scheduled(gate, HOURLY)
    began = scheduler.play_extra(HOURLY)
    await asyncio.sleep(0.05)
    ends = list(slots.ends)
    await scheduler.drain()

    assert began
    assert len(plays.began) == 1
    assert gate.asked == [True]
    assert ends == []


async def test_an_extra_run_does_not_overlap_another_and_none_begins_in_a_drain() -> None:
    plays = Plays(seconds=0.1)
    _, scheduler = scheduled(OpenGate(plays), HOURLY)
    began = [scheduler.play_extra(HOURLY), scheduler.play_extra(HOURLY)]
    await asyncio.sleep(0.02)
    await scheduler.drain()
    began.append(scheduler.play_extra(HOURLY))

    assert began == [True, False, False]
    assert len(plays.began) == 1


async def test_a_slot_that_comes_due_in_an_extra_run_is_skipped_as_an_overlap() -> None:
    plays = Plays(seconds=0.3)
    slots, scheduler = scheduled(OpenGate(plays))
    scheduler.play_extra(PROBE)
    await asyncio.sleep(0.2)
    ends = slots.states
    await scheduler.drain()

    assert ends[SkipReason.OVERLAP] >= 2
    assert "run" not in ends


async def test_the_time_to_a_slot_is_known_of_scheduled_probes_alone() -> None:
    _, scheduler = scheduled(OpenGate(Plays()), HOURLY)
    seconds = scheduler.seconds_to_slot(HOURLY)
    unknown = scheduler.seconds_to_slot(Probe(scenario="other", target="sandbox", every_seconds=1.0))
    extra = scheduler.play_extra(Probe(scenario="other", target="sandbox", every_seconds=1.0))
    await scheduler.drain()

    assert seconds is not None
    assert 0 <= seconds <= 3600
    assert (unknown, extra) == (None, False)
