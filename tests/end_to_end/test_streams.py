"""Streams that nobody reads, or are closed: a command goes on, cleans up, and its exit code stays the verdict's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.commands import start, variables_of

from probes.sandbox.server import SandboxServer

_BROKEN = ["stdout", "stderr", "both"]


@contextlib.contextmanager
def nobody_reading() -> Iterator[int]:
    """The end of a pipe whose other end is closed: each write to it is EPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


async def run_unread(sandbox: SandboxServer, broken: str, *arguments: str) -> tuple[int | None, bytes]:
    """The exit code of a `run` with broken streams, and what it wrote on the others."""
    with nobody_reading() as writer:
        process = await start(
            "run",
            *arguments,
            environment=variables_of(sandbox),
            out=asyncio.subprocess.PIPE if broken == "stderr" else writer,
            err=asyncio.subprocess.PIPE if broken == "stdout" else writer,
        )
    out, err = await asyncio.wait_for(process.communicate(), 10)
    return process.returncode, (out or b"") + (err or b"")


async def test_an_audit_whose_terminal_was_closed_still_writes_its_documents(tmp_path: Path) -> None:
    document = tmp_path / "audit.json"
    terminal, ours = pty.openpty()
    process = await start(
        *("audit", "proxy", "--to", "http://127.0.0.1:9", "--json", str(document)), out=ours, err=ours
    )
    os.close(ours)
    said = ""
    while "Ctrl-C ends the recording" not in said:
        said += (await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 4096), 10)).decode()
    os.close(terminal)
    process.send_signal(signal.SIGHUP)
    await asyncio.wait_for(process.wait(), 10)

    assert process.returncode == 3
    assert json.loads(document.read_bytes())["verdict"] == "cannot_tell"


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("broken", _BROKEN)
async def test_a_run_that_nobody_reads_goes_on_to_its_end_and_cleans_up(broken: str, output: str) -> None:
    async with SandboxServer() as sandbox:
        exit_code, said = await run_unread(sandbox, broken, "golden_path", "--format", output)
        cancelled = [booking.cancelled for booking in sandbox.bookings]

    assert exit_code == 0
    assert cancelled == [True]
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


async def test_a_failure_that_nobody_reads_is_still_the_exit_code() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        exit_code, said = await run_unread(sandbox, "stdout", "quick_search")

    assert (exit_code, said) == (1, b"")


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
async def test_closed_streams_are_no_trouble(closed: str, output: str) -> None:
    async with SandboxServer() as sandbox:
        process = await start(
            "run", "golden_path", "--format", output, environment=variables_of(sandbox), redirections=closed
        )
        out, err = await asyncio.wait_for(process.communicate(), 10)
        cancelled = [booking.cancelled for booking in sandbox.bookings]

    assert process.returncode == 0, err
    assert cancelled == [True]
    assert b"Traceback" not in out + err


@pytest.mark.parametrize(("output", "exit_code"), [("table", 0), ("json", 3)])
async def test_a_full_disk_loses_words_and_no_booking(output: str, exit_code: int) -> None:
    async with SandboxServer() as sandbox:
        process = await start(
            "run", "golden_path", "--format", output, environment=variables_of(sandbox), redirections=">/dev/full"
        )
        _, err = await asyncio.wait_for(process.communicate(), 10)
        cancelled = [booking.cancelled for booking in sandbox.bookings]

    assert process.returncode == exit_code
    assert cancelled == [True]
    assert b"Traceback" not in err
    assert (b"stdout can't be written: No space left on device\n" in err) == (output == "json")


async def test_json_stays_alone_on_stdout_where_stderr_is_closed() -> None:
    async with SandboxServer() as sandbox:
        process = await start(
            "run", "quick_search", "--format", "json", environment=variables_of(sandbox), redirections="2>&-"
        )
        out, _ = await asyncio.wait_for(process.communicate(), 10)

    assert [run["outcome"] for run in json.loads(out)["runs"]] == ["passed"]


async def test_a_usage_error_with_all_streams_closed_keeps_its_exit_code() -> None:
    process = await start("run", "golden_pth", redirections="<&- >&- 2>&-")

    assert await asyncio.wait_for(process.wait(), 10) == 2


@pytest.mark.parametrize(
    "arguments", [("scenarios", "list"), ("scenarios", "show", "golden_path"), ("--help",)], ids=str
)
async def test_a_listing_that_nobody_reads_is_no_failure(arguments: tuple[str, ...]) -> None:
    with nobody_reading() as writer:
        process = await start(*arguments, out=writer)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, err) == (0, b"")


async def lines_of(reader: int, count: int) -> list[str]:
    """The first lines of a pipe, which is then closed."""
    with open(reader, "rb", buffering=0) as pipe:  # noqa: ASYNC230 - a descriptor
        return [(await asyncio.to_thread(pipe.readline)).decode() for _ in range(count)]


async def test_a_demo_that_is_no_longer_read_plays_on_and_ends_with_0() -> None:
    reader, writer = os.pipe()
    process = await start("demo", "--port", "0", "--no-faults", out=writer)
    os.close(writer)
    lines = await asyncio.wait_for(lines_of(reader, 9), 10)
    url = next(line.split()[1] for line in lines if "metrics" in line)
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(10):
        while 'brek_probe_success{scenario="quick_search"' not in (await client.get(url)).text:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
        metrics = (await client.get(url)).text
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert 'brek_monitor_faults_total{kind="listener"} 0.0' in metrics
    assert (process.returncode, err) == (0, b"")


async def test_a_sandbox_that_is_no_longer_read_serves_on() -> None:
    reader, writer = os.pipe()
    process = await start("sandbox", "--port", "0", out=writer)
    os.close(writer)
    (line,) = await asyncio.wait_for(lines_of(reader, 1), 10)
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readline(), 10)
    url = line.partition("=")[2].strip()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/llms.txt")
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert answer.status_code == 200
    assert (process.returncode, err) == (0, b"")
