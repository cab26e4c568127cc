"""Seeded simulations of months of runs: how often somebody is woken for nothing, and whether an outage is missed.

The model of a golden path: seven requests, each answered 5xx independently of all others. What is safe to send again is
sent up to three times; what confirms is not, and neither is a card that is attached at a portal.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from support.verdicts import NOON, PLACES, a_verdict, verdicts

from alerts.incidents import Watch, incidents
from alerts.thresholds import Thresholds
from probes.incident import Incident, Verdict
from probes.settings import IncidentPolicy
from probes.words import Ended

RUNS = 20_000
SEEDS = [1, 2, 3]
POLICY = IncidentPolicy()
MINUTE = timedelta(minutes=1)


def a_golden_path_fails(chance: Random, share: float, unrepeated: int) -> bool:
    once = any(chance.random() < share for _ in range(unrepeated))
    return once or any(all(chance.random() < share for _ in range(3)) for _ in range(7 - unrepeated))


def noise(chance: Random, share: float, *, unrepeated: int = 2, every: timedelta = MINUTE) -> list[Verdict]:
    letters = ("S" if a_golden_path_fails(chance, share, unrepeated) else "G" for _ in range(RUNS))
    return [a_verdict(letter, number, at=NOON + number * every) for number, letter in enumerate(letters)]


def fast_path_alerts(runs: list[Verdict]) -> int:
    """How often the rule for frequent probes would begin to fire."""
    figures = Thresholds()
    recent: deque[Verdict] = deque()
    alerts, firing, failures = 0, False, 0
    for run in runs:
        recent.append(run)
        failures += run.cause is not None
        while (run.ended_at - recent[0].ended_at).total_seconds() >= figures.fast_window_seconds:
            failures -= recent.popleft().cause is not None
        enough = failures > figures.fast_failures and failures > figures.fast_share * len(recent)
        alerts += enough and not firing
        firing = enough
    return alerts


@pytest.mark.parametrize("seed", SEEDS)
def test_one_percent_of_errors_in_twenty_thousand_runs_make_no_more_than_one_incident(seed: int) -> None:
    runs = noise(Random(seed), 0.01, unrepeated=1)  # noqa: S311 - seeded on purpose

    assert sum(run.cause is not None for run in runs) > 150
    assert len(incidents(runs, POLICY, PLACES)) <= 1


def test_where_the_portal_errs_too_it_is_no_more_than_one_on_average() -> None:
    runs = [noise(Random(seed), 0.01) for seed in range(1, 9)]  # noqa: S311 - seeded on purpose
    found = [len(incidents(each, POLICY, PLACES)) for each in runs]

    assert sum(found) <= len(found)


@pytest.mark.parametrize("every", [10, 60], ids=["every ten seconds", "every minute"])
def test_one_percent_of_errors_does_not_fire_the_rule_for_frequent_probes(every: float) -> None:
    runs = [noise(Random(seed), 0.01, every=timedelta(seconds=every)) for seed in SEEDS]  # noqa: S311 - seeded

    assert sum(map(fast_path_alerts, runs)) <= 1


def test_an_outage_fires_the_rule_for_frequent_probes() -> None:
    assert fast_path_alerts(verdicts("GGGGGSSSSSSSSGGGGGGGGGG")) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_few_errors_in_a_thousand_make_none(seed: int) -> None:
    runs = noise(Random(seed), 0.002)  # noqa: S311 - seeded on purpose

    assert sum(run.cause is not None for run in runs) > 50
    assert incidents(runs, POLICY, PLACES) == ()
    assert fast_path_alerts(runs) == 0


def outages(chance: Random, runs: int, count: int) -> Iterator[range]:
    """Stretches of at least `open_after` runs, with room between them to recover and to forget."""
    each = runs // count
    for number in range(count):
        length = chance.randint(POLICY.open_after, 15)
        first = number * each + chance.randint(12, each - length - 12)
        yield range(first, first + length)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_of_two_hundred_outages_among_noise_is_exactly_one_incident(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - seeded on purpose
    planned = list(outages(chance, RUNS, 200))
    down = {number for outage in planned for number in outage}
    runs = [
        a_verdict("T", number, at=run.started_at) if number in down else run
        for number, run in enumerate(noise(chance, 0.002))
    ]
    found = incidents(runs, POLICY, PLACES)

    assert [complaint for outage in planned if (complaint := _complaint(outage, found))] == []
    assert len(found) == len(planned)
    assert all(incident.ended is Ended.RECOVERED for incident in found)


def _complaint(outage: range, found: tuple[Incident, ...]) -> str | None:
    first, last = (NOON + outage[0] * MINUTE, NOON + outage[-1] * MINUTE + MINUTE)
    within = [each for each in found if first <= each.detected_at <= last]
    if len(within) != 1:
        return f"{len(within)} incidents for runs {outage}"
    late = (within[0].detected_at - first) / MINUTE
    return f"runs {outage} were noticed after {late:.0f} minutes" if late > POLICY.open_after else None


def test_five_hundred_targets_that_fail_at_once_are_an_incident_each() -> None:
    watch, opened = Watch(POLICY, PLACES), 0
    for minute in range(5):
        for number in range(500):
            at = NOON + minute * MINUTE + timedelta(milliseconds=number)
            verdict = a_verdict("S", minute, target=f"target_{number}", at=at)
            opened += len([each for each in watch.see(verdict) if each.detected_run_id == verdict.run_id])

    assert opened == 500
    assert len({incident.incident_id for incident in watch.open}) == 500


def test_two_hundred_times_good_and_bad_by_turns_are_one_incident_that_stays_open() -> None:
    (incident,) = incidents(verdicts("SG" * 200), POLICY, PLACES)

    assert incident.is_open
    assert incident.failed_runs == 200


def test_two_hundred_short_outages_are_two_hundred_incidents_that_share_no_run() -> None:
    found = incidents(verdicts("SSSGG" * 200), POLICY, PLACES)

    assert len({incident.incident_id for incident in found}) == 200
    assert [incident.failed_runs for incident in found] == [3] * 200
    assert all(before.closed_at < after.first_failed_at for before, after in pairwise(found))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_process_that_is_killed_again_and_again_tells_of_the_same_incidents(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - seeded on purpose
    runs = [
        replace(run, run_id=f"{run.run_id}.{seed}") for run in verdicts("".join(chance.choices("GGGGGSSTK", k=2_000)))
    ]
    kept: dict[str, object] = {}
    told: dict[str, Incident] = {}
    watch, committed = Watch(POLICY, PLACES), 0
    for index, run in enumerate(runs):
        told |= {each.incident_id: each for each in watch.see(run)}
        if chance.random() < 0.9:
            kept, committed = json.loads(json.dumps(watch.state())), index + 1
        if chance.random() < 0.1:
            watch = Watch.of(kept, POLICY, PLACES)
            for again in runs[max(0, committed - chance.randint(0, 50)) : index + 1]:
                told |= {each.incident_id: each for each in watch.see(again)}

    assert tuple(told.values()) == incidents(runs, POLICY, PLACES)
