"""What doctor finds on the way to the targets, and whose fault it says that is."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.facts import a_target
from support.hostile import Hostile, answer_bytes, answers, silence

from exporter.doctor.findings import Finding, Level, Whose, exit_code
from exporter.doctor.network import _of_certificate, _Place, network
from probes.model import Portal
from probes.origin import Origin
from probes.sandbox.server import SandboxServer


async def closed_port() -> int:
    async with Hostile(silence) as server:
        return server.port


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.about) for finding in findings]


async def test_a_target_and_its_portal_are_reached_without_the_key_and_nothing_counts() -> None:
    async with SandboxServer(minute_quota=1) as sandbox:
        target = a_target(base_url=sandbox.base_url, portal=Portal(attach_url=sandbox.attach_url))
        found = await network([target], [])
        sent = sandbox.requests

    assert told(found) == [("ok", "target acme"), ("ok", "target acme"), ("ok", "portal of acme")]
    assert [(request.method, request.path) for request in sent] == [("GET", "/llms.txt")]
    assert not any("key" in name or name == "authorization" for request in sent for name in request.headers)


async def test_a_target_that_cannot_be_reached_is_its_own_fault_with_the_kind_and_the_way_out() -> None:
    found = await network([a_target(base_url=f"http://127.0.0.1:{await closed_port()}")], [])

    assert told(found) == [("fail", "target acme")]
    assert "can't be reached (connect)" in found[0].told
    assert found[0].advice is not None
    assert exit_code(found) == 1


async def test_if_no_reference_answers_we_are_offline_and_nothing_is_said_of_the_targets() -> None:
    closed = await closed_port()
    found = await network([a_target(base_url=f"http://127.0.0.1:{closed}")], [f"127.0.0.1:{closed}"])

    assert told(found) == [("fail", "reference"), ("fail", "target acme")]
    assert {finding.whose for finding in found} == {Whose.NOBODY_KNOWS}
    assert exit_code(found) == 3


async def test_one_silent_reference_of_two_is_a_warning_and_the_target_is_judged() -> None:
    closed = await closed_port()
    async with Hostile(silence) as server:
        target = a_target(base_url=f"http://127.0.0.1:{closed}")
        found = await network([target], [f"127.0.0.1:{closed}", f"127.0.0.1:{server.port}"])
        sent = server.received

    assert told(found) == [("warn", "reference"), ("fail", "target acme")]
    assert "1 of 2" in found[0].told
    assert exit_code(found) == 1
    assert b"".join(sent) == b""


@pytest.mark.parametrize(
    ("ahead", "level"), [(-60.0, "warn"), (0.0, "ok"), (60.0, "warn")], ids=["behind", "agrees", "ahead"]
)
async def test_a_clock_that_differs_from_the_server_s_is_a_warning(ahead: float, level: str) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=ahead), usegmt=True)
    async with Hostile(answers(answer_bytes(b"{}", f"date: {date}"))) as server:
        found = await network([a_target(base_url=server.url)], [])

    assert told(found)[1] == (level, "target acme")
    if ahead:
        assert f"60 s {'ahead of' if ahead > 0 else 'behind'} the server's" in found[1].told


async def test_the_public_document_is_asked_for_below_the_base_url() -> None:
    async with Hostile(answers(answer_bytes())) as server:
        await network([a_target(base_url=f"{server.url}/brek")], [])
        (sent,) = server.received

    assert sent.startswith(b"GET /brek/llms.txt ")


@pytest.mark.parametrize(("days", "level"), [(13, Level.WARN), (15, Level.OK), (-1, Level.WARN)])
def test_a_certificate_that_soon_expires_is_a_warning(days: int, level: Level) -> None:
    place = _Place(about="target acme", origin=Origin.of("https://sandbox.example"))

    assert _of_certificate(place, time.time() + days * 86_400).level is level


async def test_targets_are_tried_at_once_and_within_the_time_that_there_is() -> None:
    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with Hostile(never) as server:
        began = time.monotonic()
        found = await network(
            [a_target(name=f"t{number}", base_url=server.url) for number in range(5)], [], seconds=0.4
        )
        took = time.monotonic() - began

    assert [finding.level for finding in found] == [Level.OK] * 10
    assert took < 1.6
