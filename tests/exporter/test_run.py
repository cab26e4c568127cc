from __future__ import annotations

import asyncio
import io
import json
import logging
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console
from support.facts import SEARCH, a_target
from support.hasty import HastyLoop
from support.logging_state import logging_restored
from support.playing import Heard, target_for
from support.reloads import Site

from exporter.run import choose_target, named, play_all, play_now
from exporter.run_request import RunFormat, RunRequest
from exporter.terminal import Terminal
from probes.errors import UsageError
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.turns import Turns
from probes.words import Outcome

SCENARIOS = {"quick_search": SEARCH, "golden_path": SEARCH}


def test_the_only_target_needs_no_name() -> None:
    target = a_target()

    assert choose_target({"acme": target}, None) is target


def test_of_several_targets_one_must_be_chosen() -> None:
    targets = {"acme": a_target(), "other": a_target(name="other")}

    assert choose_target(targets, "other").name == "other"
    with pytest.raises(UsageError, match="choose one with -t: acme, other"):
        choose_target(targets, None)


def test_a_target_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="no target 'prod'; there are: acme"):
        choose_target({"acme": a_target()}, "prod")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("quick_serch", "did you mean quick_search?"), ("xyzzy", "there are: quick_search, golden_path")],
)
def test_a_scenario_that_is_not_there_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        named(SCENARIOS, name)

    assert hint in str(refused.value)


async def test_what_a_library_says_meanwhile_is_told_without_secrets(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("quick_search",)
    request = RunRequest(names=names, target=None, output=RunFormat.TABLE, repeat=1, least=Fraction(1))
    async with SandboxServer() as sandbox:
        with logging_restored():
            await play_now(Site(tmp_path, sandbox).find(), request)
            logging.getLogger("sqlalchemy.pool").warning("it was sent %s", sandbox.api_key)
            logging.getLogger("httpx").info("GET %s", sandbox.base_url)
    (line,) = capfd.readouterr().err.splitlines()

    assert json.loads(line)["message"] == "it was sent ***"


def test_runs_that_would_touch_the_key_s_reserve_wait_say_so_once_and_are_all_played() -> None:
    loop, heard, said = HastyLoop(), Heard(), io.StringIO()
    planned = [shipped()[name] for name in ("quick_search", "golden_path_to_payment", "quick_search")]

    async def scene() -> None:
        async with SandboxServer(minute_quota=10, now=loop.wall) as sandbox:
            target = target_for(sandbox)
            turns = Turns([target], monotonic=loop.time)
            runner = Runner(ledger=MemoryLedger(), listener=Listeners(heard, turns))
            await play_all(runner, turns, planned, target, Terminal(Console(file=said), str))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(scene())
    (line,) = said.getvalue().splitlines()

    assert [run.outcome for run in heard.runs] == [Outcome.PASSED] * 3
    assert {exchange.status_code for exchange in heard.exchanges} <= {200, 201}
    assert line.startswith("Waiting 60 s, before quick_search is played: 3 of 10 requests a minute are left")
    assert loop.time() > 60
