"""What counts as a rejection of the key, and which probe tries it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from support.facts import SEARCH, a_failure, a_probe, a_run, a_start, a_target, an_answer, an_exchange

from probes import safety
from probes.credentials import KeyWatch
from probes.model import Exchange, Probe
from probes.redaction import Secret
from probes.scenario import ReadSession, Scenario, Step
from probes.scenario_files import shipped
from probes.settings import Service, Settings
from probes.words import AuthHeader, Environment, FailureKind, Leaves, Operation

ODD = Scenario(name="odd", title="Reads first", leaves=Leaves.NOTHING, steps=(Step(name="read", action=ReadSession()),))
SCENARIOS = {**shipped(), "odd": ODD}


def settings(*scenarios: str, **changes: Any) -> Settings:
    target = a_target(**changes)
    return Settings(
        service=Service(journal="sqlite:///:memory:"),
        targets={target.name: target},
        probes=tuple(a_probe(scenario=name) for name in scenarios),
        scenarios=SCENARIOS,
    )


def answered(status_code: int, **changes: Any) -> Exchange:
    facts = {"expected": False, **changes}
    return an_exchange(answer=an_answer(status_code), **facts)


def watch_of(found: Settings, tried: list[Probe] | None = None, seconds: float = 0.01) -> KeyWatch:
    return KeyWatch(
        found,
        play_extra=[].append if tried is None else tried.append,
        why_not=partial(safety.why_not, durable_ledger=False),
        try_every_seconds=seconds,
    )


def held(watch: KeyWatch, scenario: str = "quick_search", target: str = "acme") -> bool:
    return watch.held(a_probe(scenario=scenario, target=target))


@pytest.mark.parametrize("status_code", [401, 403])
async def test_a_refusal_of_the_configured_key_holds_it_until_any_other_answer(status_code: int) -> None:
    watch = watch_of(settings("quick_search"))
    watch.exchange_finished(a_start(), "search", answered(status_code))
    was_held = held(watch)
    watch.exchange_finished(a_start(), "search", answered(500))

    assert was_held
    assert not held(watch)


@pytest.mark.parametrize(
    "provoked", [{"expected": True}, {"own_key": False}, {"own_style": False}, {"own_key": False, "own_style": False}]
)
async def test_a_refusal_that_a_step_asked_for_holds_nothing(provoked: dict[str, bool]) -> None:
    watch = watch_of(settings("quick_search"))
    watch.exchange_finished(a_start(), "search", answered(403, **provoked))

    assert not held(watch)


@pytest.mark.parametrize(
    "other",
    [
        answered(200, own_key=False, operation=Operation.ATTACH_CARD),
        answered(200, own_style=False),
        answered(403, expected=True),
        an_exchange(failure=a_failure(FailureKind.TIMEOUT), expected=False),
    ],
    ids=["the portal", "another style", "a provoked refusal", "no answer"],
)
async def test_what_says_nothing_of_the_configured_key_does_not_let_it_go(other: Exchange) -> None:
    watch = watch_of(settings("quick_search"))
    watch.exchange_finished(a_start(), "search", answered(403))
    watch.exchange_finished(a_start(), "search", other)
    was_held = held(watch)
    watch.close()

    assert was_held


async def tried_by(found: Settings, rejected: str) -> str:
    """The scenario that tries the key again after a rejection in that one."""
    tried: list[Probe] = []
    watch = watch_of(found, tried)
    watch.exchange_finished(a_start(scenario=rejected), "search", answered(403))
    async with asyncio.timeout(2):
        while not tried:
            await asyncio.sleep(0.005)
    watch.close()
    return tried[0].scenario


async def test_the_probe_that_was_turned_away_tries_again_if_it_begins_with_a_session() -> None:
    assert await tried_by(settings("golden_path_to_payment", SEARCH.name), SEARCH.name) == SEARCH.name


async def test_a_probe_that_begins_with_a_session_tries_in_place_of_one_that_does_not() -> None:
    assert await tried_by(settings("odd", "quick_search"), "odd") == "quick_search"


async def test_a_probe_that_would_be_refused_anyway_never_tries_the_key() -> None:
    production = settings("golden_path", "odd", environment=Environment.PRODUCTION)

    assert await tried_by(production, "odd") == "odd"


async def test_a_probe_that_is_configured_no_more_does_not_try() -> None:
    tried: list[Probe] = []
    watch = watch_of(settings("quick_search", "golden_path_to_payment"), tried)
    watch.exchange_finished(a_start(scenario="quick_search"), "search", answered(403))
    watch.expect(settings("golden_path_to_payment"))
    await asyncio.sleep(0.05)
    watch.close()

    assert {probe.scenario for probe in tried} == {"golden_path_to_payment"}


async def test_a_reload_holds_a_key_that_stays_and_forgets_one_that_was_replaced() -> None:
    found, tried = settings("quick_search"), list[Probe]()
    watch = watch_of(found, tried, seconds=0.05)
    watch.exchange_finished(a_start(), "search", answered(403))
    watch.expect(settings("quick_search", partner="another"))
    kept = held(watch)
    watch.expect(settings("golden_path", "quick_search", api_key=Secret("another"), portal=None))
    at_once = list(tried)
    await asyncio.sleep(0.1)

    assert kept
    assert not held(watch)
    assert at_once == []
    assert [probe.scenario for probe in tried] == ["quick_search"]


async def test_the_probes_of_a_key_try_it_in_turn_and_those_that_begin_with_a_session_come_first() -> None:
    tried: list[Probe] = []
    found = settings("odd", "contract_files", "golden_path", "golden_path_to_payment", "quick_search")
    watch = watch_of(found, tried)
    watch.exchange_finished(a_start(scenario="odd"), "search", answered(403))
    async with asyncio.timeout(2):
        while len(tried) < 4:
            await asyncio.sleep(0.005)
    watch.close()
    round_trip = ["golden_path_to_payment", "quick_search", "odd"]

    assert [probe.scenario for probe in tried[:4]] == [*round_trip, round_trip[0]]


async def test_a_probe_that_sends_no_key_is_never_held() -> None:
    watch = watch_of(settings("quick_search", "contract_files"), seconds=60)
    watch.exchange_finished(a_start(), "search", answered(403))
    both = held(watch), held(watch, "contract_files")
    watch.close()

    assert both == (True, False)


async def test_a_key_is_held_in_the_header_in_which_it_was_turned_away() -> None:
    found = settings("quick_search")
    twin = replace(found.targets["acme"], name="twin", auth_header=AuthHeader.AUTHORIZATION)
    watch = watch_of(replace(found, targets={**found.targets, "twin": twin}), seconds=60)
    watch.exchange_finished(a_start(target="twin"), "search", answered(403))
    watch.exchange_finished(a_start(), "search", answered(200))
    both = held(watch), held(watch, target="twin")
    watch.close()

    assert both == (False, True)


async def test_a_run_that_began_with_the_key_before_says_nothing_of_the_new_one() -> None:
    before, after = settings("quick_search", api_key=Secret("old")), settings("quick_search", api_key=Secret("new"))
    old, new = a_start(run_id="old"), a_start(run_id="new")
    watch = watch_of(before, seconds=60)
    watch.begins(old, before.targets["acme"])
    watch.expect(after)
    watch.exchange_finished(old, "search", answered(403))
    held_by_the_old = held(watch)
    watch.begins(new, after.targets["acme"])
    watch.exchange_finished(new, "search", answered(403))
    watch.exchange_finished(old, "search", answered(200))
    held_by_the_new = held(watch)
    watch.run_finished(a_run(run_id="old"))
    watch.run_finished(a_run(run_id="new"))
    watch.close()

    assert not held_by_the_old
    assert held_by_the_new
    assert watch._under_way == {}
