"""Whether a dashboard is what Grafana's published types say: the board, its panels' options, its queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator
from support.board_files import Board, Panel, panels, rows_and_panels, variables

_SCHEMAS = Path(__file__).parents[1] / "dashboards" / "grafana_schema"
RELEASES = sorted(folder.name for folder in _SCHEMAS.iterdir())
_OF_AN_INTERVAL = ("auto", "auto_min", "auto_count")
_OF_AN_ANNOTATION = ("expr", "step", "titleFormat", "textFormat", "tagKeys")


def complaints(one: Board, release: str) -> list[str]:
    """Where the board leaves the types of that release of Grafana, and how."""
    return [*_of_the_board(one, release), *(said for panel in panels(one) for said in _of_a_panel(panel, release))]


def options_complaints(options: Any, release: str) -> list[str]:
    """The same of a Prometheus data source's `jsonData`."""
    return _said("jsonData", _validator(release, "prometheus-options"), options)


def _of_the_board(one: Board, release: str) -> Iterator[str]:
    """The board without its panels, and each of them alone: a panel in a list of several kinds is told vaguely."""
    one = deepcopy(one)
    for each in variables(one):
        _forget_what_no_type_has(each)
    for each in one["annotations"]["list"]:
        texts = [each.pop(name, "") for name in _OF_AN_ANNOTATION]  # Prometheus' own, which no published type has
        if not all(isinstance(text, str) for text in texts):
            yield f"annotation {each['name']}: each of {', '.join(_OF_AN_ANNOTATION)} is a text"
    yield from _said("board", _validator(release, "dashboard"), {**one, "panels": []})
    for panel in rows_and_panels(one):
        kind = "RowPanel" if panel["type"] == "row" else "Panel"
        yield from _said(
            panel["title"],
            _validator(release, "dashboard", kind),
            {**panel, "panels": []} if kind == "RowPanel" else panel,
        )


def _forget_what_no_type_has(variable: dict[str, Any]) -> None:
    """Known false alarms: the SDK writes an interval's fields to every variable, and Grafana itself a `definition`."""
    if variable["type"] != "interval":
        for name in _OF_AN_INTERVAL:
            variable.pop(name, None)
    if variable["type"] == "query" and variable.get("definition") == variable["query"]:
        del variable["definition"]


def _of_a_panel(panel: Panel, release: str) -> Iterator[str]:
    kind, title = panel["type"], panel["title"]
    if not _path(release, f"{kind}-options").exists():
        yield f"{title}: no schema of {kind} panels is kept (make grafana-schema)"
        return
    yield from _said(f"{title}: options", _validator(release, f"{kind}-options"), panel.get("options", {}))
    for where, custom in _customs(panel):
        if _path(release, f"{kind}-field-config").exists():
            yield from _said(f"{title}: {where}", _validator(release, f"{kind}-field-config", partial=True), custom)
        elif custom:
            yield f"{title}: {where}: {kind} panels have no such settings: {sorted(custom)}"
    for target in panel.get("targets", ()):
        yield from _said(f"{title}: {target.get('refId')}", _validator(release, "prometheus-query"), target)


def _customs(panel: Panel) -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings of this kind of panel: of all its fields, and of those that differ."""
    config = panel.get("fieldConfig", {})
    yield "custom", config.get("defaults", {}).get("custom", {})
    for override in config.get("overrides", ()):
        for each in override["properties"]:
            first, _, rest = each["id"].partition(".")
            if first == "custom":
                yield f"override {each['id']}", {rest: each.get("value")}


def _said(where: str, validator: Draft7Validator, instance: Any) -> list[str]:
    return [
        f"{where}: {'.'.join(map(str, error.instance_path))}: {error.message[:200]}"
        for error in validator.iter_errors(instance)
    ]


def _path(release: str, name: str) -> Path:
    return _SCHEMAS / release / f"{name}.schema.json"


@cache
def _validator(release: str, name: str, definition: str = "", *, partial: bool = False) -> Draft7Validator:
    schema = json.loads(_path(release, name).read_text(encoding="utf-8"))
    if definition:
        schema["$ref"] = f"#/definitions/{definition}"
    if partial:
        schema["definitions"][schema["$ref"].rpartition("/")[2]].pop("required", None)
    return Draft7Validator(schema)
