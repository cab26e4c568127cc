from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.playing import play

from exporter.budget import budgets
from exporter.demo import SPICES, demo_sandbox, demo_settings, spice
from probes.sandbox.server import SandboxServer


async def test_each_fault_comes_after_a_calm_and_is_announced_and_goes_again() -> None:
    said: list[str] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 2 * len(SPICES):
            raise asyncio.CancelledError

    async with SandboxServer() as sandbox:
        with pytest.raises(asyncio.CancelledError):
            await spice(sandbox, said.append, sleep)

    assert 10 <= slept[0] < slept[2]
    assert slept[1::2] == [each.seconds for each in SPICES]
    assert [line.split(": ")[-2] for line in said[::2]] == [each.fault for each in SPICES]
    assert said[1::2] == [f"--- fault off: {each.fault}" for each in SPICES]


async def test_a_fault_is_on_while_it_is_announced_and_no_longer() -> None:
    armed: list[list[str]] = []

    class Watched(SandboxServer):
        def set_faults(self, faults: list[str]) -> None:  # type: ignore[override]
            armed.append(list(faults))
            super().set_faults(faults)

    async def sleep(seconds: float) -> None:
        if len(armed) == 2 * len(SPICES):
            raise asyncio.CancelledError

    async with Watched() as sandbox:
        with pytest.raises(asyncio.CancelledError):
            await spice(sandbox, str, sleep)

    assert armed == [faults for each in SPICES for faults in ([each.fault], [])]


async def test_the_demo_plays_all_shipped_scenarios_on_loopback_against_its_own_sandbox() -> None:
    async with SandboxServer() as sandbox:
        settings = demo_settings(sandbox, 9464, Path("brekwatch.db"))

    assert settings.service.listen_host == "127.0.0.1"
    assert {probe.scenario for probe in settings.probes} == set(settings.scenarios)
    assert {target.base_url for target in settings.targets.values()} == {sandbox.base_url}
    assert all(probe.deadline_seconds <= probe.every_seconds for probe in settings.probes)


async def test_a_calm_demo_plans_no_more_than_half_of_what_its_sandbox_allows_a_minute() -> None:
    async with demo_sandbox() as sandbox:
        settings = demo_settings(sandbox, 9464, Path("brekwatch.db"))
        (target,) = settings.targets.values()
        run = await play("quick_search", target)
    (budget,) = budgets(settings)
    answer = run.steps[0].exchanges[0].answer

    assert answer is not None
    assert answer.ratelimit_limit is not None
    assert budget.planned <= answer.ratelimit_limit * min(target.quota.share, 1 - target.quota.reserve) / 2
    assert budget.planned <= budget.allowed / 2
