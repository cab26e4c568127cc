from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
from support.boards import BOARDS, expressions, panels

from alerts.rulebook.model import Board
from dashboards.catalogue import texts

GENERATED = resources.files("dashboards").joinpath("generated")


def test_generating_again_gives_what_is_tracked() -> None:
    tracked = {each.name: each.read_text(encoding="utf-8") for each in GENERATED.iterdir()}

    assert tracked == dict(texts())


def test_there_is_a_board_for_every_link_of_an_alert() -> None:
    assert {each["uid"] for each in BOARDS.values()} == {f"brekwatch-{board}" for board in Board}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_panel_says_what_it_shows_in_a_unit(board: dict[str, Any]) -> None:
    silent = [
        panel["title"]
        for panel in panels(board)
        if not panel.get("description", "").endswith(".") or not panel["fieldConfig"]["defaults"].get("unit")
    ]

    assert silent == []


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_board_has_what_alerts_and_other_boards_pass_on(board: dict[str, Any]) -> None:
    names = {each["name"] for each in board["templating"]["list"]}

    assert {"datasource", "environment", "location", "target", "scenario", "window", "brekwatch"} <= names
    assert [(link["tags"], link["includeVars"], link["keepTime"]) for link in board["links"][:1]] == [
        (["brekwatch"], True, True)
    ]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_variable_of_a_query_is_one_of_the_board(board: dict[str, Any]) -> None:
    names = {f"${each['name']}" for each in board["templating"]["list"]} | {"$__interval"}

    assert {name for text in expressions(board) for name in _variables(text)} <= names


def _variables(text: str) -> set[str]:
    return set(re.findall(r"\$[a-z_]\w*", text))


def test_numbers_of_panels_are_unique_and_stable() -> None:
    numbers = {uid: [panel["id"] for panel in board["panels"]] for uid, board in BOARDS.items()}

    assert numbers == {uid: list(range(1, len(board["panels"]) + 1)) for uid, board in BOARDS.items()}


def test_a_text_ends_with_a_newline() -> None:
    assert [name for name, text in texts().items() if not text.endswith("}\n") or json.loads(text) is None] == []


def test_a_figure_is_of_now_and_not_the_last_of_a_range() -> None:
    lasting = [
        panel["title"]
        for board in BOARDS.values()
        for panel in panels(board)
        if panel["type"] in ("stat", "table") and not all(target.get("instant") for target in panel["targets"])
    ]

    assert lasting == []


def test_links_between_boards_stand_in_sight() -> None:
    assert [uid for uid, board in BOARDS.items() if "inControlsMenu" in json.dumps(board)] == []


@pytest.mark.parametrize(
    ("page", "places"),
    [
        pytest.param("/runs?target=", 3, id="runs of a target"),
        pytest.param("&outcome=failed", 2, id="failed runs"),
        pytest.param("/targets/", 3, id="targets"),
        pytest.param("/incidents/open?target=", 2, id="open incidents"),
        pytest.param("/runbooks/", 1, id="runbooks"),
    ],
)
def test_boards_lead_to_the_pages_of_the_service(page: str, places: int) -> None:
    leading = [uid for uid, board in BOARDS.items() if page in json.dumps(board)]

    assert len(leading) >= places


def test_what_is_counted_is_told_in_whole_numbers() -> None:
    stacked = [
        panel
        for board in BOARDS.values()
        for panel in panels(board)
        if panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars"
        and panel["fieldConfig"]["defaults"]["unit"] == "short"
    ]

    assert stacked != []
    assert [panel["title"] for panel in stacked if panel["fieldConfig"]["defaults"].get("decimals") != 0] == []
