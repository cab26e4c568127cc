"""`brekwatch run --repeat` and `--format junit`, as a CI job uses them."""

from __future__ import annotations

import asyncio
import json
import signal
from importlib import resources
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from support.commands import brekwatch, start, variables_of

from probes.sandbox.server import SandboxServer


def outcomes_of(out: str) -> list[str]:
    told = json.loads(out)
    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    jsonschema_rs.validator_for(schema).validate(told)
    return [f"{run['scenario']} {run['outcome']}" for run in told["runs"]]


async def test_repeated_scenarios_are_played_in_turns_and_a_table_tells_how_often_they_passed() -> None:
    async with SandboxServer(faults=["not_json@get_session"]) as sandbox:
        ended = await brekwatch(
            *("run", "quick_search", "golden_path_to_payment", "--repeat", "2", "--format", "json"),
            environment=variables_of(sandbox),
        )

    assert ended.exit_code == 1, ended
    assert outcomes_of(ended.out) == ["quick_search failed", "golden_path_to_payment passed"] * 2
    assert "(3 of 4)" in ended.err
    assert "quick_search            0 of 2          0%        too few     failed 2 (not_json 2)" in ended.err
    assert "golden_path_to_payment  2 of 2          100%      enough      passed 2" in ended.err


async def test_a_failed_run_is_fine_where_no_share_is_asked_for() -> None:
    async with SandboxServer(faults=["not_json@get_session"]) as sandbox:
        ended = await brekwatch(
            *("run", "quick_search", "--repeat", "2", "--min-pass", "0"), environment=variables_of(sandbox)
        )

    assert ended.exit_code == 0, ended


async def test_one_run_has_no_table() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("run", "quick_search", environment=variables_of(sandbox))

    assert "How often" not in ended.out
    assert "(1 of 1)" not in ended.out


async def test_junit_goes_to_stdout_alone() -> None:
    async with SandboxServer(faults=["markup@search"]) as sandbox:
        ended = await brekwatch(
            *("run", "quick_search", "decline_payment", "--repeat", "2", "--format", "junit"),
            environment=variables_of(sandbox),
        )
    root = ElementTree.fromstring(ended.out)  # noqa: S314 - our own document

    assert ended.exit_code == 0, ended
    assert [case.attrib["name"] for case in root.iter("testcase")] == [
        "quick_search #1",
        "decline_payment #1",
        "quick_search #2",
        "decline_payment #2",
    ]
    assert sandbox.api_key not in ended.out
    assert "How often did they pass?" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_repetition_tells_what_was_played_and_exits_3(number: signal.Signals) -> None:
    async with SandboxServer() as sandbox:
        process = await start(
            *("run", "quick_search", "golden_path_to_payment", "--repeat", "500", "--format", "json"),
            *("--min-pass", "0"),
            environment=variables_of(sandbox),
        )
        async with asyncio.timeout(10):
            while not sandbox.requests:
                await asyncio.sleep(0.01)
        sandbox.set_faults(["hang"])
        await asyncio.sleep(0.2)
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 10)
    told = outcomes_of(out.decode())

    assert process.returncode == 3
    assert told[-1].endswith("unknown")
    assert b"Interrupted. Not played: " in err
    assert b" times)" in err
    assert b"not played 49" in err or b"not played 4" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--repeat", "0"], "repeat", id="never"),
        pytest.param(["--repeat", "1001"], "repeat", id="far-too-often"),
        pytest.param(["--min-pass", "80"], "write it as 0.8 or as 80%", id="no-share"),
    ],
)
async def test_a_wrong_number_is_refused_before_anything_is_sent(arguments: list[str], said: str) -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("run", "quick_search", *arguments, environment=variables_of(sandbox))

    assert ended.exit_code == 2
    assert said in ended.err
    assert not sandbox.requests
