"""Queries of dashboards as Grafana would send them, and what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import promql_parser as promql
from support.board_files import Board, variables
from support.rules import rules

from exporter.metrics import FAMILIES, Family, Kind

_VARIABLE = re.compile(r"\$(?P<plain>[A-Za-z_]\w*)|\$\{(?P<braced>\w+)(?::\w+)?\}|\[\[(?P<old>\w+)\]\]")
_SCRAPED = frozenset({"job", "instance"})
_OF_ALERTS = frozenset({"alertname", "alertstate", "severity", "blame", "target", "scenario", "kind", "operation"})
_LABEL_VALUES = re.compile(r"label_values\((?P<series>.*),\s*(?P<label>\w+)\)|label_values\((?P<alone>\w+)\)")
_MAKERS = {"label_replace": 1, "label_join": 1}

Chosen = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody looks at: the choice of each variable, how long a time, and a point every so many seconds."""

    chosen: Chosen
    range_seconds: int = 24 * 3600
    step_seconds: int = 60
    scrape_seconds: int = 15

    def built_in(self) -> dict[str, str]:
        """What Grafana puts for its own variables; `$__rate_interval` is four scrapes, or a step and one."""
        rate = max(self.step_seconds + self.scrape_seconds, 4 * self.scrape_seconds)
        return {
            "__interval": f"{self.step_seconds}s",
            "__interval_ms": str(1000 * self.step_seconds),
            "__rate_interval": f"{rate}s",
            "__range": f"{self.range_seconds}s",
            "__range_s": str(self.range_seconds),
            "__range_ms": str(1000 * self.range_seconds),
        }


def filled(text: str, view: View) -> str:
    """The text with its variables filled in; several values as a regular expression. Raises KeyError for others."""
    known: Chosen = {**view.chosen, **view.built_in()}

    def value(match: re.Match[str]) -> str:
        return _written(known[next(name for name in match.groups() if name)])

    return _VARIABLE.sub(value, text)


def _written(value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    quoted = [re.sub(r"[\\^$*+?.()|{}\[\]]", r"\\\\\g<0>", each) for each in value]
    return quoted[0] if len(quoted) == 1 else f"({'|'.join(quoted)})"


def defaults(one: Board, known: Mapping[str, tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
    """What each variable stands for when the board is opened, where `known` are the values that Prometheus has."""
    return {each["name"]: _default(each, known.get(each["name"], ())) for each in variables(one)}


def _default(each: Mapping[str, Any], known: tuple[str, ...]) -> str | tuple[str, ...]:
    value = (each.get("current") or {}).get("value") or each.get("query") or ""
    values = value if isinstance(value, list) else [value]
    if values == ["$__all"] or (each["type"] == "query" and values == [""]):
        return str(each.get("allValue") or "") or known
    return tuple(values) if each.get("multi") else str(values[0])


def asked_by_a_variable(query: str) -> tuple[str, str]:
    """The series and the label of a `label_values()`. Raises ValueError for what it isn't."""
    if not (match := _LABEL_VALUES.fullmatch(query.strip())):
        raise ValueError(f"not understood: {query}")
    return match["series"] or "", match["label"] or match["alone"]


def complaints(expr: str) -> list[str]:
    """What the query, its variables filled in, names and there isn't; or why it is none."""
    try:
        found = promql.parse(expr)
    except ValueError as problem:
        return [f"{problem}: {expr}"]
    named = _Named()
    promql.walk(found, named.see)
    return [*named.wrong, *(f"no series here has the label {label}" for label in sorted(named.used - named.labels()))]


@dataclass(slots=True)
class _Named:
    """What a walk through a query came by."""

    wrong: list[str] = field(default_factory=list)
    had: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def labels(self) -> set[str]:
        return self.had | _SCRAPED

    def see(self, node: promql.Expr) -> None:
        match node:
            case promql.MatrixSelector():
                self._series(node.vector_selector)
            case promql.VectorSelector():
                self._series(node)
            case promql.AggregateExpr(modifier=modifier) if modifier is not None:
                self.used |= set(modifier.labels)
            case promql.BinaryExpr(modifier=modifier) if modifier is not None:
                matching = [] if modifier.matching is None else modifier.matching.labels
                self.used |= {*matching, *(getattr(modifier.card, "labels", None) or modifier.group_labels or ())}
            case promql.Call() if node.func.name in _MAKERS:
                self.had.add(node.args[_MAKERS[node.func.name]].val)

    def _series(self, selector: promql.VectorSelector) -> None:
        if selector.name is None:
            self.wrong.append(f"a selector without a name: {selector.prettify()}")
            return
        labels = labels_of(selector.name)
        if labels is None:
            self.wrong.append(f"there is no metric {selector.name}")
            return
        self.had |= labels
        for matcher in selector.matchers.matchers:
            if matcher.name not in labels | _SCRAPED:
                self.wrong.append(f"{selector.name} has no label {matcher.name}")


def labels_of(name: str) -> set[str] | None:
    """The labels of a series of that name; nothing, if there is none."""
    return _known().get(name)


def _known() -> dict[str, set[str]]:
    known = {name: set(labels) for family in FAMILIES for name, labels in _series_of(family)}
    known |= {rule["record"]: set(_OF_ALERTS) for each in rules().values() for rule in each if "record" in rule}
    return known | {"ALERTS": set(_OF_ALERTS), "up": set()} | {name: set() for name in _PROCESS}


def _series_of(family: Family) -> Iterator[tuple[str, tuple[str, ...]]]:
    if family.kind is not Kind.HISTOGRAM:
        yield family.name, family.labels
        return
    yield f"{family.name}_bucket", (*family.labels, "le")
    yield f"{family.name}_sum", family.labels
    yield f"{family.name}_count", family.labels


_PROCESS = (
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
)
