"""`brekwatch config init|schema` and `scenarios schema`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

from support.commands import brekwatch, variables_of

from probes.sandbox.server import SandboxServer


async def test_from_nothing_to_a_sound_configuration_and_a_run(tmp_path: Path) -> None:
    path = str(tmp_path / "own.yaml")
    written = await brekwatch("config", "init", path)
    again = await brekwatch("config", "init", path)
    async with SandboxServer() as sandbox:
        checked = await brekwatch("config", "check", "-c", path, environment=variables_of(sandbox))
        played = await brekwatch("run", "golden_path", "-c", path, environment=variables_of(sandbox))

    assert (written.exit_code, written.err) == (0, "")
    assert (again.exit_code, again.err.count("\n")) == (2, 1)
    assert "is there already" in again.err
    assert (checked.exit_code, played.exit_code) == (0, 0), (checked, played)


async def test_a_dash_prints_the_configuration_and_writes_nothing(tmp_path: Path) -> None:
    printed = await brekwatch("config", "init", "-")

    assert printed.exit_code == 0
    assert printed.out.startswith("# yaml-language-server: $schema=")
    assert not Path("-").exists()


async def test_the_schemas_are_printed_on_stdout() -> None:
    config, scenario = await brekwatch("config", "schema"), await brekwatch("scenarios", "schema")

    assert json.loads(config.out)["title"] == "brekwatch configuration"
    assert json.loads(scenario.out)["title"] == "brekwatch scenario"
