"""What the command does around the checks: when it stops early, what it tells meanwhile, what can't be written."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.commands import variables_of
from support.facts import a_run
from support.logging_state import logging_restored

from exporter.ready_command import check_readiness
from exporter.ready_live import CheckNews
from exporter.ready_plan import plan_lines
from exporter.ready_playing import in_turns
from exporter.ready_request import Places, ReadyRequest
from exporter.terminal import LiveRun
from probes import settings
from probes.readiness.model import Check, LeftOut, Plan, PlannedScenario
from probes.readiness.words import CheckState
from probes.sandbox.server import SandboxServer
from probes.words import Environment

PLAN = Plan(
    target="sandbox",
    base_url="https://sandbox.example",
    environment=Environment.SANDBOX,
    scenarios=(
        PlannedScenario(name="golden_path", times=2, requests=7, sends="1 session, 5 turns", leaves="booking"),
        PlannedScenario(name="quick_search", times=1, requests=3, sends="1 session, 1 turn", leaves="session"),
    ),
    left_out=(LeftOut(name="saved_card", why="there is no portal", cannot_tell=True),),
    requests=17,
    limit=100,
    limit_known=True,
)
NO_RETRY_PAUSE = {"uniform": lambda *_: 0.0}


async def ask(sandbox: SandboxServer, folder: Path, **wanted: Any) -> tuple[int, str]:
    """The exit code, and all that people saw."""
    variables = {**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{folder / 'journal.db'}"}
    request = ReadyRequest(**{"least": Fraction(1), **wanted})
    out = io.StringIO()
    with logging_restored(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = await check_readiness(settings.find(None, variables), request, folder, **NO_RETRY_PAUSE)
    return code, out.getvalue()


@pytest.mark.parametrize(
    ("fault", "sent", "why"),
    [
        pytest.param("auth_rejected", 1, "the key was turned away, so the rest was not sent", id="key"),
        pytest.param("reset", 2, "2 conversations in a row lost their first request", id="nobody-answers"),
    ],
)
async def test_the_rest_is_not_sent_where_that_helps_nobody(tmp_path: Path, fault: str, sent: int, why: str) -> None:
    async with SandboxServer(faults=[fault]) as sandbox:
        code, shown = await ask(sandbox, tmp_path)
        requests = len(sandbox.requests)

    assert code == 1, shown
    assert requests == sent
    assert why in shown


async def test_a_fault_in_the_middle_stops_nothing(tmp_path: Path) -> None:
    async with SandboxServer(faults=["auth_rejected@search"]) as sandbox:
        code, shown = await ask(sandbox, tmp_path, names=("quick_search", "golden_path_to_payment", "contract_files"))

    assert code == 1
    assert "(3 of 3)" in shown
    assert "broken off" not in shown


@pytest.mark.parametrize(("fault", "code"), [(None, 3), ("not_json@search", 1)], ids=["ready", "not-ready"])
async def test_a_document_that_can_t_be_written_makes_no_verdict_better(
    tmp_path: Path, fault: str | None, code: int
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    async with SandboxServer(faults=[fault] if fault else []) as sandbox:
        removed = asyncio.create_task(remove_meanwhile(folder, sandbox))
        places = Places(json=folder / "ready.json")
        told, shown = await ask(sandbox, tmp_path, names=("quick_search",), places=places)
        await removed

    assert told == code, shown
    assert f"{folder} is no folder" in shown


async def remove_meanwhile(folder: Path, sandbox: SandboxServer) -> None:
    while not sandbox.requests:
        await asyncio.sleep(0.001)
    folder.rmdir()


async def test_a_folder_that_takes_no_lock_is_said_and_the_check_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with SandboxServer() as sandbox:
        variables = {**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{tmp_path / 'journal.db'}"}
        request = ReadyRequest(names=("quick_search",), least=Fraction(1))
        out = io.StringIO()
        with logging_restored(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = await check_readiness(settings.find(None, variables), request, tmp_path / "file" / "state")

    assert code == 0
    assert "takes no lock" in out.getvalue()


async def test_a_check_told_as_passed_is_told_again_once_it_failed(tmp_path: Path) -> None:
    told = io.StringIO()
    states = iter([CheckState.PASSED, CheckState.PASSED, CheckState.FAILED, CheckState.FAILED])

    def judge() -> Iterable[Check]:
        yield replace(CHECK, state=next(states))
        yield replace(CHECK, check_id="scenario:golden_path")

    news = CheckNews(LiveRun(Console(file=told, width=200), str), judge)
    for _ in range(4):
        news.run_finished(a_run())

    assert [" ".join(line.split()) for line in told.getvalue().splitlines()] == [
        "passed so far latency",
        "check failed latency: 31 s",
    ]


CHECK = Check(check_id="latency", title="", source="", state=CheckState.PASSED, expected="30 s at most", seen="31 s")


async def test_the_limit_that_the_api_told_is_no_assumption(tmp_path: Path) -> None:
    async with SandboxServer(minute_quota=500) as sandbox:
        places = Places(json=tmp_path / "ready.json")
        _, told = await ask(sandbox, tmp_path, names=("quick_search",), places=places)

    plan = json.loads((tmp_path / "ready.json").read_bytes())["plan"]

    assert "60 requests a minute, which is assumed" in told
    assert "the key's limit is 500 a minute." in " ".join(told.split())
    assert (plan["limit"], plan["limit_known"]) == (500, True)


def test_repeats_come_in_turns() -> None:
    assert list(in_turns(PLAN)) == ["golden_path", "quick_search", "golden_path"]


def test_the_plan_says_what_is_sent_what_it_costs_and_what_may_be_left_behind() -> None:
    lines = list(plan_lines(PLAN))

    assert lines[0] == "sandbox is sandbox, at https://sandbox.example"
    assert "3 conversations will be played, 17 requests with this key:" in lines
    assert any("2 times  7 of the quota  1 session, 5 turns; books, and cancels afterwards" in line for line in lines)
    assert any("17% of a minute's quota (100 requests a minute)" in line for line in lines)
    assert "2 bookings may be left behind in the sandbox, if the API can't cancel them." in lines
    assert lines[-1] == "  left out  saved_card: there is no portal; so the verdict can't be ready"


def test_the_plan_of_production_says_that_it_only_reads() -> None:
    lines = list(plan_lines(replace(PLAN, environment=Environment.PRODUCTION)))

    assert "nothing is booked" in lines[1]


def test_a_plan_with_nothing_to_play_says_so() -> None:
    assert "Nothing would be sent: no scenario can be played." in plan_lines(replace(PLAN, scenarios=()))
