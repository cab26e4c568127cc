from __future__ import annotations

from datetime import timedelta

from support.facts import NOON

from probes.journal.steadiness import Steadiness

DAY = 86_400.0


def test_a_clock_that_runs_along_is_believed() -> None:
    steadiness = Steadiness()

    assert all(steadiness.holds(NOON + timedelta(seconds=passed), 100.0 + passed) for passed in (0, 60, 90_000))


def test_a_clock_that_jumped_is_doubted_for_a_day_and_once_more_when_it_jumps_back() -> None:
    steadiness = Steadiness()
    steadiness.holds(NOON, 0.0)
    ahead = steadiness.holds(NOON + timedelta(days=400), 60.0)
    back = steadiness.holds(NOON + timedelta(seconds=120), 120.0)
    later = steadiness.holds(NOON + timedelta(seconds=DAY), DAY)
    at_last = steadiness.holds(NOON + timedelta(seconds=DAY + 120), DAY + 120.0)

    assert (ahead, back, later, at_last) == (False, False, False, True)
