"""`brekwatch ready`: the answer, its exit code and its documents, as a partner before launch gets them."""

from __future__ import annotations

import asyncio
import json
import signal
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from support.commands import brekwatch, start, variables_of

from probes.quota import requests_of
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped

ANOTHER_TENANT_S = 2  # of session_isolation, which are left out where no other_api_key is configured
NEEDED = sum(requests_of(scenario) for scenario in shipped().values()) - ANOTHER_TENANT_S
KEY_AND_URL = {"BREK_BASE_URL": "http://127.0.0.1:9", "BREK_PARTNER_API_KEY": "a-key-of-nobody"}


def checks_of(document: str) -> dict[str, str]:
    told = json.loads(document)
    schema = json.loads(resources.files("exporter").joinpath("schemas", "ready.schema.json").read_text())
    jsonschema_rs.validator_for(schema).validate(told)
    return {check["id"]: check["state"] for check in told["checks"]}


async def test_a_sound_api_is_ready_and_every_scenario_was_played() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("ready", environment=variables_of(sandbox))

    assert ended.exit_code == 0, ended
    assert "READY" in ended.out.splitlines()[0]
    assert f"{len(shipped())} conversations will be played, {NEEDED} requests with this key" in ended.err
    assert f"({len(shipped())} of {len(shipped())})" in ended.err
    assert "passed so far  key_accepted" in ended.err


async def test_documents_are_written_and_what_people_read_stays_on_the_terminal(tmp_path: Path) -> None:
    places = ("--json", str(tmp_path / "ready.json"), "--junit", str(tmp_path / "ready.xml"))
    async with SandboxServer() as sandbox:
        ended = await brekwatch("ready", *places, "--scenario", "quick_search", environment=variables_of(sandbox))
    states = checks_of((tmp_path / "ready.json").read_text())
    cases = ElementTree.parse(tmp_path / "ready.xml").getroot().iter("testcase")  # noqa: S314 - our own document

    assert ended.exit_code == 0, ended
    assert states["key_accepted"] == "passed"
    assert states["idempotency"] == "not_exercised"
    assert {case.attrib["name"] for case in cases} == states.keys()
    assert "READY" in ended.out


async def test_a_document_on_stdout_is_there_alone() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch(
            *("ready", "--json", "-", "--scenario", "quick_search"), environment=variables_of(sandbox)
        )

    assert checks_of(ended.out)["key_accepted"] == "passed"
    assert "READY" in ended.err


