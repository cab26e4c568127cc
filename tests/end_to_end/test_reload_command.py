"""SIGHUP to a real `brekwatch serve`, as systemd sends it, and what a real Prometheus sees of it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.prometheus_server import prometheus
from support.reloads import Site
from support.serving import served

from probes.sandbox.server import SandboxServer

TWO = ("- {scenario: quick_search, every: 1s}", "- {scenario: decline_payment, every: 1s}")


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(slow_seconds=0.4) as sandbox:
        yield sandbox


@pytest.fixture
def site(tmp_path: Path, sandbox: SandboxServer) -> Site:
    return Site(tmp_path, sandbox)


async def scrape(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"{url}/metrics")).text


async def test_a_rotated_key_is_picked_up_and_shown_nowhere(site: Site, sandbox: SandboxServer) -> None:
    new = sandbox.other_api_key or ""
    async with served(site) as service:
        await service.until("run_finished")
        site.key_file.write_text(new)
        event = await service.reload()
        for _ in range(2):  # the first may have begun with the old key
            await service.until("run_finished")
        metrics = await scrape(service.url)
        exit_code = await service.end()

    assert event["changed_targets"] == ["sandbox"]
    assert sandbox.requests[-1].headers["x-partner-api-key"] == new
    assert exit_code == 0
    assert "brek_monitor_config_last_reload_success 1.0" in metrics
    shown = json.dumps(service.told) + metrics
    assert sandbox.api_key not in shown
    assert new not in shown


async def test_a_broken_file_is_told_with_its_line_and_the_service_goes_on(site: Site) -> None:
    async with served(site) as service:
        site.write("- {scenario: quick_search, evry: 1s}")
        service.process.send_signal(signal.SIGHUP)
        fault = await service.until("monitor_fault")
        refused = await scrape(service.url)
        run = await service.until("run_finished")
        site.mend()
        await service.reload()
        mended = await scrape(service.url)
        exit_code = await service.end()

    assert (fault["kind"], fault["level"]) == ("config", "error")
    assert f"{site.file}:11:" in fault["detail"]
    assert 'did you mean "every"?' in fault["detail"]
    assert "brek_monitor_config_last_reload_success 0.0" in refused
    assert run["outcome"] == "passed"
    assert "brek_monitor_config_last_reload_success 1.0" in mended
    assert exit_code == 0


async def test_many_hang_ups_and_one_in_the_midst_of_the_end_are_no_end(site: Site, sandbox: SandboxServer) -> None:
    sandbox.set_faults(["slow@search"])
    async with served(site) as service:
        for _ in range(50):
            service.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.005)
        while not any(request.path.endswith("/sessions") for request in sandbox.requests):
            await asyncio.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        site.write(*TWO)
        for _ in range(5):
            await asyncio.sleep(0.02)
            service.process.send_signal(signal.SIGHUP)
        _, err = await asyncio.wait_for(service.process.communicate(), 15)
    events = [json.loads(line) for line in err.splitlines()]

    assert service.process.returncode == 0
    reloads = [event for event in events if event["event"] == "config_reloaded"]
    assert len(reloads) >= 1
    assert not any(event["added"] for event in reloads)
    assert [event["outcome"] for event in events if event["event"] == "run_finished"] == ["passed"]
    assert events[-1]["event"] == "service_stopped"


async def test_prometheus_finds_no_series_of_a_removed_probe_and_the_others_went_on(site: Site, tmp_path: Path) -> None:
    site.write(*TWO)
    removed = '{scenario="decline_payment"}'
    counter = 'brek_probe_runs_total{scenario="quick_search",outcome="passed"}'
    async with served(site) as service, prometheus(tmp_path, service.url.removeprefix("http://")) as server:
        await server.until(f"brek_probe_success{removed}")
        before = await server.query(counter)
        site.write(TWO[0])
        await service.reload()
        await asyncio.sleep(2.1)
        left = await server.query(removed)
        after = await server.query(counter)
        resets = await server.query(f"resets({counter}[1m])")
        since = await server.query('changes(brek_probe_scheduled_since_timestamp_seconds{scenario="quick_search"}[1m])')
        exit_code = await service.end()

    assert left == {}
    assert sum(after.values()) >= sum(before.values()) + 1
    assert [*resets.values(), *since.values()] == [0.0, 0.0]
    assert exit_code == 0


async def test_a_key_file_that_is_swapped_needs_no_signal(site: Site, sandbox: SandboxServer, tmp_path: Path) -> None:
    """As a kubelet does it: the file is a link to a link, which is replaced in one moment."""
    new = sandbox.other_api_key or ""
    for version, key in (("1", sandbox.api_key), ("2", new)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "key").touch(0o600)
        (tmp_path / version / "key").write_text(key)
    (tmp_path / "data").symlink_to("1")
    site.key_file.unlink()
    site.key_file.symlink_to("data/key")
    async with served(site) as service:
        await service.until("run_finished")
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(tmp_path / "data")
        event = await service.until("config_reloaded")
        for _ in range(2):  # the first may have begun with the old key
            await service.until("run_finished")
        exit_code = await service.end()

    assert event["changed_targets"] == ["sandbox"]
    assert sandbox.requests[-1].headers["x-partner-api-key"] == new
    assert not any(line["event"] == "monitor_fault" for line in service.told)
    assert new not in json.dumps(service.told)
    assert exit_code == 0
