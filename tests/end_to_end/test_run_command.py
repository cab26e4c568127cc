"""`brekwatch run`: what a person or a script sees, and the exit code that tells good, bad, wrong use and can't tell."""

from __future__ import annotations

import asyncio
import json
import signal
from importlib import resources
from pathlib import Path

import jsonschema_rs
import pytest
from support.commands import brekwatch, start, variables_of

from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped


async def test_the_golden_path_plays_with_three_variables_and_books_once() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("run", "golden_path", environment=variables_of(sandbox))
        bookings = len(sandbox.bookings)

    assert ended.exit_code == 0, ended
    assert bookings == 1
    for word in ("shortlist", "guest_name_required", "payment_setup_required", "booked", "request=", "trace=", " ms"):
        assert word in ended.out


async def test_without_a_name_all_scenarios_are_played() -> None:
    async with SandboxServer() as sandbox:
        ended = await brekwatch("run", environment=variables_of(sandbox))

    assert ended.exit_code == 0, ended
    for name in shipped():
        assert f"passed {name} on default" in ended.out


async def test_an_unreachable_reference_makes_a_lost_connection_the_monitor_s(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        'service: {reference: ["127.0.0.1:1"]}\n'
        "targets:\n  nowhere: {base_url: http://127.0.0.1:2, environment: sandbox, api_key: a-key-of-the-tests}\n"
    )
    ended = await brekwatch("run", "quick_search", "-c", str(config))

    assert ended.exit_code == 3
    assert "we are offline: no reference can be reached (127.0.0.1:1)" in ended.out


async def test_json_goes_to_stdout_alone_and_keeps_to_its_published_schema() -> None:
    async with SandboxServer(faults=["server_error@confirm"]) as sandbox:
        ended = await brekwatch(
            "run", "golden_path", "quick_search", "--format", "json", environment=variables_of(sandbox)
        )
    told = json.loads(ended.out)
    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    jsonschema_rs.validator_for(schema).validate(told)

    assert ended.exit_code == 1
    assert [run["outcome"] for run in told["runs"]] == ["failed", "passed"]
    assert told["runs"][0]["reason"] == "server_error"
    assert told["runs"][0]["steps"][-1]["failure"]["kind"] == "server_error"
    assert told["runs"][0]["steps"][-1]["exchanges"][0]["request_id"]
    assert "golden_path" in ended.err


@pytest.mark.parametrize("output", ["table", "json"])
async def test_neither_the_key_nor_a_portal_token_is_ever_shown(output: str) -> None:
    async with SandboxServer(faults=["server_error@confirm"]) as sandbox:
        ended = await brekwatch("run", "--format", output, environment=variables_of(sandbox))

    assert sandbox.api_key not in ended.out + ended.err
    assert "psu_" not in ended.out + ended.err


async def test_in_production_nothing_that_may_book_is_sent_and_the_exit_code_is_3() -> None:
    async with SandboxServer() as sandbox:
        environment = {**variables_of(sandbox), "BREK_ENVIRONMENT": "production"}
        golden = await brekwatch("run", "golden_path", environment=environment)
        sent = len(sandbox.requests)
        allowed = await brekwatch("run", environment=environment)
        bodies = b"".join(request.body for request in sandbox.requests)

    assert golden.exit_code == 3, golden
    assert "production" in golden.out
    assert sent == 0
    assert allowed.exit_code == 0, allowed
    assert "Left out" in allowed.out
    passed = {line.split()[1] for line in allowed.out.splitlines() if line.startswith("passed ")}
    assert passed == {"golden_path_to_payment", "quick_search"}
    assert b"yes" not in bodies
    assert b"portalToken" not in bodies


async def test_an_unreachable_server_is_a_failure_with_its_kind() -> None:
    async with SandboxServer() as sandbox:
        environment = variables_of(sandbox)
    ended = await brekwatch("run", "quick_search", environment=environment)

    assert ended.exit_code == 1
    assert "connect" in ended.out
    assert "Traceback" not in ended.out + ended.err


