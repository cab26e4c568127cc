from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from exporter.cli import app
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
