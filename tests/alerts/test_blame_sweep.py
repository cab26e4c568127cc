"""Each fault of the sandbox at each step of the golden path: never the monitor's, never the network's."""

from __future__ import annotations

import asyncio

import pytest
from support.playing import play, target_for

from alerts.blame import blame_of_run
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.words import Blame, Outcome

STEPS = ("create_session", "search", "book", "name", "attach_card", "done", "confirm")
ENDLESS = frozenset({FaultName.HANG, FaultName.DRIP})
_KEY = frozenset({Blame.CREDENTIALS, Blame.API})
MAY_BE: dict[FaultName, frozenset[Blame]] = {
    **dict.fromkeys(FaultName, frozenset({Blame.API})),
    FaultName.AUTH_MISSING: _KEY,
    FaultName.AUTH_REJECTED: _KEY,
    FaultName.KEY_ECHOED: _KEY,
    FaultName.RATE_LIMITED: frozenset({Blame.QUOTA, Blame.API}),
    FaultName.RATE_LIMITED_BARE: frozenset({Blame.QUOTA, Blame.API}),
    FaultName.WRONG_STATUS: frozenset({Blame.CONVERSATION, Blame.API}),
}


async def blamed(fault: FaultName, step: str) -> Blame | None:
    seconds = 0.4 if fault in ENDLESS else 5.0
    async with SandboxServer(faults=[f"{fault}@{step}"], slow_seconds=0.05) as sandbox:
        run = await play(
            "golden_path", target_for(sandbox), deadline_seconds=2 * seconds, step_deadline_seconds=seconds
        )
        return blame_of_run(run) if run.outcome is Outcome.FAILED else None


@pytest.mark.parametrize("fault", FaultName)
async def test_a_fault_of_the_api_is_told_as_one_wherever_it_strikes(fault: FaultName) -> None:
    told = dict(zip(STEPS, await asyncio.gather(*(blamed(fault, step) for step in STEPS)), strict=True))

    assert {step: blame for step, blame in told.items() if blame not in {None, *MAY_BE[fault]}} == {}


@pytest.mark.parametrize("fault", [FaultName.AUTH_MISSING, FaultName.AUTH_REJECTED, FaultName.KEY_ECHOED])
async def test_a_refused_key_is_the_keys_fault_at_the_first_request_only(fault: FaultName) -> None:
    told = await asyncio.gather(*(blamed(fault, step) for step in ("create_session", "search", "confirm")))

    assert told == [Blame.CREDENTIALS, Blame.API, Blame.API]
