"""When a readiness check stops waiting for the key's quota."""

from __future__ import annotations

import pytest
from support.facts import a_run, a_step, an_answer, an_exchange

from exporter.ready_playing import Waits
from probes.model import Run

RESERVE = 0.2


def run_told(remaining: int | None, limit: int | None = 60) -> Run:
    answer = an_answer(ratelimit_limit=limit, ratelimit_remaining=remaining)
    return a_run(steps=(a_step(exchanges=(an_exchange(answer=answer),)),))


def played(*runs: tuple[Run, bool]) -> Waits:
    waits = Waits(RESERVE)
    for run, waited in runs:
        waits.played(run, waited=waited)
    return waits


def test_two_minutes_that_made_no_room_are_enough() -> None:
    waits = played((run_told(0), True), (run_told(0), True))

    assert waits.in_vain is not None
    assert "x-ratelimit-remaining" in waits.in_vain


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param([], id="nothing was played"),
        pytest.param([(run_told(0), True)], id="only once"),
        pytest.param([(run_told(0), False), (run_told(0), False)], id="nobody waited"),
        pytest.param([(run_told(59), True), (run_told(59), True)], id="there was room again"),
        pytest.param([(run_told(0), True), (run_told(59), True), (run_told(0), True)], id="not in a row"),
        pytest.param([(run_told(None), True), (run_told(None, None), True)], id="no quota is told"),
        pytest.param([(run_told(13), True), (run_told(13), True)], id="just above the reserve"),
    ],
)
def test_waiting_goes_on_where_it_may_help(runs: list[tuple[Run, bool]]) -> None:
    assert played(*runs).in_vain is None
