"""Which ends of a run are played again, and what ends that."""

from __future__ import annotations

import asyncio

import pytest
from support.facts import a_probe, a_run

from probes.model import Probe
from probes.rechecks import Rechecks
from probes.words import Outcome

AFTER = 0.01


class FakeSlots:
    """A probe's next slot is so many seconds away."""

    def __init__(self, to_slot: float = 3600.0) -> None:
        self.played = 0
        self._to_slot = to_slot

    def seconds_to_slot(self, probe: Probe) -> float | None:
        return self._to_slot

    def play_extra(self, probe: Probe) -> bool:
        self.played += 1
        return True


async def played_after(rechecks: Rechecks, slots: FakeSlots, outcome: Outcome, *, recheck: bool = False) -> int:
    """How often this end of a run is played again."""
    before = slots.played
    rechecks.run_finished(a_run(outcome, recheck=recheck))
    await asyncio.sleep(5 * AFTER)
    return slots.played - before


def rechecks_of(slots: FakeSlots, *, held: bool = False) -> Rechecks:
    return Rechecks([a_probe()], slots=slots, held=lambda _probe: held, after_seconds=AFTER)


@pytest.mark.parametrize(("outcome", "plays"), [(each, int(each is Outcome.FAILED)) for each in Outcome])
async def test_only_a_failed_run_is_played_again(outcome: Outcome, plays: int) -> None:
    slots = FakeSlots()

    assert await played_after(rechecks_of(slots), slots, outcome) == plays


async def test_each_slot_that_fails_has_two_rechecks_of_its_own() -> None:
    slots = FakeSlots()
    rechecks = rechecks_of(slots)
    rows = [
        [await played_after(rechecks, slots, Outcome.FAILED, recheck=recheck) for recheck in (False, True, True)]
        for _ in range(2)
    ]
    cut_short = [await played_after(rechecks, slots, Outcome.FAILED, recheck=each) for each in (False, True, False)]

    assert rows == [[1, 1, 0], [1, 1, 0]]
    assert cut_short == [1, 1, 1]
    assert await played_after(rechecks, slots, Outcome.FAILED, recheck=True) == 1


@pytest.mark.parametrize(("to_slot", "plays"), [(120.0, 0), (121.0, 1)])
async def test_a_recheck_that_might_run_into_the_next_slot_is_left_out(to_slot: float, plays: int) -> None:
    slots = FakeSlots(to_slot)

    assert await played_after(rechecks_of(slots), slots, Outcome.FAILED) == plays


async def test_a_run_that_ends_meanwhile_takes_the_place_of_a_planned_recheck() -> None:
    slots = FakeSlots()
    rechecks = rechecks_of(slots)
    trouble: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: trouble.append(context))
    rechecks.run_finished(a_run(Outcome.FAILED))

    assert await played_after(rechecks, slots, Outcome.PASSED) == 0
    assert trouble == []


async def test_what_is_held_by_then_has_no_recheck() -> None:
    slots = FakeSlots()

    assert await played_after(rechecks_of(slots, held=True), slots, Outcome.FAILED) == 0


async def test_a_probe_that_is_configured_no_more_has_no_recheck() -> None:
    slots = FakeSlots()
    rechecks = rechecks_of(slots)
    rechecks.run_finished(a_run(Outcome.FAILED))
    rechecks.expect([])

    assert await played_after(rechecks, slots, Outcome.FAILED) == 0


async def test_a_closed_one_plays_nothing_again() -> None:
    slots = FakeSlots()
    rechecks = rechecks_of(slots)
    rechecks.run_finished(a_run(Outcome.FAILED))
    rechecks.close()

    assert await played_after(rechecks, slots, Outcome.FAILED) == 0
