"""What a table makes of its queries: one row for what has the same labels, its columns named, ordered and dressed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.common import TableColoredBackgroundCellOptions
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, ValueMapping

from dashboards.panels import COUNT, Limits, mapped

_UNKNOWN = tuple(mapped({}, "no data"))  # else Grafana gives an empty cell the colour of the lowest values


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: the label, or the query's letter (`A` is the first), that it shows, under a title.

    Without `unit` it is a text. `limits` or `words` colour its ground; with `limits`, a cell without a value says so.
    """

    of: str
    title: str = ""
    unit: str = ""
    limits: Limits | None = None
    words: tuple[ValueMapping, ...] = ()
    links: tuple[DashboardLink, ...] = ()
    hidden: bool = False

    @property
    def shown(self) -> str:
        """The heading. A label keeps its own name, for links find it by that."""
        return self.title or self.of

    def source(self, queries: int) -> str:
        """The field that Grafana makes of it: with one query alone there is no letter."""
        if not self.of.isupper():
            return self.of
        return "Value" if queries == 1 else f"Value #{self.of}"


def merged(
    panel: table.Panel, *columns: Column, queries: int, sort_by: str = "", descending: bool = True
) -> table.Panel:
    """Rows from all queries of the panel, with these columns alone, in this order."""
    if queries > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    sources = {column.source(queries): column for column in columns}
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True, **{name: True for name, each in sources.items() if each.hidden}},
                "indexByName": {name: index for index, name in enumerate(sources)},
                "renameByName": {name: each.title for name, each in sources.items() if each.title},
            },
        )
    )
    for column in columns:
        if properties := list(_properties(column)):
            panel.override_by_name(column.shown, properties)
    if sort_by:
        panel.sort_by([TableSortByFieldState().display_name(sort_by).desc(desc=descending)])
    return panel


def _properties(column: Column) -> Iterable[DynamicConfigValue]:
    if column.unit:
        yield DynamicConfigValue(id_val="unit", value=column.unit)
    if column.unit == COUNT:
        yield DynamicConfigValue(id_val="decimals", value=0)
    if column.limits is not None:
        yield DynamicConfigValue(id_val="thresholds", value=column.limits.build().build())
    if words := column.words or (_UNKNOWN if column.limits else ()):
        yield DynamicConfigValue(id_val="mappings", value=list(words))
    if column.limits is not None or column.words:
        yield DynamicConfigValue(id_val="custom.cellOptions", value=TableColoredBackgroundCellOptions())
    if column.links:
        yield DynamicConfigValue(id_val="links", value=[link.build() for link in column.links])