async def test_a_dry_run_says_what_it_would_cost_and_sends_nothing(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch(
            *("ready", "--dry-run", "--repeat", "2", "--json", str(tmp_path / "ready.json")),
            environment=variables_of(sandbox),
        )
        sent = len(sandbox.requests)

    assert ended.exit_code == 0, ended
    assert sent == 0
    assert f"{2 * len(shipped())} conversations will be played, {2 * NEEDED} requests with this key" in ended.out
    assert f"the quota of {2 * NEEDED / 60:.1f} minutes (60 requests a minute, which is assumed" in ended.out
    assert "6 bookings may be left behind" in ended.out
    assert not (tmp_path / "ready.json").exists()


@pytest.mark.parametrize("way", [pytest.param(["--dry-run"], id="dry"), pytest.param([], id="real")])
async def test_a_plan_beyond_max_requests_is_refused_before_anything_is_sent(way: list[str]) -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("ready", *way, "--max-requests", str(NEEDED - 1), environment=variables_of(sandbox))
        sent = len(sandbox.requests)

    assert ended.exit_code == 2
    assert f"{NEEDED} requests are needed, and --max-requests allows {NEEDED - 1}" in ended.err
    assert "--scenario" in ended.err
    assert sent == 0


async def test_retries_beyond_max_requests_are_not_sent_and_the_verdict_can_t_be_told(tmp_path: Path) -> None:
    document = tmp_path / "ready.json"
    async with SandboxServer(faults=["rate_limited@search"]) as sandbox:
        ended = await brekwatch(
            *("ready", "--scenario", "quick_search", "--max-requests", "3", "--json", str(document)),
            environment=variables_of(sandbox),
        )
        sent = len(sandbox.requests)

    assert ended.exit_code == 3, ended
    assert sent == 3
    assert "--max-requests 3 was reached" in ended.out
    assert json.loads(document.read_text())["requests_sent"] == 3


async def test_production_is_only_read() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("ready", environment={**variables_of(sandbox), "BREK_ENVIRONMENT": "production"})
        bodies = b"".join(request.body for request in sandbox.requests)
        keys = {dict(request.headers).get("x-partner-api-key") for request in sandbox.requests}
        booked = len(sandbox.bookings)

    assert ended.exit_code == 0, ended
    assert "ead-only" in ended.out
    assert "not exercised" in ended.out
    assert keys == {sandbox.api_key}
    assert booked == 0
    assert b'"kind"' not in bodies
    assert b"portalToken" not in bodies


async def test_production_refuses_what_may_book_even_if_it_is_named() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch(
            *("ready", "--scenario", "golden_path", "--scenario", "book_by_action", "--card", "manual"),
            environment={**variables_of(sandbox), "BREK_ENVIRONMENT": "production"},
        )
        sent = len(sandbox.requests)

    assert ended.exit_code == 3, ended
    assert sent == 0
    assert "production" in ended.err


async def test_without_a_portal_the_scenarios_with_a_card_can_t_be_told() -> None:
    async with SandboxServer() as sandbox:
        environment = {**variables_of(sandbox), "BREK_PORTAL_ATTACH_URL": ""}
        bare = await brekwatch("ready", environment=environment)
        manual = await brekwatch("ready", "--scenario", "golden_path", "--card", "manual", environment=environment)
        booked = len(sandbox.bookings)

    assert bare.exit_code == 3, bare
    assert "CAN'T TELL" in bare.out.upper()
    assert manual.exit_code == 3, manual
    assert "--card manual needs a terminal" in manual.err
    assert "psu_" not in manual.out + manual.err + bare.out + bare.err
    assert booked == 0


async def test_neither_the_key_nor_a_portal_token_is_ever_shown_or_written(tmp_path: Path) -> None:
    places = ("--json", str(tmp_path / "ready.json"), "--junit", str(tmp_path / "ready.xml"))
    async with SandboxServer(faults=["key_echoed@confirm"]) as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{tmp_path / 'journal.db'}"}
        ended = await brekwatch("ready", *places, "--scenario", "golden_path", environment=environment)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert ended.exit_code == 1, ended
    for secret in (sandbox.api_key, "psu_"):
        assert secret not in ended.out + ended.err
        assert secret.encode() not in written


async def test_runs_are_kept_with_the_command_that_played_them(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{tmp_path / 'journal.db'}"}
        await brekwatch("ready", "--scenario", "quick_search", environment=environment)
        runs = await brekwatch("runs", "--format", "json", environment=environment)

    assert [run["scenario"] for run in json.loads(runs.out)["runs"]] == ["quick_search"]


async def test_a_second_check_with_the_same_key_is_told_who_is_there_first(tmp_path: Path) -> None:
    async with SandboxServer(faults=["hang"]) as sandbox:
        environment = {**variables_of(sandbox), "XDG_STATE_HOME": str(tmp_path)}
        first = await start("ready", environment=environment)
        async with asyncio.timeout(10):
            while not sandbox.requests:
                await asyncio.sleep(0.01)
        sent = len(sandbox.requests)
        second = await brekwatch("ready", environment=environment)
        added = len(sandbox.requests) - sent
        first.send_signal(signal.SIGINT)
        await asyncio.wait_for(first.communicate(), 10)
    left = list((tmp_path / "brekwatch").iterdir())

    assert second.exit_code == 3
    assert f"process {first.pid}, since 20" in second.err
    assert added == 0
    assert left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_check_cleans_up_tells_what_it_saw_and_exits_3(
    tmp_path: Path, number: signal.Signals
) -> None:
    document = tmp_path / "ready.json"
    async with SandboxServer(faults=["hang@done"]) as sandbox:
        process = await start(
            *("ready", "--scenario", "golden_path", "--scenario", "contract_files", "--json", str(document)),
            environment=variables_of(sandbox),
        )
        async with asyncio.timeout(10):
            while not any(b"Done" in request.body for request in sandbox.requests):
                await asyncio.sleep(0.01)
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 10)
    told = json.loads(document.read_text())

    assert process.returncode == 3, (out, err)
    assert told["verdict"] == "cannot_tell"
    assert "interrupted" in told["sentence"]
    assert [run["outcome"] for run in told["runs"]] == ["passed", "unknown"]
    assert b"CAN'T TELL" in out.upper()
    assert b"Traceback" not in err


async def test_being_offline_is_the_monitor_s_trouble_never_the_api_s(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        'service: {reference: ["127.0.0.1:1"]}\n'
        "targets:\n  nowhere: {base_url: http://127.0.0.1:2, environment: sandbox, api_key: a-key-of-the-tests}\n"
    )
    ended = await brekwatch("ready", "-c", str(config))

    assert ended.exit_code == 3, ended
    assert "we are offline" in ended.out


async def test_a_journal_that_can_t_be_written_is_the_monitor_s_trouble(tmp_path: Path) -> None:
    broken = tmp_path / "journal.db"
    broken.mkdir()
    async with SandboxServer() as sandbox:
        ended = await brekwatch(
            "ready", environment={**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{broken}"}
        )
        booked = len(sandbox.bookings)

    assert ended.exit_code == 3, ended
    assert booked == 0
    assert "Traceback" not in ended.err


async def test_a_full_disk_turns_ready_into_can_t_tell() -> None:
    async with SandboxServer() as sandbox:
        process = await start(
            *("ready", "--json", "-", "--scenario", "quick_search"),
            environment=variables_of(sandbox),
            redirections=">/dev/full",
        )
        _, err = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 3
    assert b"stdout can't be written" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--json", "/nonexistent/ready.json"], "/nonexistent is no folder: make it first", id="no-folder"),
        pytest.param(["--junit", "/tmp"], "it is a folder: name a file in it", id="a-folder"),  # noqa: S108 - not written
        pytest.param(["--html", f"{'long' * 100}.html"], "it can't be written: File name too long", id="long-name"),
        pytest.param(["--json", "-", "--junit", "-"], "name the same place", id="stdout-twice"),
        pytest.param(["--scenario", "golden_pth"], 'did you mean "golden_path"?', id="unknown-scenario"),
        pytest.param(["-t", "prod"], "no target 'prod'", id="unknown-target"),
        pytest.param(["--latency-budget", "fast"], "--latency-budget fast: it must be a duration", id="no-duration"),
        pytest.param(["--card-wait", "long"], "--card-wait long: it must be a duration", id="no-wait"),
        pytest.param(["--min-pass", "80"], "write it as 0.8 or as 80%", id="no-share"),
        pytest.param(["--waivers", "/nonexistent.yaml"], "/nonexistent.yaml", id="no-waivers"),
        pytest.param(["--max-requests", "0"], "max-requests", id="no-requests"),
        pytest.param(["--repeat", "0"], "repeat", id="never"),
        pytest.param(["-c", "/nonexistent.yaml", "--dry-run"], "/nonexistent.yaml", id="no-config"),
    ],
)
async def test_what_can_t_be_asked_so_is_refused_before_anything_is_sent(arguments: list[str], said: str) -> None:
    ended = await brekwatch("ready", *arguments, environment=KEY_AND_URL)

    assert ended.exit_code == 2, ended
    assert said in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert "a-key-of-nobody" not in ended.err
