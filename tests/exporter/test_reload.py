"""A running service takes another configuration whole or not at all, and tells which."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from support.logging_state import logging_restored
from support.prometheus import samples, value, values
from support.reloads import Running, Site, serving, until

from exporter.reload import reload_once, reloading
from probes.sandbox.server import SandboxServer
from probes.settings import Settings
from probes.words import FailureKind, FaultKind, Outcome

KEY_ON_ITS_WAY = "a-key-that-never-came-into-force"
OWN = """
name: own
title: A guest opens a session
leaves: session
actor: new
steps:
  - create_session:
"""


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with logging_restored():
        yield


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(minute_quota=100_000, slow_seconds=0.6) as sandbox:
        yield sandbox


@pytest.fixture
def site(tmp_path: Path, sandbox: SandboxServer) -> Site:
    return Site(tmp_path, sandbox)


async def test_a_sound_configuration_comes_into_force_whole(site: Site) -> None:
    async with serving(site) as running:
        await until(lambda: running.heard.runs)
        site.write("- {scenario: decline_payment, every: 1s, objective: {availability: 0.9}}")
        await running.reload()
        scenarios, rows = running.scenarios, running.recorder.board.rows()
        await until(lambda: running.heard.runs[-1].scenario == "decline_payment")
        objective = values(running.recorder, "brek_probe_objective_ratio")

    assert scenarios == {"decline_payment"}
    assert [row.scenario for row in rows] == ["decline_payment"]
    assert objective == {("decline_payment", "sandbox"): 0.9}
    assert running.success == 1
    assert running.heard.faults == []
    (event,) = running.events("config_reloaded")
    assert event["added"] == ["decline_payment on sandbox"]
    assert event["removed"] == ["quick_search on sandbox"]


def misspelled(site: Site) -> None:
    site.write("- {scenario: quick_search, evry: 1s}")


def no_yaml(site: Site) -> None:
    site.replace("probes: [")


def no_file(site: Site) -> None:
    site.file.unlink()


def no_key_file(site: Site) -> None:
    site.key_file.unlink()


def open_key_file(site: Site) -> None:
    site.key_file.chmod(0o644)


def no_such_scenario(site: Site) -> None:
    site.write("- {scenario: quick_serch, every: 1s}")


def broken_own_scenario(site: Site) -> None:
    (site.scenarios / "own.yaml").write_text(OWN.replace("create_session", "create_sesion"))


def no_probes(site: Site) -> None:
    site.write("[]")


def another_address(site: Site) -> None:
    site.write("- {scenario: quick_search, every: 1s}", service="location: eu-2")


def new_key_beside_a_mistake(site: Site) -> None:
    site.write(
        "- {scenario: quick_search, evry: 1s}",
        targets=f"other: {{base_url: 'http://127.0.0.1:1', api_key: {KEY_ON_ITS_WAY}}}",
    )


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (misspelled, "brekwatch.yaml:11:"),
        (no_yaml, "brekwatch.yaml:1:"),
        (no_file, "brekwatch.yaml"),
        (no_key_file, "key can't be read"),
        (open_key_file, "chmod 600"),
        (no_such_scenario, "quick_search"),
        (broken_own_scenario, "own.yaml:7:"),
        (no_probes, "there are no probes to play"),
        (another_address, "service.location can't change while the service runs"),
        (new_key_beside_a_mistake, "brekwatch.yaml:12:"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
async def test_a_wrong_configuration_leaves_the_one_before_in_force_and_says_why(
    site: Site, break_it: Callable[[Site], None], told: str
) -> None:
    async with serving(site) as running:
        break_it(site)
        before = running.service.settings
        await running.reload()
        refused = running.success
        in_force = running.service.settings
        runs = len(running.heard.runs)
        await until(lambda: len(running.heard.runs) > runs)
        site.mend()
        await running.reload()
        faults = value(running.recorder, "brek_monitor_faults_total", kind="config")

    assert in_force is before
    assert (refused, running.success, faults) == (0, 1, 1)
    (fault,) = running.heard.faults
    assert fault.kind is FaultKind.CONFIG
    assert fault.detail.startswith("the new configuration was refused, and the one before stays in force: ")
    assert told in fault.detail
    (event,) = running.events("monitor_fault")
    assert told in event["detail"]
    assert event["level"] == "error"
    assert KEY_ON_ITS_WAY not in running.stream.getvalue()


async def test_a_rotated_key_is_used_by_the_next_run_and_the_old_one_by_the_run_under_way(
    site: Site, sandbox: SandboxServer
) -> None:
    old, new = sandbox.api_key, sandbox.other_api_key or ""
    sandbox.set_faults(["slow@search"])
    async with serving(site) as running:
        await until(lambda: any(request.path.endswith("/events") for request in sandbox.requests))
        site.key_file.write_text(new)
        await running.reload()
        at_reload = len(sandbox.requests)
        sandbox.set_faults([])
        await until(lambda: len(running.heard.runs) > 1)
        running.log.info("told", old=old, new=new)
    keys = Counter(request.headers["x-partner-api-key"] for request in sandbox.requests[at_reload:])
    first, *later = running.heard.runs

    assert keys.keys() == {old, new}
    assert {run.outcome for run in (first, *later)} == {Outcome.PASSED}
    (event,) = running.events("told")
    assert (event["old"], event["new"]) == ("***", "***")
    (event,) = running.events("config_reloaded")
    assert event["changed_targets"] == ["sandbox"]
    assert running.scenarios == {"quick_search"}


def key_held(running: Running) -> bool:
    return any(running.service._probing._keys.held(probe) for probe in running.service.settings.probes)


async def test_a_key_that_is_turned_away_stays_held_through_a_reload_and_another_key_is_not(
    site: Site, sandbox: SandboxServer
) -> None:
    sandbox.set_faults(["auth_rejected"])
    async with serving(site) as running:
        await until(lambda: key_held(running))
        site.write("- {scenario: decline_payment, every: 1s}")
        await running.reload()
        held = key_held(running)
        sandbox.set_faults([])
        site.key_file.write_text(sandbox.other_api_key or "")
        await running.reload()
        await until(lambda: running.heard.runs[-1].outcome is Outcome.PASSED)

    assert held
    assert running.heard.runs[-1].scenario == "decline_payment"


async def test_a_key_is_not_held_for_what_the_key_before_it_was_told(tmp_path: Path, sandbox: SandboxServer) -> None:
    site = Site(tmp_path, sandbox, every_scale=1.0)
    sandbox.set_faults(["slow@search"])
    async with serving(site) as running:
        await until(lambda: any(request.path.endswith("/sessions") for request in sandbox.requests))
        await asyncio.sleep(0.1)
        sandbox.set_faults(["auth_rejected@get_session"])
        site.key_file.write_text(sandbox.other_api_key or "")
        await running.reload()
        await until(lambda: running.heard.runs)
        held = key_held(running)
    (run, *_) = running.heard.runs

    assert run.reason == FailureKind.AUTH_REJECTED
    assert not held


async def test_quota_references_and_rechecks_follow(site: Site) -> None:
    async with serving(site) as running:
        site.write(
            "- {scenario: quick_search, every: 1s}",
            service="reference: ['127.0.0.1:1']",
            targets="other: {base_url: 'http://127.0.0.1:2', api_key: abcdefgh, quota: {limit: 7}}",
        )
        await running.reload()
        probing = running.service._probing
        limits = {line.quota.quota.limit for line in probing.turns._lines.values()}
        rechecked = set(probing._rechecks._probes)

    assert limits == {None, 7}
    assert rechecked == {("sandbox", "quick_search"), ("other", "quick_search")}
    assert probing._connectivity.references == "127.0.0.1:1"


async def test_an_edited_scenario_and_announced_maintenance_are_picked_up(site: Site) -> None:
    own = site.scenarios / "own.yaml"
    own.write_text(OWN)
    site.write("- {scenario: own, every: 1s}")
    async with serving(site) as running:
        await until(lambda: running.heard.runs)
        own.write_text(OWN + "    name: open\n  - read_session:\n")
        site.write(
            "- {scenario: own, every: 1s}",
            more="maintenance:\n  - {from: 2020-01-01T00:00Z, to: 2200-01-01T00:00Z, reason: release}",
        )
        await running.reload()
        maintenance = value(running.recorder, "brek_probe_maintenance", target="sandbox")
        await until(lambda: len(running.heard.runs[-1].steps) == 2)
        steps = {labels[1] for labels in values(running.recorder, "brek_probe_step_duration_seconds_count")}

    assert [step.name for step in running.heard.runs[-1].steps] == ["open", "read_session"]
    assert steps == {"open", "read_session"}
    assert maintenance == 1


async def test_the_contracts_of_the_new_targets_are_watched_and_of_no_others(site: Site) -> None:
    async with serving(site) as running:
        watched = running.service._drift_watch._watched
        (_, before), *_ = watched.values()
        site.write(
            "- {scenario: quick_search, every: 1s}",
            targets="other: {base_url: 'http://127.0.0.1:1', api_key: abcdefgh}",
        )
        await running.reload()
        with_other = {name: task for name, (_, task) in watched.items()}
        site.mend()
        await running.reload()
        without = list(watched)

    assert with_other.keys() == {"sandbox", "other"}
    assert with_other["sandbox"] is before
    assert without == ["sandbox"]


async def test_slow_files_hold_up_neither_the_loop_nor_the_service(site: Site) -> None:
    async with serving(site) as running:

        def slow() -> Settings:
            time.sleep(0.5)
            return site.find()

        began = time.monotonic()
        reload = asyncio.create_task(reload_once(running.service, slow, running.log))
        await asyncio.sleep(0.05)
        woke = time.monotonic() - began
        await reload

    assert woke < 0.4
    assert running.success == 1


async def test_files_that_hang_are_told_and_hold_up_nothing(site: Site) -> None:
    async with serving(site) as running:

        def hung() -> Settings:
            time.sleep(0.4)
            return site.find()

        site.write("- {scenario: decline_payment, every: 1s}")
        await reload_once(running.service, hung, running.log, seconds=0.1)
        refused = running.success
        await asyncio.sleep(0.5)

    assert refused == 0
    assert "could not be read within 0.1 s" in running.heard.faults[0].detail
    assert running.scenarios == {"quick_search"}


async def test_a_bug_while_it_reloads_is_ours_and_ends_nothing(site: Site) -> None:
    async with serving(site) as running:

        def bug() -> Settings:
            raise ValueError(KEY_ON_ITS_WAY)

        await reload_once(running.service, bug, running.log)
        refused = running.success
        await running.reload()

    assert [fault.kind for fault in running.heard.faults] == [FaultKind.BUG]
    (event,) = running.events("monitor_fault")
    assert "ValueError" in event["detail"]
    assert "in bug" in str(event["traceback"])
    assert KEY_ON_ITS_WAY not in running.stream.getvalue()
    assert (refused, running.success) == (0, 1)


async def test_one_reload_comes_after_the_other_and_once_more_where_it_was_asked_meanwhile(site: Site) -> None:
    at_once = most = reads = 0

    def slow() -> Settings:
        nonlocal at_once, most, reads
        reads, at_once = reads + 1, at_once + 1
        most = max(most, at_once)
        time.sleep(0.1)
        at_once -= 1
        return site.find()

    asked = asyncio.Event()
    async with serving(site) as running, reloading(running.service, slow, asked, running.log):
        for _ in range(5):
            asked.set()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.4)

    assert (reads, most) == (2, 1)
    assert len(running.events("config_reloaded")) == 2


async def test_hundreds_of_reloads_lose_no_slot_and_leave_nothing_behind(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    chance = random.Random(11)  # noqa: S311 - the same configurations each time
    every = 0.05
    site = Site(tmp_path, sandbox, every_scale=every)
    others = ["decline_payment", "golden_path_to_payment", "golden_path"]
    stays = "- {scenario: quick_search, every: 1s}"
    async with serving(site) as running:
        site.write(stays, *(f"- {{scenario: {name}, every: 1s}}" for name in others))
        await running.reload()
        await until(lambda: running.heard.slots.keys() == {"quick_search", *others})
        site.write(stays)
        await running.reload()
        await until(lambda: not running.service._probing.scheduler._under_way)
        series, files = len(samples(running.recorder.render("")[0])), open_files()
        slots, began = running.heard.slots["quick_search"], time.monotonic()
        good = 0
        for _ in range(300):
            if chance.random() < 0.3:
                site.write(stays, "- {scenario: nonsense, every: 1s}")
            else:
                chosen = chance.sample(others, chance.randrange(len(others)))
                site.write(*(f"- {{scenario: {name}, every: {chance.choice((1, 2, 3))}s}}" for name in chosen), stays)
                good += 1
            await running.reload()
            await asyncio.sleep(0.005)
        site.write(stays)
        await running.reload()
        slots, seconds = running.heard.slots["quick_search"] - slots, time.monotonic() - began
        await asyncio.sleep(0.3)
        files_left, series_left = open_files() - files, len(samples(running.recorder.render("")[0])) - series

    assert len(running.events("config_reloaded")) == good + 3
    assert len(running.heard.faults) == 300 - good > 50
    assert abs(slots - seconds / every) <= 4  # at the edges; one lost with each reload would leave none
    assert slots > 30
    assert series_left == 0
    assert files_left <= 2
    started = value(running.recorder, "brek_probe_runs_started_total")
    assert started == value(running.recorder, "brek_probe_runs_total")
