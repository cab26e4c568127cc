"""What happened beside the graphs: incidents, new versions of the monitor, announced maintenance."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from dashboards.panels import BLUE, ORANGE, RED
from dashboards.variables import PROMETHEUS
from exporter.metrics import BUILD_INFO, INCIDENTS_OPEN, MAINTENANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    name: str
    expr: str
    title: str
    text: str
    tags: str
    colour: str


_EVENTS = (
    _Event(
        name="Incidents",
        expr=f'sum by (target, blame) ({INCIDENTS_OPEN.name}{{target=~"$target"}}) > 0',
        title="Incident on {{target}}",
        text="Who has to act: {{blame}}",
        tags="target,blame",
        colour=RED,
    ),
    _Event(
        name="Deployments",
        expr=(
            f"group by (version) ({BUILD_INFO.name})\n"
            f"unless on (version) group by (version) (last_over_time({BUILD_INFO.name}[1d] offset $__interval))"
        ),
        title="brekwatch {{version}}",
        text="This version of the monitor was not seen in the day before",
        tags="version",
        colour=BLUE,
    ),
    _Event(
        name="Maintenance",
        expr=f'max by (target) ({MAINTENANCE.name}{{target=~"$target"}}) == 1',
        title="Maintenance of {{target}}",
        text="Measured as ever, but nobody is woken, and nothing counts for the objective",
        tags="target",
        colour=ORANGE,
    ),
)


def events() -> tuple[AnnotationQuery, ...]:
    """The same on every board; each can be switched off at its top."""
    return tuple(_query(event) for event in _EVENTS)


def _query(event: _Event) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(event.name)
        .datasource(PROMETHEUS)
        .enable(enable=True)
        .expr(event.expr)
        .title_format(event.title)
        .text_format(event.text)
        .tag_keys(event.tags)
        .step("60s")
        .icon_color(event.colour)
    )
