"""The rule files as text. YAML is written here by hand: it stays readable, with PromQL over several lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources

from alerts.rulebook.answers import answers
from alerts.rulebook.failing import failing
from alerts.rulebook.model import Alert, Group, Links, Record
from alerts.rulebook.monitor import monitor
from alerts.rulebook.objectives import objectives
from alerts.rulebook.promql import duration
from alerts.thresholds import Thresholds

HEAD = "# Made by `brekwatch rules export`: change the thresholds in the configuration, not here.\n"


def groups(thresholds: Thresholds) -> tuple[Group, ...]:
    """All there are, one a file."""
    return (failing(thresholds), objectives(thresholds), answers(thresholds), monitor(thresholds))


def rule_files(thresholds: Thresholds, links: Links) -> Mapping[str, str]:
    """The text of each file by its name, such as `monitor.rules.yml`."""
    return {
        f"{group.name.removeprefix('brekwatch-')}.rules.yml": "\n".join(_lines(group, links)) + "\n"
        for group in groups(thresholds)
    }


def alertmanager_text(links: Links) -> str:
    """The example configuration of Alertmanager, whose webhook leads to `external_url`."""
    text = resources.files("alerts").joinpath("alertmanager.yml").read_text(encoding="utf-8")
    return text.replace(Links().external_url, links.external_url)


def _lines(group: Group, links: Links) -> Iterator[str]:
    yield f"{HEAD}# {group.why}"
    yield "groups:"
    yield f"  - name: {group.name}"
    yield "    rules:"
    for rule in group.rules:
        yield from _record(rule) if isinstance(rule, Record) else _alert(rule, links)


def _record(rule: Record) -> Iterator[str]:
    yield f"      - record: {rule.record}"
    yield from _expr(rule.expr)


def _alert(rule: Alert, links: Links) -> Iterator[str]:
    yield f"      - alert: {rule.name}"
    yield from _expr(rule.expr)
    if rule.for_seconds:
        yield f"        for: {duration(rule.for_seconds)}"
    for title, texts in (("labels", rule.labels()), ("annotations", rule.annotations(links))):
        yield f"        {title}:"
        for name, text in texts.items():
            yield f"          {name}: {json.dumps(text, ensure_ascii=False)}"


def _expr(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    for line in expr.splitlines():
        yield f"          {line}"
