"""What retries hide is still seen: a server that refuses three in ten first attempts."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest
from support.facts import a_probe
from support.guide import GuideServer, gateway_error
from support.playing import Heard, target_for
from support.prometheus import value, values
from support.wire import Received, Reply

from exporter.recorder import Recorder
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.runner import Runner
from probes.scenario_files import shipped
from probes.words import Outcome

RUNS = 400
AT_ONCE = 10
SHARE = 0.3
REFUSALS = {
    "server_error": ("503", Reply(status_code=503, body={"success": False, "error": "Later.", "requestId": "r"})),
    "rate_limited": ("429", gateway_error(429, "rate_limited")),
}


@pytest.mark.parametrize("reason", REFUSALS)
async def test_refused_first_attempts_are_counted_degrade_their_runs_and_fail_none(reason: str) -> None:
    status_code, refusal = REFUSALS[reason]
    chance = Random(reason)  # noqa: S311 - the same share in every run of the test
    came: Counter[str] = Counter()

    def refuses(received: Received) -> Reply | None:
        if received.attempt > 1:
            return None
        refused = chance.random() < SHARE
        came.update(first=1, refused=refused)
        return refusal if refused else None

    recorder, heard = Recorder(), Heard()
    quick_search = shipped()["quick_search"]
    runner = Runner(ledger=MemoryLedger(), listener=Listeners(recorder, heard), uniform=lambda *_: 0.0)
    async with GuideServer(refuses=refuses) as server:
        target = target_for(server)
        recorder.expect([target], [a_probe(target=target.name)], {quick_search.name: quick_search}, "eu-1")

        async def play_some() -> None:
            for _ in range(RUNS // AT_ONCE):
                await runner.play(quick_search, target)

        await asyncio.gather(*(play_some() for _ in range(AT_ONCE)))

    unexpected = value(recorder, "brek_probe_http_requests_total", expected="false")
    assert unexpected == came["refused"] == value(recorder, "brek_probe_http_requests_total", status_code=status_code)
    assert came["first"] == 3 * RUNS
    assert abs(unexpected / came["first"] - SHARE) <= 0.03

    hit = Counter(any(len(step.exchanges) > 1 for step in run.steps) for run in heard.runs)
    outcomes = {outcome: count for (outcome, *_), count in values(recorder, "brek_probe_runs_total").items() if count}
    assert outcomes == {Outcome.DEGRADED: hit[True], Outcome.PASSED: hit[False]}
    assert {run.reason for run in heard.runs} == {None, reason}
    assert value(recorder, "brek_probe_failures_total") == 0
    assert value(recorder, "brek_probe_objective_runs_total", result="bad") == 0
