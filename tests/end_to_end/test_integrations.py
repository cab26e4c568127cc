"""The small integrations under examples/ are what their page and their docstrings say."""

from __future__ import annotations

import ast

import pytest
from support.integrations import BAD, FOLDER, GOOD, Bad, command_of, play

from probes.sandbox.server import SandboxServer


@pytest.mark.parametrize("name", GOOD)
async def test_a_good_integration_books(name: str) -> None:
    async with SandboxServer() as sandbox:
        exit_code = await play(command_of(name), sandbox)

        assert exit_code == 0
        assert [booking.cancelled for booking in sandbox.bookings] == [False]


@pytest.mark.parametrize("name", GOOD)
async def test_a_good_integration_takes_no_for_an_answer(name: str) -> None:
    async with SandboxServer() as sandbox:
        exit_code = await play(command_of(name), sandbox, {"BREKWATCH_SITUATION": "decline"})

        assert exit_code == 0
        assert sandbox.bookings == ()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_integration_says_which_rule_it_breaks(bad: Bad) -> None:
    told = ast.get_docstring(ast.parse((FOLDER / f"{bad.name}.py").read_text("utf-8")))

    assert told is not None
    assert told.startswith(f"Breaks `{bad.rule}`: ")


def test_every_integration_of_the_folder_is_audited() -> None:
    there = {path.stem for path in FOLDER.glob("*_*.py")} - {"brek_api"}

    assert there == {*GOOD, *(bad.name for bad in BAD)}


def test_a_good_integration_can_be_read_in_one_sitting() -> None:
    long = [path.name for path in FOLDER.glob("*.py") if len(path.read_text("utf-8").splitlines()) > 200]

    assert long == []


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_the_page_says_what_is_bad_in_it_and_where_it_shows(bad: Bad) -> None:
    page = (FOLDER / "README.md").read_text("utf-8")

    assert f"| `{bad.name}.py` | `{bad.rule}` | `{bad.situation}` |" in page
