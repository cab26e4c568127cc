"""Panels as one readable call each: what it is called, what it tells a tired person, its unit, its queries.

A description says what the panel shows, what a bad value looks like, and where to look next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import heatmap, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.variables import PROMETHEUS

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = "green", "yellow", "orange", "red", "blue", "purple", "#808080"
COUNT, SHARE, SECONDS, BYTES, AGE = "short", "percentunit", "s", "bytes", "dtdurations"

_BARS = 150  # counts look back by a window anyhow, and thousands of series may be asked for each bar

Panel = TypeVar("Panel", heatmap.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a panel. `exemplars`: its series carry them, and each leads to `/find/<id>`."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What every panel has. Raises ValueError where one of them is missing."""

    title: str
    description: str
    unit: str

    def __post_init__(self) -> None:
        if not (self.title and self.description and self.unit):
            raise ValueError(f"{self.title or 'a panel'}: it needs a title, a description and a unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A colour from each value on, and the one below all; in a graph the values are drawn as lines."""

    below: str
    steps: tuple[tuple[float, str], ...]

    def build(self) -> ThresholdsConfig:
        """As Grafana has them."""
        rest = [Threshold(value=value, color=colour) for value, colour in self.steps]
        return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color=self.below), *rest])


NO_LIMIT = Limits(below=GREY, steps=())


def bad_above(value: float) -> Limits:
    """Red from that value on."""
    return Limits(below=GREEN, steps=((value, RED),))


def bad_below(value: float, *, good: float | None = None) -> Limits:
    """Red below that value; orange up to `good`, if there is something between."""
    between = () if good is None else ((good, GREEN),)
    return Limits(below=RED, steps=((value, GREEN if good is None else ORANGE), *between))


def mapped(values: Mapping[float, tuple[str, str]], absent: str = "") -> list[ValueMapping]:
    """Words and colours in place of numbers, so that colour is never alone; `absent` is said where nothing is."""
    options = {
        f"{value:g}": ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(values.items())
    }
    mappings: list[ValueMapping] = [ValueMap(options=options)] if options else []
    if absent:
        result = ValueMappingResult(text=absent, color=GREY, index=len(values))
        mappings.append(
            SpecialValueMap(
                options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL_AND_NAN, result=result)
            )
        )
    return mappings


def link(title: str, url: str) -> DashboardLink:
    """From a value to a page, in a tab of its own."""
    return DashboardLink(title).url(url).target_blank(target_blank=True)


def graph(texts: Texts, *queries: Query, limits: Limits = NO_LIMIT, stacked: bool = False) -> timeseries.Panel:
    """Lines over time; stacked bars for what is counted."""
    panel = _dressed(timeseries.Panel(), texts, queries, limits)
    panel.legend(_legend()).tooltip(
        VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    ).show_points(VisibilityMode.AUTO).fill_opacity(8).min(0)
    if limits is not NO_LIMIT:
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if stacked:
        panel.max_data_points(_BARS).draw_style(GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
        panel.stacking(StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if stacked and texts.unit == COUNT:
        panel.decimals(0)  # growth is extrapolated, and nobody has seen 2.1 runs
    return panel


def timeline(texts: Texts, *queries: Query, states: list[ValueMapping]) -> statetimeline.Panel:
    """A strip a series, in words and colours; a gap where nothing is known."""
    panel = _dressed(statetimeline.Panel(), texts, queries, NO_LIMIT)
    return (
        panel.mappings(states)
        .merge_values(merge_values=True)
        .show_value(VisibilityMode.AUTO)
        .row_height(0.8)
        .legend(_legend())
        .interval("1m")
    )


def rows(texts: Texts, *queries: Query, limits: Limits = NO_LIMIT) -> table.Panel:
    """A table of what is true now; several queries share their rows by their common labels (`dashboards.tables`)."""
    panel = _dressed(table.Panel(), texts, (), limits)
    return panel.targets([each.instant().format(PromQueryFormat.TABLE) for each in _lettered(queries)]).show_header(
        show_header=True
    )


def number(texts: Texts, *queries: Query, limits: Limits = NO_LIMIT) -> stat.Panel:
    """One figure a series, of now alone: the last of a time range would show what is gone as if it were there."""
    panel = _dressed(stat.Panel(), texts, (), limits)
    return (
        panel.targets([each.instant() for each in _lettered(queries)])
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    )


def heat(texts: Texts, query: Query) -> heatmap.Panel:
    """How often each bucket of a histogram was hit, over time: the unit is that of its axis, its cells are counts."""
    panel = _dressed(heatmap.Panel(), texts, (), NO_LIMIT)
    panel.y_axis(heatmap.YAxisConfig().unit(texts.unit)).cell_values(heatmap.CellValues().unit(COUNT).decimals(0))
    return panel.targets([each.format(PromQueryFormat.HEATMAP) for each in _lettered([query])]).calculate(
        calculate=False
    )


def sized(panel: Panel, width: int, height: int = 8) -> Panel:
    """How much of the 24 columns it takes, and how many rows."""
    return panel.span(width).height(height)


def _dressed(panel: Panel, texts: Texts, queries: Iterable[Query], limits: Limits) -> Panel:
    panel.title(texts.title).description(texts.description).unit(texts.unit).datasource(PROMETHEUS)
    panel.thresholds(limits.build())
    return panel.targets([*_lettered(queries)])


def _lettered(queries: Iterable[Query]) -> list[prometheus.Dataquery]:
    return [_query(each, letter) for each, letter in zip(queries, ascii_uppercase, strict=False)]


def _query(query: Query, letter: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(letter).expr(query.expr).datasource(PROMETHEUS)
    if query.legend:
        made.legend_format(query.legend)
    return made.exemplar(exemplar=True) if query.exemplars else made


def _legend() -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
