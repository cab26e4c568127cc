"""The ledger knows of a run and of each key before the first byte; one that fails is our fault, not the API's."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.ledgers import FailingLedger, HangingLedger, SilentLedger
from support.playing import Heard, play, target_for

from probes.ledger import MemoryLedger
from probes.model import Intent
from probes.sandbox.server import SandboxServer
from probes.words import FaultKind, Outcome, SkipReason


class _WatchingLedger(MemoryLedger):
    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__()
        self._sandbox = sandbox
        self.known_before_sent: list[bool] = []

    async def intend(self, intent: Intent) -> None:
        await super().intend(intent)
        sent = any(intent.body == request.body for request in self._sandbox.requests)
        self.known_before_sent.append(not sent)


async def test_the_key_of_each_turn_is_known_to_the_ledger_before_it_is_sent() -> None:
    async with SandboxServer() as sandbox:
        ledger = _WatchingLedger(sandbox)
        run = await play("golden_path", target_for(sandbox), ledger=ledger)
        turns = [request for request in sandbox.requests if request.path.endswith("/events")]

    assert ledger.known_before_sent == [True] * 6
    assert [intent.body for intent in ledger.intents] == [turn.body for turn in turns]
    session_id = run.steps[0].exchanges[0].answer and run.steps[0].exchanges[0].answer.session_id
    assert ledger.intents[0].idempotency_key == f"acme:{session_id}:search:001"
    assert len({intent.idempotency_key for intent in ledger.intents}) == 6


async def test_without_a_ledger_what_leaves_a_booking_is_skipped_and_the_rest_goes_on() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        booking = await play("golden_path", target_for(sandbox), ledger=FailingLedger("begin_run"), listener=heard)
        requests_so_far = len(sandbox.requests)
        search = await play("quick_search", target_for(sandbox), ledger=FailingLedger("begin_run", "intend"))

    assert (booking.outcome, booking.reason) == (Outcome.SKIPPED, SkipReason.JOURNAL)
    assert requests_so_far == 0
    assert search.outcome is Outcome.PASSED
    assert {fault.kind for fault in heard.faults} == {FaultKind.JOURNAL}


async def test_a_ledger_that_tells_its_fault_itself_is_not_told_on_for_each_turn() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        silent = SilentLedger("begin_run", "intend", "book")
        run = await play("quick_search", target_for(sandbox), ledger=silent, listener=heard)

    assert run.outcome is Outcome.PASSED
    assert heard.faults == []


async def test_a_ledger_that_is_lost_on_the_way_is_our_fault_and_the_turn_is_not_sent() -> None:
    async with SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=FailingLedger("intend"))
        sent = [request.path for request in sandbox.requests]

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.JOURNAL)
    assert not any(path.endswith("/events") for path in sent)


async def test_a_ledger_that_does_not_answer_is_our_fault_and_bounded() -> None:
    began = time.monotonic()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), ledger=HangingLedger("intend"), step_deadline_seconds=0.2)

    assert (run.outcome, run.reason) == (Outcome.UNKNOWN, FaultKind.JOURNAL)
    assert time.monotonic() - began < 1.0


async def test_a_ledger_that_hangs_at_the_start_is_waited_for_a_while_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("probes.runner._LEDGER_SECONDS", 0.1)
    async with SandboxServer() as sandbox, asyncio.timeout(3):
        booking = await play("golden_path", target_for(sandbox), ledger=HangingLedger("begin_run"))
        search = await play("quick_search", target_for(sandbox), ledger=HangingLedger("begin_run"))

    assert (booking.outcome, booking.reason) == (Outcome.SKIPPED, SkipReason.JOURNAL)
    assert search.outcome is Outcome.PASSED
