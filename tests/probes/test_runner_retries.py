"""What is sent again, and what never is (decision 4)."""

from __future__ import annotations

import time

import pytest
from support.playing import Heard, play, target_for

from probes.ledger import MemoryLedger
from probes.model import Exchange, RunStart
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.scenario_files import shipped
from probes.words import BookingState, FailureKind, FindingKind, Operation, Outcome


class _UntilFirstFailure(Heard):
    """Switches the sandbox's faults off as soon as one has shown."""

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__()
        self._sandbox = sandbox

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        super().exchange_finished(start, step, exchange)
        if exchange.status_code and exchange.status_code >= 400:
            self._sandbox.set_faults([])


@pytest.mark.parametrize("step", ["create_session", "search", "book", "name", "done"])
async def test_a_passing_5xx_before_confirmation_is_retried_with_the_same_bytes_and_degrades(step: str) -> None:
    async with SandboxServer(faults=[f"server_error@{step}"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), listener=_UntilFirstFailure(sandbox))
        retried = next(result for result in run.steps if result.name == step)

    assert run.outcome is Outcome.DEGRADED
    assert run.reason == FailureKind.SERVER_ERROR
    assert [exchange.status_code for exchange in retried.exchanges] == [500, 200]
    assert len({exchange.request_body for exchange in retried.exchanges}) == 1
    assert len(sandbox.bookings) == 1


async def test_a_retry_stops_after_two_more_attempts() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox))

    assert [exchange.attempt for exchange in run.steps[1].exchanges] == [1, 2, 3]


async def test_a_retry_waits_for_its_back_off() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=Heard(), uniform=lambda *_: 0.12)
        run = await runner.play(shipped()["quick_search"], target_for(sandbox))

    assert run.steps[1].duration_seconds > 0.24


async def test_a_retry_after_beyond_the_deadline_ends_the_step_at_once() -> None:
    began = time.monotonic()
    async with SandboxServer(faults=["rate_limited@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox), step_deadline_seconds=0.9)

    assert run.reason == FailureKind.RATE_LIMITED
    assert len(run.steps[1].exchanges) == 1
    assert time.monotonic() - began < 0.5


async def test_a_kept_connection_that_dies_unheard_is_dialled_anew_with_a_finding() -> None:
    """Reset at every search: the first died on a kept connection, so it is sent once more, then it is a failure."""
    async with SandboxServer(faults=["reset@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox))
        searches = [request.body for request in sandbox.requests if request.path.endswith("/events")]

    assert run.reason == FailureKind.RESET
    assert len(searches) == 2
    assert searches[0] == searches[1]
    assert FindingKind.KEPT_CONNECTION_DIED in {finding.kind for finding in run.findings}


@pytest.mark.parametrize("fault", [FaultName.SERVER_ERROR, FaultName.HANG, FaultName.RESET, FaultName.WRONG_STATUS])
async def test_a_confirmation_whose_answer_is_lost_is_never_sent_again_and_is_looked_up(fault: FaultName) -> None:
    async with SandboxServer(faults=[f"{fault}@confirm"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), step_deadline_seconds=0.2)
        confirmations = [request for request in sandbox.requests if b"yes, use this card" in request.body]
        booked = sandbox.bookings

    assert len(confirmations) == 1
    assert len(booked) == 1
    assert run.outcome is Outcome.FAILED
    assert run.bookings[0].state is BookingState.MADE
    assert run.steps[-1].exchanges[-1].operation is Operation.GET_SESSION
