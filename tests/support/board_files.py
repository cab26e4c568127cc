"""The committed dashboards as data: their panels, their variables, and every query in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENERATED = Path(__file__).parents[2] / "dashboards" / "generated"
PROVISIONED_SOURCE = GENERATED.parent / "provisioning" / "datasources" / "brekwatch.yaml"
UIDS = ("brekwatch-overview", "brekwatch-scenario", "brekwatch-quota", "brekwatch-correlation", "brekwatch-monitor")
DATA_SOURCE = "datasource"

Board = dict[str, Any]
Panel = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a board, and where it stands."""

    where: str
    expr: str
    instant: bool = False
    exemplar: bool = False
    panel: Panel | None = None

    def __str__(self) -> str:
        return self.where


def board(uid: str) -> Board:
    """A fresh copy of one, that a test may spoil."""
    found: Board = json.loads((GENERATED / f"{uid}.json").read_text(encoding="utf-8"))
    return found


def boards() -> list[Board]:
    """All that are committed."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GENERATED.glob("*.json"))]


def panels(one: Board) -> Iterator[Panel]:
    """Every panel that shows something, those in folded rows too; rows themselves are none."""
    for panel in rows_and_panels(one):
        if panel["type"] != "row":
            yield panel


def rows_and_panels(one: Board) -> Iterator[Panel]:
    for panel in one["panels"]:
        yield panel
        yield from panel.get("panels") or ()


def variables(one: Board) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = one["templating"]["list"]
    return found


def panel_queries(one: Board) -> Iterator[Query]:
    for panel in panels(one):
        for target in panel.get("targets") or ():
            where = f"{one['uid']}: {panel['title']}: {target['refId']}"
            flags = {flag: bool(target.get(flag)) for flag in ("instant", "exemplar")}
            yield Query(where=where, expr=target["expr"], panel=panel, **flags)


def annotation_queries(one: Board) -> Iterator[Query]:
    for each in one["annotations"]["list"]:
        if expr := _annotation_expr(each):
            yield Query(where=f"{one['uid']}: annotation {each['name']}", expr=expr)


def _annotation_expr(each: dict[str, Any]) -> str:
    return str(each.get("expr") or (each.get("target") or {}).get("expr") or "")


def variable_queries(one: Board) -> Iterator[tuple[str, str]]:
    """The name of each variable that asks Prometheus, and what it asks, in Grafana's own words."""
    for each in variables(one):
        if each["type"] == "query":
            asked = each["query"]
            yield each["name"], asked if isinstance(asked, str) else asked["query"]
