"""`brekwatch rules export`: alert rules, an Alertmanager configuration to start from, and the runbooks, as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from alerts.rulebook import alertmanager_text, rule_files
from alerts.rulebook.files import HEAD
from alerts.thresholds import Thresholds
from exporter.exported_files import is_there, links_of, refuse, settings_if_named, text_of, written, written_once

_ALERTMANAGER = "alertmanager.yml"


def export(folder: Path, config: Path | None, environ: Mapping[str, str], *, force: bool = False) -> Iterator[str]:
    """Writes the files, and tells what to do next.

    Rule files that were made here are written anew. One that somebody else made stops everything, unless forced;
    Alertmanager's configuration and runbooks are yours once they are there, and stay unless forced. Raises UsageError.
    """
    found = settings_if_named(config, environ)
    thresholds, links = Thresholds() if found is None else Thresholds.of(found.incidents), links_of(found)
    rules = rule_files(thresholds, links)
    if not force:
        _only_ours(folder, rules)
    for name, text in rules.items():
        yield written(folder / name, text)
    for name, text in (_ALERTMANAGER, alertmanager_text(links)), *_runbooks():
        if told := written_once(folder / name, text, force=force):
            yield told
    yield f"Next: promtool check rules {folder}/*.rules.yml && amtool check-config {folder / _ALERTMANAGER}"
    yield f'and then, in prometheus.yml: rule_files: ["{folder.resolve()}/*.rules.yml"]'


def _only_ours(folder: Path, names: Mapping[str, str]) -> None:
    for path in (folder / name for name in names):
        if is_there(path) and not text_of(path).startswith(HEAD):
            raise refuse(path)


def _runbooks() -> Iterator[tuple[str, str]]:
    folder = resources.files("alerts").joinpath("runbooks")
    if folder.is_dir():
        for each in sorted(folder.iterdir(), key=lambda file: file.name):
            if each.name.endswith(".md"):
                yield f"runbooks/{each.name}", each.read_text(encoding="utf-8")
