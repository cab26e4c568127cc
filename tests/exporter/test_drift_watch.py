"""The published file is fetched now and then and compared; what can't be had is told, and blamed on nobody."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from support.facts import a_target
from support.hostile import Hostile, Script, answer_bytes, answers, closed_port, endless_body, redirects, silence
from support.playing import target_for

from exporter.drift_watch import DriftWatch
from exporter.recorder import Recorder
from exporter.service import Service
from probes.listening import Listener, Listeners
from probes.model import Finding, MonitorFault, Target
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings
from probes.words import FaultKind, FindingKind, Operation

GONE = ("POST /sessions is gone", "POST /events is gone", "GET /sessions/{sessionId} is gone")


class Told(Listener):
    def __init__(self) -> None:
        self.compared: list[tuple[str, tuple[Finding, ...]]] = []
        self.unread: list[tuple[str, str]] = []
        self.faults: list[MonitorFault] = []

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        self.compared.append((target, findings))

    def contract_unread(self, target: str, reason: str) -> None:
        self.unread.append((target, reason))

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def watch_for(listener: Listener, **options: Any) -> DriftWatch:
    return DriftWatch(listener, **{"every_seconds": 0.05, "first_after_seconds": (0.0, 0.0), **options})


async def told_of(target: Target, **options: Any) -> Told:
    """What was told until the first comparison was over."""
    told = Told()
    watch = watch_for(told, every_seconds=60.0, **options)
    watch.watch([target])
    await until(lambda: told.compared or told.unread or told.faults)
    await watch.aclose()
    return told


async def test_the_file_is_fetched_without_the_key_and_costs_no_quota() -> None:
    async with SandboxServer() as sandbox:
        told = await told_of(target_for(sandbox))
        (request,) = sandbox.requests

    assert told.compared == [("sandbox", ())]
    assert (request.method, request.path) == ("GET", "/openapi/partner-core-chat-v1.yaml")
    assert sandbox.api_key not in str(request.headers)


async def test_what_stays_different_is_told_and_counted_at_each_comparison() -> None:
    told, recorder = Told(), Recorder()
    async with Hostile(answers(answer_bytes(b'{"openapi": "3.0.3", "paths": {}}'))) as server:
        watch = watch_for(Listeners(told, recorder))
        watch.watch([a_target(base_url=server.url)])
        await until(lambda: len(told.compared) >= 3)
        await watch.aclose()
    text = recorder.render("")[0].decode()
    times = float(len(told.compared))
    series = 'brek_probe_contract_findings_total{kind="contract_drift",operation="send_event",target="acme"}'

    assert {tuple(finding.detail for finding in findings) for _, findings in told.compared} == {GONE}
    assert f"{series} {times}" in text


UNREAD: dict[str, tuple[Script, str]] = {
    "not_found": (answers(answer_bytes(status="404 Not Found")), "HTTP 404"),
    "redirect": (redirects("http://127.0.0.1:9/"), "HTTP 307"),
    "silence": (silence, "timeout"),
    "endless": (endless_body, "body_too_large"),
    "page": (answers(answer_bytes(b"<html></html>")), "it is no mapping of names to values"),
    "tag": (answers(answer_bytes(b"a: !!python/name:os.system x")), "tags (!…) are not read here"),
}


@pytest.mark.parametrize(("script", "reason"), UNREAD.values(), ids=UNREAD)
async def test_a_file_that_cannot_be_had_or_read_is_told_and_is_neither_finding_nor_fault(
    script: Script, reason: str
) -> None:
    async with Hostile(script) as server:
        told = await told_of(a_target(base_url=server.url), fetch_seconds=0.3)

    assert [name for name, _ in told.unread] == ["acme"]
    assert reason in told.unread[0][1]
    assert (told.compared, told.faults) == ([], [])


async def test_a_target_that_nobody_listens_at_is_told_with_its_kind() -> None:
    told = await told_of(a_target(base_url=f"http://127.0.0.1:{closed_port()}"))

    assert told.unread[0][1].startswith("/openapi/partner-core-chat-v1.yaml: connect: ")


async def test_a_machine_without_descriptors_is_our_own_fault_and_the_watch_goes_on() -> None:
    told = Told()
    async with SandboxServer() as sandbox:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            watch = watch_for(told)
            watch.watch([target_for(sandbox)])
            await until(lambda: told.faults)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await until(lambda: told.compared)
        await watch.aclose()

    assert {(fault.kind, fault.target) for fault in told.faults} == {(FaultKind.POOL, "sandbox")}
    assert told.unread == []


async def test_a_bug_of_ours_is_told_as_one_and_the_watch_goes_on() -> None:
    class Broken(Told):
        def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
            raise KeyError(target)

    told = Broken()
    async with SandboxServer() as sandbox:
        watch = watch_for(told)
        watch.watch([target_for(sandbox)])
        await until(lambda: len(told.faults) >= 2)
        await watch.aclose()

    assert {(fault.kind, fault.detail) for fault in told.faults} == {
        (FaultKind.BUG, "KeyError while comparing contracts")
    }


async def test_targets_may_come_change_and_go_while_the_others_are_left_alone() -> None:
    told = Told()
    async with SandboxServer() as sandbox:
        stays, moves, goes = (replace(target_for(sandbox), name=name) for name in ("stays", "moves", "goes"))
        watch = watch_for(told, every_seconds=60.0)
        watch.watch([stays, moves, goes])
        await until(lambda: len(told.compared) == 3)
        watch.watch([stays, replace(moves, partner="another"), replace(moves, name="comes")])
        await until(lambda: len(told.compared) == 5)
        names = sorted(name for name, _ in told.compared)
        await watch.aclose()

    assert names == ["comes", "goes", "moves", "moves", "stays"]


async def test_four_targets_are_compared_at_once_and_no_more() -> None:
    told = Told()
    async with Hostile(silence) as server:
        watch = watch_for(told, every_seconds=60.0, fetch_seconds=0.5)
        watch.watch([a_target(name=f"target-{number}", base_url=server.url) for number in range(9)])
        await until(lambda: len(server.received) >= 4)
        await asyncio.sleep(0.1)
        at_first = len(server.received)
        await until(lambda: len(told.unread) == 9)
        await watch.aclose()

    assert at_first == 4
    assert {reason.split(": ")[1] for _, reason in told.unread} == {"timeout"}


async def test_closing_gives_up_what_is_under_way() -> None:
    told = Told()
    async with Hostile(silence) as server:
        watch = watch_for(told)
        watch.watch([a_target(base_url=server.url)])
        await until(lambda: server.received)
        await watch.aclose()
        await until(lambda: all(server.left))

    assert (told.compared, told.unread, told.faults) == ([], [], [])


async def test_a_service_watches_its_targets_from_its_start_to_its_end() -> None:
    told = Told()
    drifted = answer_bytes(orjson.dumps({"info": {"version": "2.0.0"}, "paths": {}}))
    async with Hostile(answers(drifted)) as server:
        target = a_target(base_url=server.url)
        settings = Settings(
            service=ServiceSettings(listen_port=0, journal="sqlite:///:memory:"),
            targets={"acme": target},
            probes=(),
            scenarios=shipped(),
            secrets=(),
        )
        service = Service(settings, scrubber=Scrubber(()), listeners=[told])
        service._drift_watch = watch_for(service._listeners)
        await service.start()
        await until(lambda: told.compared)
        await service.aclose()
        seen = len(told.compared)
        await asyncio.sleep(0.2)
    text = service.recorder.render("")[0].decode()

    assert len(told.compared) == seen
    assert f'kind="contract_drift",operation="none",target="acme"}} {float(seen)}' in text


def test_drift_starts_at_zero_for_each_operation_and_for_the_file_as_a_whole() -> None:
    recorder = Recorder()
    recorder.expect(targets=[a_target()], probes=[], scenarios={}, location="test")
    text = recorder.render("")[0].decode()

    for operation in (Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION, "none"):
        assert f'{{kind="{FindingKind.CONTRACT_DRIFT}",operation="{operation}",target="acme"}} 0.0' in text
