"""The real command in a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from probes.sandbox.server import SandboxServer

COMMAND = str(Path(sys.executable).parent / "brekwatch")
_FOLDER = tempfile.TemporaryDirectory(prefix="brekwatch-tests-")
_journals = itertools.count()
_CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "XDG_STATE_HOME": f"{_FOLDER.name}/state",
    "LANG": "C.UTF-8",
    "COLUMNS": "160",
}

GOLDEN_PATH_EACH_SECOND = """
service:
  listen: 127.0.0.1:0
targets:
  sandbox:
    base_url: ${BREK_BASE_URL}
    api_key: ${BREK_PARTNER_API_KEY}
    portal: {attach_url: "${BREK_PORTAL_ATTACH_URL}"}
probes:
  - scenario: golden_path
    every: 1s
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


def variables_of(sandbox: SandboxServer) -> dict[str, str]:
    """What `brekwatch sandbox` would have printed."""
    return {
        "BREK_BASE_URL": sandbox.base_url,
        "BREK_PARTNER_API_KEY": sandbox.api_key,
        "BREK_PORTAL_ATTACH_URL": sandbox.attach_url,
    }


async def start(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    redirections: str = "",
    wrapper: Sequence[str] = (),
    out: int = asyncio.subprocess.PIPE,
    err: int = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Starts the command, in an environment without settings of this machine, with a journal of its own.

    `redirections` are the shell's, such as `>&-`; `wrapper` is a program that becomes the command, with its arguments;
    `out` and `err` are descriptors for its two streams.
    """
    shell = ("sh", "-c", f'exec "$0" "$@" {redirections}') if redirections else ()
    return await asyncio.create_subprocess_exec(
        *shell,
        *wrapper,
        COMMAND,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        env={**_CLEAN, "BREKWATCH_JOURNAL": _new_journal(), **(environment or {})},
    )


def _new_journal() -> str:
    return f"sqlite:///{_FOLDER.name}/{next(_journals)}.db"


async def brekwatch(*arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Runs the command to its end."""
    process = await start(*arguments, environment=environment)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    return Ended(process.returncode or 0, out.decode(), err.decode())