KEY_AND_URL = {"BREK_BASE_URL": "http://127.0.0.1:9", "BREK_PARTNER_API_KEY": "a-key-of-nobody"}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        pytest.param(["run", "golden_pth"], KEY_AND_URL, "did you mean golden_path?", id="unknown-scenario"),
        pytest.param(["run", "-t", "prod"], KEY_AND_URL, "no target 'prod'", id="unknown-target"),
        pytest.param(["run"], {"BREK_BASE_URL": "http://127.0.0.1:9"}, "BREK_PARTNER_API_KEY", id="no-key"),
        pytest.param(["run"], {"BREK_PARTNER_API_KEY": "a-key-of-nobody"}, "BREK_BASE_URL", id="no-url"),
        pytest.param(["run"], {**KEY_AND_URL, "BREK_BASE_URL": "ftp://x"}, "BREK_BASE_URL", id="bad-url"),
        pytest.param(["run"], {**KEY_AND_URL, "BREK_ENVIRONMENT": "prod"}, "BREK_ENVIRONMENT", id="bad-environment"),
        pytest.param(["run", "-c", "/nonexistent.yaml"], {}, "/nonexistent.yaml", id="no-config"),
        pytest.param(["serve"], KEY_AND_URL, "no probes", id="serve-without-probes"),
        pytest.param(["sandbox", "--port", "0", "--fault", "explode"], {}, "explode", id="unknown-fault"),
        pytest.param(["run", "--format", "xml"], KEY_AND_URL, "xml", id="unknown-format"),
        pytest.param(["dance"], {}, "dance", id="unknown-command"),
    ],
)
async def test_bad_input_gives_one_clear_message_and_exit_code_2(
    arguments: list[str], environment: dict[str, str], said: str
) -> None:
    ended = await brekwatch(*arguments, environment=environment)

    assert ended.exit_code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "a-key-of-nobody" not in ended.err


async def test_a_wrong_key_in_a_configuration_names_file_line_and_the_way_out(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text("targets:\n  sandbox:\n    base_url: http://127.0.0.1:9\n    api_kye: x\n")
    ended = await brekwatch("config", "check", "-c", str(config))

    assert ended.exit_code == 2
    assert f"{config}:4:" in ended.err
    assert "api_key" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_run_is_told_as_unknown_and_exits_3(number: signal.Signals) -> None:
    async with SandboxServer(faults=["hang@search"]) as sandbox:
        process = await start("run", "quick_search", "--format", "json", environment=variables_of(sandbox))
        while not any(request.path.endswith("/events") for request in sandbox.requests):
            await asyncio.sleep(0.02)
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 5)

    assert process.returncode == 3
    assert [run["outcome"] for run in json.loads(out)["runs"]] == ["unknown"]
    assert b"Traceback" not in err


async def test_help_and_version_teach() -> None:
    shown = [await brekwatch(*command, "--help") for command in ((), ("run",), ("serve",), ("demo",), ("sandbox",))]
    version = await brekwatch("--version")

    assert all(ended.exit_code == 0 for ended in shown)
    assert "brekwatch demo" in shown[0].out
    assert version.out.startswith("brekwatch 0.")


async def test_the_help_of_run_teaches_only_what_comes_to_an_end() -> None:
    ended = await brekwatch("run", "--help")

    assert "eval" not in ended.out
    assert "paste the three export lines" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("demo",), ("status page", "brek_probe_failures_total", "the first fault")),
        (("config", "check"), ("Exit code 0:", "2:")),
        (("scenarios", "check"), ("Exit code 0:", "2:")),
        (("run",), ("Exit code 0:", "1:", "2:", "3:", "reserve")),
    ],
)
async def test_the_help_of_a_command_names_its_exit_codes_or_what_to_look_at(
    command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ended = await brekwatch(*command, "--help")

    assert [word for word in words if word not in " ".join(ended.out.split())] == []


async def test_a_folder_without_scenarios_and_a_plan_beyond_its_quota_exit_with_2(tmp_path: Path) -> None:
    empty = await brekwatch("scenarios", "check", str(tmp_path))
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        "service: {listen: 0.0.0.0:9464}\n"
        "targets:\n  sandbox: {base_url: http://127.0.0.1:9, environment: sandbox, api_key: a-key-of-nobody, "
        "quota: {limit: 10}}\n"
        "probes:\n  - {scenario: quick_search, every: 1m}\n"
    )
    refused = await brekwatch("config", "check", "-c", str(config))

    assert (empty.exit_code, refused.exit_code) == (2, 2)
    assert f"{tmp_path}: there is no *.yaml in this folder" in empty.err
    assert "the probes plan 3.0 requests a minute, and may send 1.0" in refused.err
    assert "service.listen: 0.0.0.0 is reachable from elsewhere" in refused.err
    assert "sound" not in refused.out


async def test_scenarios_are_listed_shown_and_checked(tmp_path: Path) -> None:
    listed = await brekwatch("scenarios", "list")
    shown = await brekwatch("scenarios", "show", "golden_path")
    own = tmp_path / "own.yaml"
    own.write_text(shown.out.replace("name: golden_path", "name: my_own"))
    sound = await brekwatch("scenarios", "check", str(tmp_path))
    own.write_text(shown.out.replace("say:", "sya:"))
    broken = await brekwatch("scenarios", "check", str(own))

    assert [line.split()[0] for line in listed.out.splitlines()] == list(shipped())
    assert "yes, use this card" in shown.out
    assert (sound.exit_code, sound.out) == (0, "my_own: sound, 7 steps\n")
    assert broken.exit_code == 2
    assert f"{own}:" in broken.err
    assert "say" in broken.err
