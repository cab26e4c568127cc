"""Exceptions that nobody caught reach the log, the metrics and Sentry, and never a terminal as they are."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from support.logging_state import logging_restored
from support.reloads import Site
from support.sentry import fake_sentry

from exporter.log_options import LogOptions
from exporter.serve import serve_settings
from exporter.unexpected import unexpected_told
from probes.errors import UsageError
from probes.model import MonitorFault
from probes.sandbox.server import SandboxServer
from probes.words import FaultKind


def fail() -> None:
    raise KeyError("option")


async def fail_soon() -> None:
    fail()


def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(fail)


def in_a_task() -> None:
    task = asyncio.get_running_loop().create_task(fail_soon())
    task.add_done_callback(lambda _: asyncio.get_running_loop().call_soon(gc.collect))
    del task


def in_a_thread() -> None:
    threading.Thread(target=fail, name="careless").start()


class Careless:
    def __del__(self) -> None:
        fail()


def in_a_finalizer() -> None:
    Careless()


@pytest.mark.parametrize(
    ("happens", "detail"),
    [
        (in_a_callback, "nobody caught KeyError: Exception in callback fail"),
        (in_a_task, "nobody caught KeyError: Task exception was never retrieved"),
        (in_a_thread, "nobody caught KeyError: thread careless"),
        (in_a_finalizer, "nobody caught KeyError: a finalizer"),
    ],
)
async def test_what_nobody_caught_is_told_as_a_bug_and_not_printed(
    happens: Callable[[], None], detail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    faults: list[MonitorFault] = []
    with unexpected_told(faults.append):
        happens()
        await until(lambda: bool(faults))

    (fault,) = faults
    assert fault.kind is FaultKind.BUG
    assert fault.detail.startswith(detail)
    assert isinstance(fault.error, KeyError)
    assert tuple(capfd.readouterr()) == ("", "")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_what_ends_the_block_is_told_and_goes_on() -> None:
    faults: list[MonitorFault] = []
    with pytest.raises(KeyError), unexpected_told(faults.append):
        fail()

    assert [fault.detail for fault in faults] == ["nobody caught KeyError: the service ended"]


async def test_what_is_meant_for_whoever_configured_it_is_no_fault() -> None:
    faults: list[MonitorFault] = []
    with pytest.raises(UsageError), unexpected_told(faults.append):
        raise UsageError("the port is taken")

    assert faults == []


async def test_afterwards_all_is_as_it_was() -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler(), threading.excepthook, sys.unraisablehook
    with unexpected_told(lambda _: None):
        pass

    assert (loop.get_exception_handler(), threading.excepthook, sys.unraisablehook) == before


@asynccontextmanager
async def serving(site: Site, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """`serve` in this process, with what it logs in the stream, until the end of the block."""
    monkeypatch.setattr(sys, "stderr", stream)
    service = asyncio.create_task(serve_settings(site.find, LogOptions()))
    try:
        await until(lambda: "service_started" in stream.getvalue())
        yield
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service


async def test_a_serving_process_tells_its_log_and_sentry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    async with SandboxServer() as sandbox:
        with fake_sentry() as sentry, logging_restored():
            site = Site(tmp_path, sandbox)
            site.write("- {scenario: quick_search, every: 1s}", service=f"sentry_dsn: {sentry.dsn.reveal()}")
            async with serving(site, stream, monkeypatch):
                in_a_callback()
                await until(lambda: bool(sentry.bodies))
    told = [json.loads(line) for line in stream.getvalue().splitlines()]

    (fault,) = [event for event in told if event["event"] == "monitor_fault"]
    assert fault["traceback"][-1] == "KeyError: 'option'"
    (event,) = sentry.events
    assert event["fingerprint"] == ["monitor_fault", "bug", "KeyError"]
    assert event["exception"]["values"][0]["type"] == "KeyError"
