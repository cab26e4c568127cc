"""`brekwatch rules export`: alert rules, an Alertmanager configuration to start from, and the runbooks, as files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from alerts.rulebook import Links, alertmanager_text, rule_files
from alerts.rulebook.files import HEAD
from alerts.thresholds import Thresholds
from probes import settings
from probes.errors import UsageError

_ALERTMANAGER = "alertmanager.yml"


def export(folder: Path, config: Path | None, environ: Mapping[str, str], *, force: bool = False) -> Iterator[str]:
    """Writes the files, and tells what to do next.

    Rule files that were made here are written anew. One that somebody else made stops everything, unless forced;
    Alertmanager's configuration and runbooks are yours once they are there, and stay unless forced. Raises UsageError.
    """
    thresholds, links = _configured(config, environ)
    rules = rule_files(thresholds, links)
    if not force:
        _only_ours(folder, rules)
    for name, text in rules.items():
        yield _written(folder / name, text)
    for name, text in (_ALERTMANAGER, alertmanager_text(links)), *_runbooks():
        path = folder / name
        if force or not os.path.lexists(path):
            yield _written(path, text)
        elif _text_of(path) != text:
            yield f"{path} was there already, and stays (--force writes it anew)"
    yield f"Next: promtool check rules {folder}/*.rules.yml && amtool check-config {folder / _ALERTMANAGER}"
    yield f'and then, in prometheus.yml: rule_files: ["{folder.resolve()}/*.rules.yml"]'


def _configured(config: Path | None, environ: Mapping[str, str]) -> tuple[Thresholds, Links]:
    if config is None and not environ.get("BREKWATCH_CONFIG"):
        return Thresholds(), Links()
    found = settings.find(config, environ)
    default = Links()
    links = Links(
        external_url=(found.service.external_url or default.external_url).rstrip("/"),
        grafana_url=(found.service.grafana_url or default.grafana_url).rstrip("/"),
    )
    return Thresholds.of(found.incidents), links


def _only_ours(folder: Path, names: Mapping[str, str]) -> None:
    for path in (folder / name for name in names):
        if os.path.lexists(path) and not _text_of(path).startswith(HEAD):
            raise UsageError(f"{path} was not made by this command, and stays: name another folder, or add --force")


def _runbooks() -> Iterator[tuple[str, str]]:
    folder = resources.files("alerts").joinpath("runbooks")
    if folder.is_dir():
        for each in sorted(folder.iterdir(), key=lambda file: file.name):
            if each.name.endswith(".md"):
                yield f"runbooks/{each.name}", each.read_text(encoding="utf-8")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _written(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "its name is no path"
        raise UsageError(f"{path} can't be written: {reason}") from None
    return f"wrote {path}"
