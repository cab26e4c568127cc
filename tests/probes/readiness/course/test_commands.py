from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from probes.errors import UsageError
from probes.readiness.course.commands import Ended, run_command
from probes.readiness.course.output import Output
from probes.redaction import Scrubber, Secret

_KEY = "sandbox-key-0123456789abcdef"
_STUBBORN = "trap '' TERM; echo $$ > {file}; while :; do sleep 0.05; done"


def output() -> Output:
    return Output(Scrubber([Secret(_KEY)]).text)


async def run(*command: str, seconds: float = 10.0, into: Output | None = None) -> Ended:
    return await run_command(command, {"PATH": os.environ["PATH"]}, into or output(), timeout_seconds=seconds)


async def number_in(path: Path) -> int:
    """The process number that a command writes there."""
    async with asyncio.timeout(5):
        while not (path.exists() and path.read_text().strip()):
            await asyncio.sleep(0.01)
    return int(path.read_text())


def is_there(number: int) -> bool:
    """Whether it still runs: one that only waits to be reaped doesn't."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9)], ids=["good", "error", "killed"]
)
async def test_the_exit_code_is_the_commands(script: str, code: int) -> None:
    assert await run("sh", "-c", script) == Ended(exit_code=code)


async def test_a_command_has_its_environment_alone_and_nothing_to_read() -> None:
    said = output()
    await run("sh", "-c", "env | cut -d= -f1 | grep -v '^PWD$\\|^_$\\|^SHLVL$\\|^OLDPWD$'; cat", into=said)

    assert said.last_lines == ("PATH",)


async def test_both_streams_are_kept_in_their_order() -> None:
    said = output()
    await run("sh", "-c", "echo one; echo two >&2; printf three", into=said)

    assert said.last_lines == ("one", "two", "three")


async def test_a_command_that_takes_too_long_is_ended() -> None:
    assert await run("sleep", "60", seconds=0.1) == Ended(exit_code=None, timed_out=True)


async def test_a_command_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.readiness.course.commands._GRACE_SECONDS", 0.1)
    file = tmp_path / "number"
    ended = await run("sh", "-c", _STUBBORN.format(file=file), seconds=0.5)

    assert ended.timed_out
    assert not is_there(await number_in(file))


async def test_what_a_command_leaves_behind_is_ended_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    file = tmp_path / "number"
    async with asyncio.timeout(5):
        ended = await run("sh", "-c", f"sleep 60 & echo $! > {file}")

    assert ended == Ended(exit_code=0)
    assert not is_there(await number_in(file))


async def test_no_command_outlives_one_who_is_cancelled_even_twice(tmp_path: Path) -> None:
    file = tmp_path / "number"
    running = asyncio.create_task(run("sh", "-c", _STUBBORN.format(file=file)))
    number = await number_in(file)
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0.05)
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert not is_there(number)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nonexistent/program", "no such file or directory"),
        ("/etc", "permission denied"),
        ("a\0b", "embedded null byte"),
    ],
    ids=["absent", "no_program", "no_name"],
)
async def test_a_command_that_cannot_be_started_is_a_usage_error(command: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"can't be started: {why}"):
        await run(command)


def test_the_last_lines_are_kept_and_hold_no_secret_however_they_arrive() -> None:
    said = output()
    for byte in "".join(f"line {number} {_KEY}\n" for number in range(30)).encode():
        said.feed(bytes([byte]))

    assert said.last_lines == tuple(f"line {number} ***" for number in range(10, 30))


def test_a_line_is_fit_for_a_terminal_and_bounded() -> None:
    said = output()
    said.feed(b"\x1b[31mred\x1b[0m \xff\n" + b"x" * 1_000_000)
    said.close()

    assert said.last_lines[0] == "\ufffd[31mred\ufffd[0m \ufffd"
    assert len(said.last_lines[1]) == 500


def test_lines_are_shown_as_they_end() -> None:
    shown: list[str] = []
    said = Output(str, show=shown.append)
    said.feed(b"one\n\ntw")
    assert shown == ["one", ""]
    said.feed(b"o")
    said.close()

    assert shown == ["one", "", "two"]


async def test_a_command_that_writes_without_end_is_still_ended_in_time() -> None:
    said = output()
    ended = await run(sys.executable, "-c", "while True: print('x' * 100)", seconds=0.5, into=said)

    assert ended.timed_out
    assert len(said.last_lines) == 20
