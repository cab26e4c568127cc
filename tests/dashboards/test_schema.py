"""Each dashboard is what Grafana's published types say, in two releases; no server is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.board_files import GENERATED, UIDS, Board, board, boards, panels, variables
from support.board_schema import RELEASES, complaints

Spoil = Callable[[Board], Any]


def a_panel(one: Board, kind: str) -> dict[str, Any]:
    return next(panel for panel in panels(one) if panel["type"] == kind)


def with_a_query(one: Board) -> dict[str, Any]:
    target: dict[str, Any] = next(target for panel in panels(one) for target in panel.get("targets", ()))
    return target


SPOILT: dict[str, Spoil] = {
    "a unit that is a number": lambda one: a_panel(one, "timeseries")["fieldConfig"]["defaults"].update(unit=3),
    "an option that no panel has": lambda one: a_panel(one, "timeseries")["options"].update(legendary=True),
    "an option that this panel has not": lambda one: a_panel(one, "timeseries")["options"].update(showHeader=True),
    "a legend nowhere": lambda one: a_panel(one, "timeseries")["options"]["legend"].update(placement="nowhere"),
    "a way to draw that there isn't": lambda one: a_panel(one, "timeseries")["fieldConfig"]["defaults"][
        "custom"
    ].update(drawStyle="crayon"),
    "an override that sets nothing": lambda one: a_panel(one, "timeseries")["fieldConfig"]["overrides"].append(
        {"matcher": {"id": "byName", "options": "a"}, "properties": [{"id": "custom.lineColour", "value": "red"}]}
    ),
    "a colour by a mode that there isn't": lambda one: a_panel(one, "timeseries")["fieldConfig"]["defaults"].update(
        color={"mode": "rainbow"}
    ),
    "a query without an expression": lambda one: with_a_query(one).pop("expr"),
    "a query with a key of its own": lambda one: with_a_query(one).update(legend="{{target}}"),
    "a panel without a type": lambda one: next(panels(one)).update(type="pie-in-the-sky"),
    "a panel that is nowhere": lambda one: next(panels(one))["gridPos"].update(x="left"),
    "a variable of no kind": lambda one: variables(one)[-1].update(type="wish"),
    "a setting of no board": lambda one: one.update(refreshing="5s"),
    "a time that is a number": lambda one: one.update(time={"from": -6, "to": 0}),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("uid", UIDS)
def test_each_dashboard_is_what_the_published_types_say(uid: str, release: str) -> None:
    assert complaints(board(uid), release) == []


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_dashboard_is_refused(spoil: Spoil, release: str) -> None:
    one = board("brekwatch-scenario")
    spoil(one)

    assert complaints(one, release)


def test_those_that_are_checked_are_those_there_are() -> None:
    assert {one["uid"] for one in boards()} == set(UIDS)
    assert {path.stem for path in GENERATED.glob("*.json")} == set(UIDS)


def test_the_kept_schemas_hold_structure_and_no_sentences() -> None:
    kept = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (GENERATED.parents[1] / "tests/dashboards/grafana_schema").rglob("*.json")
    ]

    assert kept
    assert not [text for schema in kept for text in strings(schema) if len(text.split()) > 1]


def strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in strings(each)]
        case dict():
            return [text for each in value.values() for text in strings(each)]
    return []
