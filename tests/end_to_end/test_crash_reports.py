"""A real `brekwatch serve` with a Sentry of its own: what it is told, and that the probed API sees nothing of it."""

from __future__ import annotations

import asyncio
import io
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from support.logging_state import logging_restored
from support.playing import Heard, play, target_for
from support.reloads import Site
from support.sentry import FakeSentry, fake_sentry
from support.serving import Served, served

from exporter import crash, logs
from exporter.crash import CrashListener
from exporter.logs import LogListener
from probes.listening import Listener, Listeners
from probes.model import RunStart, StepResult
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer

PROBE = "- {scenario: quick_search, every: 1s}"
BROKEN = "- {scenario: quick_search, evry: 1s}"


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer() as sandbox:
        yield sandbox


@pytest.fixture
def site(tmp_path: Path, sandbox: SandboxServer) -> Site:
    return Site(tmp_path, sandbox)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


async def break_the_configuration(service: Served, site: Site, *, dsn: str) -> None:
    site.write(BROKEN, service=dsn)
    service.process.send_signal(signal.SIGHUP)
    await service.until("monitor_fault", kind="config")


def dsn_of(sentry: FakeSentry) -> str:
    return f"sentry_dsn: {sentry.dsn.reveal()}"


async def test_a_fault_of_the_running_service_reaches_sentry_without_a_secret(
    site: Site, sandbox: SandboxServer
) -> None:
    with fake_sentry() as sentry:
        site.write(PROBE, service=dsn_of(sentry))
        async with served(site) as service:
            await service.until("run_finished")
            await break_the_configuration(service, site, dsn=dsn_of(sentry))
            await until(lambda: bool(sentry.bodies))
            exit_code = await service.end()

    (event,) = sentry.events
    assert event["message"].startswith("the new configuration was refused")
    assert (event["fingerprint"], event["tags"]) == (["monitor_fault", "config"], {"kind": "config"})
    assert sandbox.api_key.encode() not in sentry.bodies[0]
    assert exit_code == 0


async def headers_seen(site: Site, sandbox: SandboxServer, dsn: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Each kind of request that a run of a faulty service sent, with all its headers; content-length is its own."""
    before = len(sandbox.requests)
    site.write(PROBE, service=dsn)
    async with served(site) as service:
        await break_the_configuration(service, site, dsn=dsn)
        await service.until("run_finished")
        await service.end()
    return {
        (
            request.method,
            request.path.rpartition("/sess_")[0] or request.path,
            tuple(f"{name}: {value}" for name, value in request.headers.items() if name != "content-length"),
        )
        for request in sandbox.requests[before:]
    }


async def test_the_probed_api_sees_the_same_headers_with_sentry_on_and_off(site: Site, sandbox: SandboxServer) -> None:
    without = await headers_seen(site, sandbox, "location: here")
    with fake_sentry() as sentry:
        beside = await headers_seen(site, sandbox, dsn_of(sentry))

    assert len(sentry.bodies) == 1
    assert len(without) >= 3
    assert beside == without


class Breaks(Listener):
    def step_finished(self, start: RunStart, step: StepResult) -> None:
        if step.name == "search":
            raise KeyError("of a listener")


async def test_a_fault_within_a_run_leads_from_sentry_to_the_log_by_run_and_request(sandbox: SandboxServer) -> None:
    stream, heard = io.StringIO(), Heard()
    with fake_sentry() as sentry, logging_restored():
        logs.configure(format="json", level="debug", scrubber=Scrubber(), stream=stream)
        reporter = crash.start(sentry.dsn, Scrubber())
        assert reporter is not None
        listeners = Listeners(heard, LogListener(), CrashListener(reporter), Breaks())
        run = await play("quick_search", target_for(sandbox), listener=listeners)
        await reporter.aclose()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]

    (event,) = sentry.events
    request_id = event["tags"]["request_id"]
    assert event["tags"] == {
        "kind": "listener",
        "run_id": run.run_id,
        "scenario": "quick_search",
        "target": "sandbox",
        "request_id": request_id,
    }
    (exchange,) = [line for line in told if line["event"] == "exchange_finished" and line["request_id"] == request_id]
    assert (exchange["run_id"], exchange["step"]) == (run.run_id, "search")
