"""`brekwatch dashboards export`: dashboards for Grafana, and the files that make it read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from alerts.rulebook import Links
from exporter.exported_files import is_there, links_of, refuse, settings_if_named, text_of, written, written_once

_LINK_VARIABLE = "brekwatch"
_DASHBOARDS_FOLDER = "/var/lib/grafana/dashboards/brekwatch"


def export(folder: Path, config: Path | None, environ: Mapping[str, str], *, force: bool = False) -> Iterator[str]:
    """Writes the files, and tells what to do next.

    Dashboards that were made here are written anew. A file of one's name that somebody else made stops everything,
    unless forced; provisioning files are yours once they are there, and stay unless forced. Raises UsageError.
    """
    found = settings_if_named(config, environ)
    links = links_of(found)
    boards = {f"{board['uid']}.json": with_links(board, links) for board in shipped()}
    if not force:
        _only_ours(folder, boards)
    for name, board in boards.items():
        yield written(folder / name, json.dumps(board, indent=2, ensure_ascii=False) + "\n")
    for name, text in provisioning(folder.absolute(), links):
        if told := written_once(folder / "provisioning" / name, text, force=force):
            yield told
    if found is None or found.service.external_url is None:
        yield f"Links in them lead to {links.external_url}: a configuration's service.external_url says otherwise (-c)"
    yield "Next, either: in Grafana, Dashboards > New > Import, one file after the other;"
    yield f"or: lay what is in {folder / 'provisioning'} into Grafana's provisioning folder, and start it again"


def shipped() -> Iterator[dict[str, Any]]:
    """The dashboards as they are shipped: data, by name, for what builds them is no part of the service."""
    for each in _files("generated"):
        if each.name.endswith(".json"):
            yield json.loads(each.read_text(encoding="utf-8"))


def with_links(board: dict[str, Any], links: Links) -> dict[str, Any]:
    """The same board, whose links to brekwatch's own pages lead to where this configuration has them."""
    for variable in board["templating"]["list"]:
        if variable["name"] == _LINK_VARIABLE:
            variable["query"] = links.external_url
    return board


def provisioning(folder: Path, links: Links) -> Iterator[tuple[str, str]]:
    """The files that make Grafana read dashboards from this folder, and lead from exemplars to runs."""
    for kind in ("dashboards", "datasources"):
        for each in _files("provisioning", kind):
            text = each.read_text(encoding="utf-8")
            text = text.replace(_DASHBOARDS_FOLDER, _quoted(str(folder)))
            yield (
                f"{kind}/{each.name}",
                text.replace(f"{Links().external_url}/find/", f"{_quoted(links.external_url)}/find/"),
            )


def _quoted(text: str) -> str:
    """Inside a YAML string in double quotes, where Grafana takes a dollar sign for a variable."""
    return json.dumps(text)[1:-1].replace("$", "$$")


def _files(*names: str) -> list[Any]:
    folder = resources.files("dashboards").joinpath(*names)
    return sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []


def _only_ours(folder: Path, boards: Mapping[str, Mapping[str, Any]]) -> None:
    for name, board in boards.items():
        path = folder / name
        if is_there(path) and _uid(path) != board["uid"]:
            raise refuse(path)


def _uid(path: Path) -> object:
    try:
        found = json.loads(text_of(path))
    except ValueError:
        return None
    return found.get("uid") if isinstance(found, dict) else None
