"""`brekwatch audit sandbox` as a user starts it: with a command, without one, stopped, and asked for what can't be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest
from support import course_client
from support.commands import brekwatch, start

_CLIENT = (sys.executable, course_client.__file__)
_QUICK = ("--situation", "normal_booking", "--situation", "decline")
_CREATE = "/api/partner/v1/core-chat/sessions"


def rules_of(document: str) -> dict[str, str]:
    """The state of each rule."""
    return {rule["id"]: rule["state"] for rule in json.loads(document)["rules"]}


def number_in(path: Path) -> int | None:
    """The process number that a command wrote there, if it has."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.endswith("\n") else None


def is_there(number: int) -> bool:
    """Whether it still runs: one that only waits to be reaped doesn't."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def exports_of(process: asyncio.subprocess.Process) -> dict[str, str]:
    """The variables that it printed for a shell."""
    assert process.stdout is not None
    async with asyncio.timeout(10):
        lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    return dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)


async def stopped(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
    """How it ended after that signal."""
    os.kill(process.pid, number)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_good_client_ends_with_0_and_a_line_for_each_situation(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    ended = await brekwatch("audit", "sandbox", "--json", str(file), "--build", "1.4.2", *_QUICK, "--", *_CLIENT)
    document = json.loads(file.read_text())

    assert ended.exit_code == 0, ended.out + ended.err
    assert [line.split() for line in ended.err.splitlines()] == [
        ["1/2", "normal_booking", "6", "requests,", "ended", "with", "exit", "code", "0"],
        ["2/2", "decline", "6", "requests,", "ended", "with", "exit", "code", "0"],
    ]
    assert (document["verdict"], document["build"]) == ("ready", "1.4.2")
    assert [situation["exit_code"] for situation in document["situations"]] == [0, 0]


async def test_a_client_that_confirms_too_early_ends_with_1_and_its_exchange() -> None:
    ended = await brekwatch("audit", "sandbox", "--json", "-", "--situation", "done_before_card", "--", *_CLIENT)
    broken = [rule for rule in json.loads(ended.out)["rules"] if rule["state"] == "broken"]

    assert ended.exit_code == 1
    assert [rule["id"] for rule in broken] == ["branch_on_status"]
    assert broken[0]["exchanges"]


async def test_a_client_that_ends_early_is_judged_by_what_it_sent_and_its_last_words_are_told() -> None:
    ended = await brekwatch("audit", "sandbox", "--json", "-", "--situation", "auth_rejected", "--", *_CLIENT)
    rules = rules_of(ended.out)

    assert rules["content_type"] == "kept"
    assert "auth_rejected: the command ended with exit code 1" in ended.err
    assert "ended by HTTP Error 403: Forbidden, key ***" in ended.err


@pytest.mark.parametrize("show", [(), ("--show-output",)], ids=["hidden", "shown"])
async def test_what_a_client_says_is_shown_if_wanted_and_never_with_its_key(show: tuple[str, ...]) -> None:
    script = 'echo "the key is $BREK_PARTNER_API_KEY, here"; exec "$0" "$@"'
    command = ("sh", "-c", script, *_CLIENT)
    ended = await brekwatch("audit", "sandbox", *show, "--situation", "saved_card", "--", *command)

    assert ("the key is ***, here" in ended.err) is bool(show)
    assert "sandbox-key" not in ended.out + ended.err


async def test_the_key_stands_in_nobodys_arguments(tmp_path: Path) -> None:
    found = tmp_path / "arguments"
    script = f'cat /proc/$$/cmdline /proc/$PPID/cmdline > {found}; printf %s "$BREK_PARTNER_API_KEY" > {found}.key'
    await brekwatch("audit", "sandbox", "--situation", "decline", "--", "sh", "-c", script)

    assert b"audit\0sandbox" in found.read_bytes()
    assert Path(f"{found}.key").read_bytes().startswith(b"sandbox-key-")
    assert Path(f"{found}.key").read_bytes() not in found.read_bytes()


async def test_a_command_gets_the_four_variables_and_keeps_its_own(tmp_path: Path) -> None:
    found = tmp_path / "variables"
    await brekwatch(
        *("audit", "sandbox", "--situation", "decline", "--", "sh", "-c", f"env > {found}"),
        environment={"MY_SETTING": "mine"},
    )
    variables = dict(line.split("=", 1) for line in found.read_text().splitlines())

    assert variables["MY_SETTING"] == "mine"
    assert variables["BREKWATCH_SITUATION"] == "decline"
    assert variables["BREK_BASE_URL"].startswith("http://127.0.0.1:")
    assert variables["BREK_PORTAL_ATTACH_URL"].endswith("/portal/api/attach")


async def test_a_command_that_sends_nothing_ends_with_3() -> None:
    ended = await brekwatch("audit", "sandbox", *_QUICK, "--", "true")

    assert ended.exit_code == 3
    assert "sent nothing to the API" in ended.out
    assert "PROXY" not in ended.out


async def test_a_client_that_a_proxy_may_have_led_elsewhere_is_told_the_way_out() -> None:
    proxied = {"HTTP_PROXY": "http://proxy.example:3128"}
    ended = await brekwatch("audit", "sandbox", "--situation", "decline", "--", "true", environment=proxied)

    assert "HTTP_PROXY is set for the command" in ended.out
    assert "put 127.0.0.1 into NO_PROXY" in ended.out


async def test_a_full_disk_is_told_in_words_and_is_no_good_end() -> None:
    command = ("audit", "sandbox", "--situation", "saved_card", "--", *_CLIENT)
    process = await start(*command, redirections=">/dev/full")
    _, err = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 3
    assert b"brekwatch: stdout can't be written: No space left on device" in err


async def test_a_command_that_hangs_is_ended_and_told_so(tmp_path: Path) -> None:
    file = tmp_path / "number"
    began = time.monotonic()
    command = ("sh", "-c", f"echo $$ > {file}; exec sleep 60")
    ended = await brekwatch("audit", "sandbox", "--timeout", "0.5", "--situation", "decline", "--", *command)

    assert ended.exit_code == 3
    assert "took too long and was ended" in ended.err
    assert not is_there(number_in(file) or 0)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nonexistent/client",), "/nonexistent/client can't be started: no such file or directory"),
        (("sh", "-c", "exec no_such_client"), "exit code 127: there is no such program"),
    ],
    ids=["absent", "absent_to_the_shell"],
)
async def test_a_command_that_is_not_there_ends_with_2(command: tuple[str, ...], why: str) -> None:
    ended = await brekwatch("audit", "sandbox", "--", *command)

    assert (ended.exit_code, ended.out) == (2, "")
    assert why in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--json", "{folder}/absent/a.json"), "absent is no folder: make it first"),
        (("--log", "{folder}/absent/client.log"), "there is no folder"),
        (("--attest", "{folder}/absent.yaml"), "absent.yaml"),
        (("--compare", "{folder}/absent.json"), "absent.json: it can't be read"),
        (("--timeout", "nan"), "--timeout must be more than 0"),
        (("--situation", "declin"), 'declin: no such situation; did you mean "decline"?'),
    ],
    ids=["json", "log", "attest", "compare", "timeout", "situation"],
)
async def test_what_cannot_be_used_is_said_before_anything_is_played(
    options: tuple[str, str], why: str, tmp_path: Path
) -> None:
    played = tmp_path / "played"
    option, value = options
    ended = await brekwatch(
        *("audit", "sandbox", option, value.format(folder=tmp_path), "--", "touch", str(played)),
    )

    assert (ended.exit_code, ended.out) == (2, "")
    assert why in ended.err
    assert not played.exists()


async def test_a_busy_port_ends_with_2() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ended = await brekwatch("audit", "sandbox", "--port", str(port), "--", "true")

    assert ended.exit_code == 2
    assert f"port {port}" in ended.err


@pytest.mark.parametrize("times", [1, 3], ids=["once", "impatiently"])
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["ctrl_c", "sigterm", "terminal_gone"]
)
async def test_a_course_that_is_broken_off_judges_nothing_and_leaves_nothing_behind(
    number: signal.Signals, times: int, tmp_path: Path
) -> None:
    file, document = tmp_path / "number", tmp_path / "audit.json"
    script = f"trap '' TERM INT; echo $$ > {file}; while :; do sleep 0.1; done"
    process = await start("audit", "sandbox", "--json", str(document), "--", "sh", "-c", script)
    async with asyncio.timeout(10):
        while (client := number_in(file)) is None:
            await asyncio.sleep(0.02)
    for _ in range(times - 1):
        os.kill(process.pid, number)
        await asyncio.sleep(0.1)
    exit_code, out, err = await stopped(process, number)

    assert (exit_code, out) == (3, "")
    assert err.endswith("Stopped before the course was over: nothing is judged.\n")
    assert not is_there(client)
    assert not document.exists()


async def test_without_a_command_each_session_meets_the_next_situation_and_ctrl_c_judges(tmp_path: Path) -> None:
    document = tmp_path / "audit.json"
    chosen = ("--situation", "normal_booking", "--situation", "auth_rejected")
    process = await start("audit", "sandbox", "--json", str(document), *chosen)
    variables = await exports_of(process)
    headers = {"x-partner-api-key": variables["BREK_PARTNER_API_KEY"]}
    async with httpx.AsyncClient(base_url=variables["BREK_BASE_URL"], headers=headers, trust_env=False) as http:
        bodies = [{"actor": {"actorId": f"guest-{number}"}} for number in (1, 2, 3)]
        codes = [(await http.post(_CREATE, json=body)).status_code for body in bodies]
    exit_code, out, err = await stopped(process)
    told = [line.split(":")[1].split(",")[0].strip() for line in err.splitlines() if line.startswith("A new session")]
    situations = json.loads(document.read_text())["situations"]

    assert codes == [200, 403, 200]
    assert told == ["normal_booking", "auth_rejected", "normal_booking"]
    assert [(each["name"], each["exit_code"], each["reached"]) for each in situations] == [
        ("normal_booking", None, False),
        ("auth_rejected", None, True),
    ]
    assert exit_code == (0 if "broken" not in rules_of(document.read_text()).values() else 1)
    assert "Traceback" not in out + err


async def test_without_a_command_and_a_request_nobody_can_tell() -> None:
    process = await start("audit", "sandbox")
    await exports_of(process)
    exit_code, out, _ = await stopped(process)

    assert exit_code == 3
    assert "sent nothing to the API" in out


async def test_a_log_is_read_situation_by_situation(tmp_path: Path) -> None:
    log = tmp_path / "client.log"
    log.write_text("booked long ago\n")
    command = ("sh", "-c", f'echo "key $BREK_PARTNER_API_KEY" >> {log}; exec "$0" "$@"', *_CLIENT)
    ended = await brekwatch(
        *("audit", "sandbox", "--json", "-", "--log", str(log), "--situation", "decline", "--", *command),
    )
    rules = {rule["id"]: rule for rule in json.loads(ended.out)["rules"]}

    assert rules["logs_no_secret"]["state"] == "broken"
    assert rules["no_booking_claim_before_booked"]["state"] == "kept"
    assert "sandbox-key" not in ended.out + ended.err
