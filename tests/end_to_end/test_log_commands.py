"""The README's commands for finding a request, tried on the log of a real service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from support.reloads import Site
from support.serving import served

from probes.sandbox.server import SandboxServer

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = [line.strip() for line in README.splitlines() if line.startswith("    jq ")]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service that saw ids that disagree, and then a search that failed."""
    folder = tmp_path_factory.mktemp("log")
    (folder / "brekwatch.log").write_text(asyncio.run(_log_of_a_service(folder)))
    return folder


async def _log_of_a_service(folder: Path) -> str:
    async with SandboxServer(faults=["mismatched_ids@search"]) as sandbox, served(Site(folder, sandbox)) as service:
        await service.until("finding_seen")
        sandbox.set_faults(["wrong_status@search"])
        await service.until("run_finished", outcome="failed")
        await service.end()
    return "\n".join(json.dumps(event) for event in service.told)


@pytest.mark.parametrize("command", COMMANDS, ids=["any id", "a whole run", "failed runs", "findings"])
async def test_each_command_finds_what_it_is_said_to_find(log: Path, command: str) -> None:
    told = [json.loads(line) for line in (log / "brekwatch.log").read_text().splitlines()]
    failed = next(event for event in told if event["event"] == "step_failed")
    shell = await asyncio.create_subprocess_shell(
        command,
        cwd=log,
        env={"PATH": "/usr/bin:/bin", "ID": failed["request_id"], "RUN": failed["run_id"]},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await shell.communicate()

    assert shell.returncode == 0
    assert failed["run_id"] in out.decode() or failed["request_id"] in out.decode() or "correlation" in out.decode()
