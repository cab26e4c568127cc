"""What a log says of whole runs against a real server: whose line it is, and the ids to search for."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from support.logging_state import logging_restored
from support.playing import play, target_for

from exporter import logs
from exporter.logs import LogListener
from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Exchange, Run, RunStart
from probes.redaction import Scrubber
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with logging_restored():
        yield io.StringIO()


def events(stream: io.StringIO, name: str | None = None) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [event for event in told if name in {None, event["event"]}]


class Library(Listener):
    """Speaks in the midst of runs as a library does, which knows nothing of them, and once after each."""

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        logging.getLogger("httpx").warning("%s in %s of %s", start.run_id, step, start.scenario)

    def run_finished(self, run: Run) -> None:
        asyncio.get_running_loop().call_later(0.01, logging.getLogger("uvicorn.error").warning, "afterwards")


async def test_a_librarys_line_within_a_run_carries_that_run_and_its_step_however_many_are_under_way(
    stream: io.StringIO,
) -> None:
    logs.configure(format="json", scrubber=Scrubber(), stream=stream)
    async with SandboxServer() as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=Library())
        target = target_for(sandbox)
        names = ["golden_path", "quick_search"] * 5
        runs = await asyncio.gather(*(runner.play(shipped()[name], target) for name in names))
        await asyncio.sleep(0.05)
    lines = events(stream, "library_log")
    within = [event for event in lines if event["logger"] == "httpx"]
    after = [event for event in lines if event["logger"] == "uvicorn.error"]

    assert {event["run_id"] for event in within} == {run.run_id for run in runs}
    for event in within:
        assert event["message"] == f"{event['run_id']} in {event['step']} of {event['scenario']}"
        assert event["target"] == "sandbox"
    assert [(event["message"], "run_id" in event) for event in after] == [("afterwards", False)] * len(runs)


async def test_without_debug_a_failed_run_can_be_found_by_each_of_its_ids(stream: io.StringIO) -> None:
    logs.configure(format="json", scrubber=Scrubber(), stream=stream)
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox), listener=LogListener())
    refused = run.steps[1].exchanges
    attempts = events(stream, "exchange_finished")

    answers = [exchange.answer for exchange in refused]
    assert [event["request_id"] for event in attempts] == [answer and answer.request_id for answer in answers]
    assert {event["level"] for event in attempts} == {"warning"}
    for event in (*attempts, *events(stream, "step_failed"), *events(stream, "run_finished")):
        assert event["run_id"] == run.run_id
        assert event["session_id"] == refused[0].asked_session_id
    assert attempts[0]["idempotency_key"] == refused[0].idempotency_key


async def test_a_good_run_is_one_line_with_its_ids_and_with_debug_each_exchange_has_its_own(
    stream: io.StringIO,
) -> None:
    async with SandboxServer() as sandbox:
        logs.configure(format="json", scrubber=Scrubber(), stream=stream)
        await play("quick_search", target_for(sandbox), listener=LogListener())
        quiet = events(stream)
        logs.configure(format="json", level="debug", scrubber=Scrubber(), stream=stream)
        run = await play("quick_search", target_for(sandbox), listener=Listeners(LogListener()))
    told = events(stream, "exchange_finished")

    assert [event["event"] for event in quiet] == ["run_finished"]
    assert quiet[0]["request_id"]
    assert quiet[0]["session_id"].startswith("sess_")
    turn = run.steps[1].exchanges[0].answer
    assert turn is not None
    assert (told[1]["trace_id"], told[1]["event_id"]) == (turn.trace_id, turn.event_id)
    assert [event["step"] for event in told] == ["create_session", "search", "snapshot"]
    assert all(event["request_id"] and event["session_id"] for event in told)
