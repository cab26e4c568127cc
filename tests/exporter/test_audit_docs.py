from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from exporter.cli import app
from probes.readiness import attestations
from probes.readiness.course.situations import SITUATIONS

_PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def test_the_page_tells_of_each_situation_what_the_stand_in_does_in_their_order() -> None:
    rows = [line for line in _PAGE.splitlines() if any(f"| `{each.name}` |" in line for each in SITUATIONS)]

    assert rows == [f"| `{each.name}` | {each.shows} |" for each in SITUATIONS]


@pytest.mark.parametrize(
    "option",
    [
        "--attest",
        "--build",
        "--compare",
        "--html",
        "--json",
        "--log",
        "--port",
        "--show-output",
        "--situation",
        "--timeout",
    ],
)
def test_each_option_of_the_page_is_one_of_the_command(option: str) -> None:
    helped = CliRunner().invoke(app, ["audit", "sandbox", "--help"], env={"COLUMNS": "120", "TERM": "dumb"}).output

    assert option in _PAGE
    assert option in helped


def test_the_attestation_that_the_page_shows_can_be_used_as_it_stands(tmp_path: Path) -> None:
    shown = re.search(r"^ +attestations:\n(?: {8}.*\n)+", _PAGE, re.MULTILINE)
    assert shown is not None
    (tmp_path / "attest.yaml").write_text(dedent(shown[0]))
    told = attestations.read(tmp_path / "attest.yaml", today=date(2026, 11, 24))

    assert [each.about for each in told] == ["on_call_contact"]


def test_the_page_names_all_that_may_be_attested() -> None:
    assert [each for each in attestations.attestable() if f"`{each}`" not in _PAGE] == []
