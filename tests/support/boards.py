"""The generated dashboards as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

BOARDS: dict[str, dict[str, Any]] = {
    file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
    for file in sorted(resources.files("dashboards").joinpath("generated").iterdir(), key=lambda each: each.name)
}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those with data, no headings."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def expressions(board: dict[str, Any]) -> Iterator[str]:
    """All queries: of panels and of annotations."""
    yield from (target["expr"] for panel in panels(board) for target in panel["targets"])
    yield from (each["expr"] for each in board["annotations"]["list"])
