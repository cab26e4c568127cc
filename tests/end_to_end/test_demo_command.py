"""`brekwatch demo`, `sandbox` and `serve` as a newcomer starts and stops them."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from support.commands import GOLDEN_PATH_EACH_SECOND, brekwatch, start, variables_of

from probes.sandbox.server import SandboxServer


async def lines_until(process: asyncio.subprocess.Process, pattern: str, seconds: float = 15.0) -> list[str]:
    """The lines of stdout up to one that matches."""
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(seconds):
        while not lines or not re.search(pattern, lines[-1]):
            line = await process.stdout.readline()
            assert line, f"it ended before it said {pattern!r}: {lines}"
            lines.append(line.decode())
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_prints_its_addresses_and_runs_and_ends_with_0(number: signal.Signals) -> None:
    process = await start("demo", "--port", "0", "--no-faults")
    lines = await lines_until(process, r"golden_path +passed .*shortlist → .*→ booked")
    url = next(line.split()[1] for line in lines if "metrics" in line).removesuffix("/metrics")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        metrics = await client.get("/metrics")
        health = await client.get("/healthz")
        ready = await client.get("/readyz")
        page = await client.get("/")
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    lint = subprocess.run(["promtool", "check", "metrics"], input=metrics.content, capture_output=True, check=False)  # noqa: S607, ASYNC221

    assert 'brek_probe_success{scenario="golden_path",target="sandbox"} 1.0' in metrics.text
    assert (health.status_code, ready.status_code, page.status_code) == (200, 200, 200)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, b"", b"")
    assert (process.returncode, err) == (0, b"")
    assert out.decode().endswith("Stopped.\n")


async def test_a_busy_port_is_one_clear_line() -> None:
    async with SandboxServer() as sandbox:
        port = sandbox.base_url.rpartition(":")[2]
        demo = await brekwatch("demo", "--port", port)
        sandbox_command = await brekwatch("sandbox", "--port", port)

    for ended in (demo, sandbox_command):
        assert ended.exit_code == 2
        assert port in ended.err
        assert ended.err.count("\n") == 1


async def test_the_sandbox_prints_its_variables_and_a_run_plays_against_it() -> None:
    process = await start("sandbox", "--port", "0")
    lines = await lines_until(process, "BREK_PORTAL_ATTACH_URL")
    words = [shlex.split(line)[1].partition("=") for line in lines]
    variables = {name: value for name, _, value in words}
    ended = await brekwatch("run", "golden_path", environment=variables)
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 5)

    assert out == b""
    assert f"{variables['BREK_BASE_URL']}/sandbox/faults" in err.decode()
    assert [name for name, _, _ in words] == ["BREK_BASE_URL", "BREK_PARTNER_API_KEY", "BREK_PORTAL_ATTACH_URL"]
    assert ended.exit_code == 0, ended
    assert process.returncode == 0
    assert b"Traceback" not in err


async def test_a_service_plays_its_configuration_and_drains_on_sigterm(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(GOLDEN_PATH_EACH_SECOND)
    async with SandboxServer() as sandbox:
        process = await start("serve", "-c", str(config), environment=variables_of(sandbox))
        async with asyncio.timeout(10):
            while not sandbox.bookings:
                await asyncio.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 10)

    assert process.returncode == 0
    assert all(booking.cancelled for booking in sandbox.bookings)
    assert b"Traceback" not in out + err
    assert sandbox.api_key.encode() not in out + err


async def test_the_key_is_in_no_argument_of_the_process(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(GOLDEN_PATH_EACH_SECOND)
    async with SandboxServer() as sandbox:
        process = await start("serve", "-c", str(config), environment=variables_of(sandbox))
        async with asyncio.timeout(10):
            while not sandbox.requests:
                await asyncio.sleep(0.02)
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.kill()
        await process.communicate()

    assert sandbox.api_key.encode() not in arguments
