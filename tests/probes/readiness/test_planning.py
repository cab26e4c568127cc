"""What `ready` will play: everything in a sandbox, nothing that may spend money in production, and why not the rest."""

from __future__ import annotations

from typing import Any

import pytest
from support.facts import NOON, a_target
from support.playing import scenario_of
from support.readying import planned

from probes.errors import UsageError
from probes.files.secret_reading import Secret
from probes.model import AllowBookings, Portal, Quota, Target
from probes.quota import requests_of
from probes.readiness.model import Plan
from probes.readiness.planning import Options, plan_of
from probes.safety import may_spend
from probes.scenario import CreateSession, Step
from probes.scenario_files import shipped
from probes.words import Environment, SkipReason

OTHER_KEY = Secret("another-tenants-key-0123456789")
PORTAL = Portal(attach_url="http://127.0.0.1:3000/portal")
WITH_CARD = {name for name, scenario in shipped().items() if scenario.attaches_card}


def sandbox(**changes: Any) -> Target:
    return a_target(**{"portal": PORTAL, **changes})


def production(**changes: Any) -> Target:
    return sandbox(environment=Environment.PRODUCTION, base_url="https://www.brek.ai", **changes)


def played(plan: Plan) -> set[str]:
    return {each.name for each in plan.scenarios}


def untold(plan: Plan) -> set[str]:
    return {each.name for each in plan.left_out if each.cannot_tell}


def test_a_sandbox_plays_every_scenario() -> None:
    plan = planned(sandbox())

    assert played(plan) == set(shipped())
    assert plan.left_out == ()


def test_a_sandbox_plays_the_users_own_scenarios_too() -> None:
    own = scenario_of(Step(name="create", action=CreateSession()))

    assert "own" in played(planned(sandbox(), {**shipped(), "own": own}))


def test_production_plays_what_does_no_harm() -> None:
    plan = planned(production())

    assert played(plan) == {"golden_path_to_payment", "quick_search"}
    assert untold(plan) == set()


def test_production_plays_wrong_keys_only_if_they_are_asked_for() -> None:
    unasked = {each.name: each.why for each in planned(production()).left_out}

    assert unasked["error_catalog"] == "production plays it only if it is asked for by name: --scenario error_catalog"
    assert played(planned(production(), scenarios=("error_catalog",))) == {"error_catalog"}


@pytest.mark.parametrize("name", sorted(name for name, each in shipped().items() if may_spend(each)))
def test_production_spends_no_money_even_if_it_is_asked_to_and_probes_may(name: str) -> None:
    allowed = AllowBookings(host="www.brek.ai", per_day=9, until=NOON.replace(year=2999))
    plan = planned(production(allow_bookings=allowed), scenarios=(name,))

    assert played(plan) == set()
    assert next(each.why for each in plan.left_out if each.name == name).endswith("played against a sandbox only")


def test_without_a_portal_nobody_can_tell_what_attaches_a_card() -> None:
    plan = planned(sandbox(portal=None))

    assert untold(plan) == WITH_CARD
    assert played(plan) == set(shipped()) - WITH_CARD
    assert all("BREK_PORTAL_ATTACH_URL" in each.why for each in plan.left_out)


def test_a_person_who_adds_cards_stands_in_for_a_portal() -> None:
    assert played(planned(sandbox(portal=None), by_hand=True)) == set(shipped())


def test_what_a_safeguard_stops_in_a_sandbox_can_not_be_told() -> None:
    plan = plan_of(
        sandbox(), shipped(), Options(), why_not=lambda *_: (SkipReason.SAFETY, "a booking nobody asked for")
    )

    assert untold(plan) == set(shipped())
    assert {each.why for each in plan.left_out} == {"a booking nobody asked for"}


def test_what_was_not_asked_for_is_left_out_and_keeps_nobody_from_a_verdict() -> None:
    plan = planned(sandbox(portal=None), scenarios=("quick_search",))

    assert played(plan) == {"quick_search"}
    assert {each.why for each in plan.left_out} == {"it was not asked for"}
    assert untold(plan) == set()


def test_an_unknown_scenario_is_told_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match='no scenario "golden_pth"; did you mean "golden_path"'):
        planned(sandbox(), scenarios=("golden_pth",))


def test_requests_are_reckoned_as_the_quota_reckons_them() -> None:
    plan = planned(sandbox(other_api_key=OTHER_KEY), repeat=3)

    assert plan.requests == 3 * sum(requests_of(scenario) for scenario in shipped().values())
    assert {each.times for each in plan.scenarios} == {3}


@pytest.mark.parametrize(
    ("other_api_key", "requests", "sends"),
    [
        (OTHER_KEY, 8, "2 sessions, 1 turn, 5 requests that must be refused, 1 snapshot"),
        (None, 6, "1 session, 1 turn, 3 requests that must be refused, 1 snapshot"),
    ],
    ids=["another tenant's key", "none"],
)
def test_what_needs_another_tenant_s_key_is_not_promised_without_it(
    other_api_key: Secret | None, requests: int, sends: str
) -> None:
    (isolation,) = planned(sandbox(other_api_key=other_api_key), scenarios=("session_isolation",)).scenarios

    assert (isolation.requests, isolation.sends) == (requests, sends)


@pytest.mark.parametrize(
    ("configured", "limit", "known"), [(600, 600, True), (None, 60, False)], ids=["told", "assumed"]
)
def test_the_limit_is_the_configured_one_or_assumed(configured: int | None, limit: int, known: bool) -> None:
    plan = planned(sandbox(quota=Quota(limit=configured)))

    assert (plan.limit, plan.limit_known) == (limit, known)


@pytest.mark.parametrize(
    ("name", "sends"),
    [
        ("quick_search", "1 session, 1 turn, 1 snapshot"),
        ("golden_path", "1 session, 5 turns, 1 test card; afterwards 1 turn"),
        ("error_catalog", "1 session, 11 requests that must be refused, 1 snapshot"),
        ("idempotent_replay", "1 session, 5 turns, 3 repeated turns, 1 test card; afterwards 1 turn"),
        ("contract_files", "2 published files"),
    ],
)
def test_what_will_be_sent_is_said_in_words(name: str, sends: str) -> None:
    assert {each.name: each.sends for each in planned(sandbox()).scenarios}[name] == sends
