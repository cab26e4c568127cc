"""`brekwatch ready --card manual`: on a terminal of its own, with somebody who reads it and answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.commands import COMMAND, variables_of
from support.sandbox import VISA

from probes.sandbox.server import SandboxServer

_SETUP_URL = re.compile(r"http://127\.0\.0\.1:\d+/\S*(psu_\w+)")


class Screen:
    """A terminal with the command on it; somebody may read it and type."""

    def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
        self.process = process
        self.text = ""
        self._descriptor = descriptor

    async def until(self, wanted: str) -> str:
        """What stands on the screen once this does."""
        async with asyncio.timeout(30):
            while wanted not in self.text:
                await asyncio.sleep(0.02)
                self.look()
        return self.text

    def look(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # nothing new, or the command has hung up
            self.text += os.read(self._descriptor, 65536).decode()

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def end(self) -> int:
        """The exit code, once it ended."""
        async with asyncio.timeout(30):
            while self.process.returncode is None:
                self.look()
                await asyncio.sleep(0.02)
        self.look()
        return self.process.returncode or 0


@asynccontextmanager
async def screen_of(sandbox: SandboxServer, folder: Path, *arguments: str) -> AsyncIterator[Screen]:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    environment = {
        **variables_of(sandbox),
        "BREK_PORTAL_ATTACH_URL": "",
        "BREKWATCH_JOURNAL": f"sqlite:///{folder / 'journal.db'}",
        "XDG_STATE_HOME": str(folder / "state"),
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "ready", "--card", "manual", "--scenario", "golden_path", *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    try:
        yield Screen(process, ours)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)


async def add_card(sandbox: SandboxServer, text: str) -> None:
    found = _SETUP_URL.search(text)
    body = {"portalToken": found[1] if found else "", **VISA, "setAsDefault": True}
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.post(sandbox.attach_url, json=body)).raise_for_status()


async def test_a_person_opens_the_setup_url_adds_the_card_and_the_answer_is_ready(tmp_path: Path) -> None:
    document = tmp_path / "ready.json"
    async with SandboxServer() as sandbox, screen_of(sandbox, tmp_path, "--json", str(document)) as screen:
        shown = await screen.until("Then press Enter here")
        await add_card(sandbox, shown)
        screen.type("\n")
        code = await screen.end()
        booked = len(sandbox.bookings)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert code == 0, screen.text
    assert booked == 1
    assert f"It leads to {sandbox.base_url}" in shown
    assert "READY" in screen.text
    assert b"psu_" not in written


async def test_done_without_a_card_is_judged_as_the_api_answers_it(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, screen_of(sandbox, tmp_path) as screen:
        await screen.until("Then press Enter here")
        screen.type("\n")
        code = await screen.end()

    assert code == 1, screen.text
    assert "payment_setup_required" in screen.text


@pytest.mark.parametrize(
    ("typed", "arguments", "said"),
    [
        pytest.param("skip\n", [], "the person at the terminal skipped it", id="skipped"),
        pytest.param("", ["--card-wait", "300ms"], "nobody said within 300ms that it is there", id="nobody-there"),
        pytest.param("\x04", [], "the terminal was closed", id="end-of-file"),
    ],
)
async def test_a_card_that_nobody_adds_ends_in_can_t_tell(
    tmp_path: Path, typed: str, arguments: list[str], said: str
) -> None:
    async with SandboxServer() as sandbox, screen_of(sandbox, tmp_path, *arguments) as screen:
        await screen.until("Then press Enter here")
        screen.type(typed)
        code = await screen.end()
        booked = len(sandbox.bookings)

    assert code == 3, screen.text
    assert said in screen.text
    assert booked == 0


async def test_an_enter_of_before_is_no_answer(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, screen_of(sandbox, tmp_path, "--card-wait", "1s") as screen:
        screen.type("\n")
        code = await screen.end()

    assert code == 3, screen.text
    assert "nobody said within 1s" in screen.text


async def test_ctrl_c_instead_of_an_answer_ends_the_check(tmp_path: Path) -> None:
    async with SandboxServer() as sandbox, screen_of(sandbox, tmp_path) as screen:
        await screen.until("Then press Enter here")
        screen.process.send_signal(signal.SIGINT)
        code = await screen.end()

    assert code == 3, screen.text
    assert "it was interrupted" in screen.text
