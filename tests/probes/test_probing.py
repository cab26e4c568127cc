"""Minutes of probing against the sandbox: what a key's quota, its rejection and a failure make of the slots."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from support.hasty import HastyLoop, run_hastily
from support.playing import target_for
from support.probing import Minutes, probed, probing, settings_of
from support.sandbox import Partner, partner_of

from probes.model import Quota, Target
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.settings import Settings
from probes.words import Outcome, SkipReason

Scene = Callable[[HastyLoop], Coroutine[Any, Any, None]]
EAGER = ("golden_path", "golden_path_to_payment", "decline_payment", "quick_search")
NEIGHBOURS = ("golden_path_to_payment", "decline_payment")  # their phases are close: 11 requests within seconds


@pytest.fixture
def hastily(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        loop = HastyLoop()
        run_hastily(loop, scene(loop), monkeypatch)

    return run


async def use(partner: Partner, a_minute: int) -> Counter[int]:
    """A customer who sends so many requests a minute, until cancelled; the status codes that it got."""
    answered: Counter[int] = Counter()
    try:
        while True:
            answer = await partner.post("/sessions", {"actor": {"actorId": "customer"}})
            answered[answer.status_code] += 1
            await asyncio.sleep(60 / a_minute)
    except asyncio.CancelledError:
        return answered


def test_a_customer_who_uses_50_of_60_requests_a_minute_is_never_limited_because_of_us(
    hastily: Callable[[Scene], None],
) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with partner_of(minute_quota=60, now=loop.wall) as customer:
            using = asyncio.create_task(use(customer, 50))
            settings = settings_of(target_for(customer.sandbox), 15.0, *EAGER)
            heard = await probed(loop, settings, minutes=12)
            using.cancel()
            answered = await using

        assert set(answered) == {200}
        assert answered[200] > 550
        assert heard.most_in(600) <= 60
        assert heard.most_in(60) <= 10
        assert len(heard.sent_at) > 60
        assert set(heard.outcomes) <= {"passed", "quota"}
        assert heard.outcomes["passed"] >= 8
        assert heard.outcomes["quota"] >= 60

    hastily(scene)


@pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_bare"])
def test_an_api_that_always_limits_the_rate_is_asked_no_more_than_the_share_and_two_retries(
    fault: str, hastily: Callable[[Scene], None]
) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=[fault], now=loop.wall) as sandbox:
            heard = await probed(loop, settings_of(target_for(sandbox), 15.0, *EAGER), minutes=12)

        assert 10 <= heard.most_in(600) <= 62
        assert set(heard.outcomes) == {"rate_limited", "quota"}

    hastily(scene)


def together(target: Target, **every_seconds: float) -> Settings:
    """Shipped scenarios, each at its own interval."""
    each = [settings_of(target, seconds, name) for name, seconds in every_seconds.items()]
    return replace(each[0], probes=tuple(probe for settings in each for probe in settings.probes))


def test_a_plan_within_the_share_loses_no_slot(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall, minute_quota=60) as sandbox:
            target = target_for(sandbox, quota=Quota(limit=60))
            heard = await probed(loop, together(target, golden_path=300.0, quick_search=60.0), minutes=180)

        assert set(heard.outcomes) == {"passed"}
        assert len(heard.slots) >= 180 + 36 - 2
        assert {reason for _, reason, _ in heard.slots} == {None}

    hastily(scene)


def test_cheap_probes_that_fill_the_share_do_not_starve_a_costly_one(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall, minute_quota=60) as sandbox:
            heard = await probed(loop, together(target_for(sandbox), golden_path=600.0, quick_search=31.0), minutes=120)
        golden = Counter(run.outcome for run in heard.runs if run.scenario == "golden_path")

        assert golden[Outcome.PASSED] >= 10
        assert heard.most_in(600) <= 60

    hastily(scene)


def test_a_key_that_is_turned_away_is_tried_once_a_minute_and_no_more(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=["auth_rejected"], now=loop.wall) as sandbox:
            heard = await probed(loop, settings_of(target_for(sandbox), 15.0, *EAGER), minutes=12)
        reasons = Counter(reason for _, reason, _ in heard.slots)

        assert heard.most_in(600) == 10
        assert len(heard.sent_at) == 12
        assert heard.sent_at[1] - heard.sent_at[0] == pytest.approx(60, abs=3)
        assert [run.recheck for run in heard.runs] == [False] + [True] * 11
        assert set(heard.outcomes) == {"auth_rejected"}
        assert reasons == Counter({None: 1, SkipReason.CREDENTIALS: len(heard.slots) - 1})

    hastily(scene)


def test_a_key_that_is_accepted_again_lets_all_its_probes_go_on_where_their_phases_are(
    hastily: Callable[[Scene], None],
) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=["auth_rejected"], now=loop.wall) as sandbox:
            generous = target_for(sandbox, quota=Quota(share=1.0, reserve=0.0))
            heard = Minutes()
            async with probing(loop, settings_of(generous, 100.0, "golden_path", "quick_search"), heard):
                await asyncio.sleep(230)
                turned_away = len(heard.runs)
                sandbox.set_faults([])
                await asyncio.sleep(370)
        back = heard.runs[turned_away]
        later = heard.runs[turned_away + 1 :]

        assert {run.reason for run in heard.runs[:turned_away]} == {"auth_rejected"}
        assert (back.outcome, back.recheck) == (Outcome.PASSED, True)
        assert heard.ended_at[turned_away] - 230 <= 61
        assert {(run.outcome, run.recheck) for run in later} == {(Outcome.PASSED, False)}
        assert {run.scenario for run in later} == {"golden_path", "quick_search"}
        assert max(lateness for state, _, lateness in heard.slots if state != "skipped") <= 1.5

    hastily(scene)


def test_a_key_that_replaces_one_that_is_held_is_tried_at_once(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall) as sandbox:
            heard, good = Minutes(), target_for(sandbox)
            bad = replace(good, api_key=Secret("a-key-that-nobody-knows"))
            async with probing(loop, settings_of(bad, 3600.0, "quick_search"), heard) as played:
                while not heard.runs:
                    await asyncio.sleep(1)
                played.replan(settings_of(good, 3600.0, "quick_search"))
                await asyncio.sleep(5)

        assert [(run.outcome, run.recheck) for run in heard.runs] == [("failed", False), ("passed", True)]

    hastily(scene)


def test_another_key_is_not_held_for_one_that_is_turned_away(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with (
            SandboxServer(faults=["auth_rejected"], now=loop.wall) as refusing,
            SandboxServer(now=loop.wall) as sandbox,
        ):
            settings = settings_of(target_for(refusing, name="refusing"), 50.0, "quick_search")
            sound = settings_of(target_for(sandbox), 50.0, "quick_search")
            both = replace(
                settings, targets={**settings.targets, **sound.targets}, probes=(*settings.probes, *sound.probes)
            )
            heard = await probed(loop, both, minutes=5)
        played = Counter(run.target for run in heard.runs if not run.recheck)

        assert played["refusing"] == 1
        assert played["sandbox"] >= 5

    hastily(scene)


def test_a_failed_run_is_played_again_after_a_minute_and_twice_at_most(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=["server_error@create_session"], now=loop.wall) as sandbox:
            heard = await probed(loop, settings_of(target_for(sandbox), 600.0, "quick_search"), minutes=20)
        began = heard.ended_at

        assert [run.recheck for run in heard.runs[:6]] == [False, True, True] * 2
        assert len([slot for slot in heard.slots if slot[1] is None]) == 2
        assert 58 <= began[1] - began[0] <= 75
        assert 58 <= began[2] - began[1] <= 75

    hastily(scene)


def test_a_recheck_that_passes_ends_it(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=["server_error@create_session"], now=loop.wall) as sandbox:
            heard = Minutes()
            async with probing(loop, settings_of(target_for(sandbox), 600.0, "quick_search"), heard):
                while not heard.runs:
                    await asyncio.sleep(1)
                sandbox.set_faults([])
                await asyncio.sleep(500)

        assert [(run.outcome, run.recheck) for run in heard.runs] == [("failed", False), ("passed", True)]

    hastily(scene)


def test_a_probe_that_is_due_again_as_soon_needs_no_recheck(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(faults=["wrong_status@search"], now=loop.wall) as sandbox:
            heard = await probed(loop, settings_of(target_for(sandbox), 60.0, "quick_search"), minutes=5)

        assert len(heard.runs) >= 4
        assert {(run.outcome, run.recheck) for run in heard.runs} == {("failed", False)}

    hastily(scene)


def test_a_drain_leaves_a_planned_recheck_and_a_try_of_the_key_unplayed(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with (
            SandboxServer(faults=["wrong_status@search"], now=loop.wall) as wrong,
            SandboxServer(faults=["auth_rejected"], now=loop.wall) as refusing,
        ):
            for sandbox in (wrong, refusing):
                heard = Minutes()
                async with probing(loop, settings_of(target_for(sandbox), 600.0, "quick_search"), heard):
                    while not heard.runs:
                        await asyncio.sleep(1)
                await asyncio.sleep(200)

                assert len(heard.runs) == 1

    hastily(scene)


def test_a_run_that_would_come_too_thick_waits_for_its_turn_and_its_slot_is_not_late_for_that(
    hastily: Callable[[Scene], None],
) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall, minute_quota=60) as sandbox:
            heard = await probed(loop, settings_of(target_for(sandbox), 240.0, *NEIGHBOURS), minutes=9)
        apart = [later - earlier for earlier, later in pairwise(heard.ended_at)]

        assert set(heard.outcomes) == {"passed"}
        assert heard.most_in(60) <= 10
        assert max(lateness for _, _, lateness in heard.slots) <= 1.5
        assert min(apart) >= 30

    hastily(scene)


def test_what_is_refused_anyway_takes_no_turn(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall) as sandbox:
            settings = settings_of(target_for(sandbox, portal=None, quota=Quota(limit=60)), 240.0, *NEIGHBOURS)
            heard = await probed(loop, settings, minutes=9)

        assert set(heard.outcomes) == {"passed", SkipReason.PORTAL}
        assert max(lateness for _, _, lateness in heard.slots) <= 1.5

    hastily(scene)


def test_a_drain_skips_those_that_wait_for_their_turn_and_accounts_for_them(hastily: Callable[[Scene], None]) -> None:
    async def scene(loop: HastyLoop) -> None:
        async with SandboxServer(now=loop.wall, minute_quota=60) as sandbox:
            heard = Minutes()
            settings = settings_of(target_for(sandbox), 240.0, *NEIGHBOURS)
            async with probing(loop, settings, heard) as played:
                while not played.scheduler._waiting:
                    await asyncio.sleep(1)
                waiting = len(played.scheduler._waiting)
                before = len(heard.runs)

        assert len(heard.runs) == before
        assert [reason for _, reason, _ in heard.slots].count(SkipReason.SHUTDOWN) == waiting

    hastily(scene)
