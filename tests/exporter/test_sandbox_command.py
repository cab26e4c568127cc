from __future__ import annotations

import pytest
from typer.testing import CliRunner

from exporter.cli import app
from probes.sandbox.faults import FAULTS, STEPS


def test_the_sandbox_lists_its_faults_with_their_meaning_and_its_steps_and_serves_nothing() -> None:
    listed = CliRunner().invoke(app, ["sandbox", "--list-faults"])
    faults, _, steps = listed.output.rstrip().partition("\n\n")

    assert listed.exit_code == 0
    assert [line.split(None, 1) for line in faults.splitlines()] == [[fault.name, fault.meaning] for fault in FAULTS]
    assert steps.endswith(", ".join(STEPS))
    assert "export" not in listed.output


@pytest.mark.parametrize("option", ["--fault", "--list-faults"])
def test_the_help_of_the_sandbox_points_to_the_list_of_faults(option: str) -> None:
    helped = CliRunner().invoke(app, ["sandbox", "--help"])

    assert option in helped.output
