"""Ctrl-C and SIGTERM, once or by an impatient hand: no traceback, and the exit code that was promised."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

import pytest
from support.commands import GOLDEN_PATH_EACH_SECOND, start, variables_of

from probes.sandbox.server import SandboxServer

_GAPS = [0.01, 0.04, 0.08]


async def interrupted(process: asyncio.subprocess.Process, gap: float) -> tuple[int | None, str, str]:
    """How it ended under SIGINTs with that many seconds between them: many, since two may arrive as one.

    The signals go past the process object, which would reap a process that has just ended and lose its exit code.
    """
    for _ in range(10):
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGINT)
            await asyncio.sleep(gap)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    return process.returncode, out.decode(), err.decode()


async def until(stream: asyncio.StreamReader | None, text: str) -> None:
    """Reads up to a line that has this text."""
    assert stream is not None
    async with asyncio.timeout(10):
        while text not in (line := (await stream.readline()).decode()):
            assert line, f"it ended before it said {text!r}"


async def until_sent(sandbox: SandboxServer, count: int) -> None:
    """Waits for so many turns to have arrived."""
    async with asyncio.timeout(10):
        while sum(request.path.endswith("/events") for request in sandbox.requests) < count:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("gap", _GAPS)
async def test_an_impatient_ctrl_c_ends_the_demo_with_0(gap: float) -> None:
    process = await start("demo", "--port", "0")
    await until(process.stdout, " ms ")
    exit_code, out, err = await interrupted(process, gap)

    assert (exit_code, err) == (0, "")
    assert out.endswith("Stopped.\n")


@pytest.mark.parametrize("gap", _GAPS)
async def test_an_impatient_ctrl_c_ends_the_sandbox_with_0(gap: float) -> None:
    process = await start("sandbox", "--port", "0")
    await until(process.stderr, "Serving")
    exit_code, _, err = await interrupted(process, gap)

    assert (exit_code, err) == (0, "")


@pytest.mark.parametrize("gap", _GAPS)
async def test_an_impatient_ctrl_c_ends_the_service_with_0_and_its_run_as_unknown(gap: float, tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(GOLDEN_PATH_EACH_SECOND)
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        process = await start("serve", "-c", str(config), environment=variables_of(sandbox))
        await until_sent(sandbox, 1)
        exit_code, _, err = await interrupted(process, gap)
    events = [json.loads(line) for line in err.splitlines()]

    assert exit_code == 0, err
    assert [event["outcome"] for event in events if event["event"] == "run_finished"][-1] == "unknown"
    assert events[-1]["event"] == "service_stopped"


async def test_a_service_tells_its_start_and_its_end(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(GOLDEN_PATH_EACH_SECOND)
    async with SandboxServer() as sandbox:
        process = await start("serve", "-c", str(config), environment=variables_of(sandbox))
        await until_sent(sandbox, 1)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 10)
    events = [json.loads(line) for line in err.splitlines()]

    assert process.returncode == 0
    assert events[0]["event"] == "service_started"
    assert (events[0]["targets"], events[0]["probes"]) == (["sandbox"], 1)
    assert events[0]["url"].startswith("http://127.0.0.1:")
    assert events[-1]["event"] == "service_stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_run_says_what_was_not_played(number: signal.Signals) -> None:
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        process = await start(
            "run", "quick_search", "decline_payment", "golden_path", environment=variables_of(sandbox)
        )
        await until_sent(sandbox, 1)
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, err) == (3, b"")
    assert b"Interrupted. Not played: decline_payment, golden_path\n" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_run_that_waits_for_the_key_s_reserve_says_so_beside_the_document_and_can_be_broken_off(
    number: signal.Signals,
) -> None:
    async with SandboxServer(minute_quota=10, now=lambda: 0.0) as sandbox:
        scenarios = ("quick_search", "golden_path_to_payment", "quick_search")
        process = await start("run", *scenarios, "--format", "json", environment=variables_of(sandbox))
        await until(process.stderr, "Waiting ")
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 10)
        sent = len(sandbox.requests)

    assert process.returncode == 3
    assert [run["outcome"] for run in json.loads(out)["runs"]] == ["passed", "passed"]
    assert err.endswith(b"Interrupted. Not played: quick_search\n")
    assert sent == 7


@pytest.mark.parametrize("gap", _GAPS)
async def test_an_impatient_ctrl_c_leaves_no_booking_behind(gap: float) -> None:
    async with SandboxServer(faults=["hang@confirm"]) as sandbox:
        process = await start("run", "golden_path", environment=variables_of(sandbox))
        async with asyncio.timeout(10):
            while not sandbox.bookings:
                await asyncio.sleep(0.01)
        exit_code, _, err = await interrupted(process, gap)
        cancelled = [booking.cancelled for booking in sandbox.bookings]

    assert (exit_code, err) == (3, "")
    assert cancelled == [True]
