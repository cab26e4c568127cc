"""A secret's file that changes is noticed once, when it has settled; links are followed, and gaps are no storm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.logging_state import logging_restored
from support.reloads import Site, serving, until

from exporter.reload import reloading
from exporter.secret_watch import SecretChanges, watching
from probes.files.secret_values import Stamp, stamp
from probes.sandbox.server import SandboxServer

KEY = Path("key")
TICK = 0.02


def seen(number: int) -> Stamp:
    return (1, number, 28, number, number)


def told(*looks: Stamp | None, in_force: Stamp | None = None) -> list[bool]:
    """What each look at one file tells, where nothing that is told comes into force."""
    changes = SecretChanges()
    return [changes.are_new({KEY: in_force or seen(1)}, {KEY: look}) for look in looks]


def test_a_file_that_stays_as_it_was_read_tells_nothing() -> None:
    assert told(seen(1), seen(1), seen(1)) == [False, False, False]


def test_a_change_is_told_once_when_it_has_settled() -> None:
    assert told(seen(1), seen(2), seen(3), seen(3), seen(3)) == [False, False, False, True, False]


def test_a_file_that_is_gone_is_told_once_and_one_that_is_back_again() -> None:
    assert told(seen(1), None, None, None, seen(2), seen(2), seen(2)) == [False, False, True, False, False, True, False]


def test_a_file_that_is_gone_for_one_look_is_not_told() -> None:
    assert told(seen(1), None, seen(1), seen(1)) == [False, False, False, False]


def test_a_change_between_the_reading_and_the_first_look_is_noticed() -> None:
    assert told(seen(2), seen(2), in_force=seen(1)) == [False, True]


def test_a_file_that_keeps_changing_does_not_hide_another_that_has_settled() -> None:
    changes = SecretChanges()
    in_force = {KEY: seen(1), Path("other"): seen(1)}

    answers = [changes.are_new(in_force, {KEY: seen(2), Path("other"): seen(look)}) for look in (1, 2, 3)]

    assert answers == [False, True, False]


def test_a_change_of_content_mode_or_target_is_another_stamp(tmp_path: Path) -> None:
    link, first, second = tmp_path / "link", tmp_path / "first", tmp_path / "second"
    first.write_text("same-length-1")
    second.write_text("same-length-2")
    link.symlink_to(first)
    stamps = [stamp(link)]
    first.chmod(0o600)
    stamps.append(stamp(link))
    (tmp_path / "new").symlink_to(second)
    (tmp_path / "new").replace(link)
    stamps.append(stamp(link))
    second.unlink()
    stamps.append(stamp(link))

    assert len(set(stamps)) == 4
    assert stamps[-1] is None


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with logging_restored():
        yield


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(minute_quota=100_000) as sandbox:
        yield sandbox


@pytest.fixture
def site(tmp_path: Path, sandbox: SandboxServer) -> Site:
    return Site(tmp_path, sandbox)


async def test_a_new_key_comes_into_force_and_a_wrong_one_is_told_once(site: Site, sandbox: SandboxServer) -> None:
    new = sandbox.other_api_key or ""
    asked = asyncio.Event()
    async with (
        serving(site) as running,
        reloading(running.service, site.find, asked, running.log),
        watching(running.service, asked, every_seconds=TICK),
    ):
        await asyncio.sleep(3 * TICK)
        before = len(running.events("config_reloaded"))
        site.key_file.unlink()
        await until(lambda: running.heard.faults)
        await asyncio.sleep(10 * TICK)
        faults = list(running.heard.faults)
        site.key_file.touch(0o600)
        site.key_file.write_text(new)
        await until(lambda: running.events("config_reloaded"))
        await asyncio.sleep(10 * TICK)
        key = running.service.settings.targets["sandbox"].api_key.reveal()

    assert before == 0
    assert [fault.kind for fault in faults] == ["config"]
    assert "can't be read: No such file or directory" in faults[0].detail
    assert key == new
    assert len(running.events("config_reloaded")) == 1
    assert len(running.heard.faults) == 1
