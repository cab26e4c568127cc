"""A board: its panels in sections, and what all boards have in common. Also how its JSON is written."""

from __future__ import annotations

import json
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import table
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from alerts.rulebook.model import Board
from dashboards import variables
from dashboards.annotations import events
from dashboards.linking import TAG, between_boards
from dashboards.variables import Variable

_IN_A_MENU = "inControlsMenu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Panels under a heading, from left to right, as many in a line as have room."""

    title: str
    panels: tuple[Builder[models.Panel], ...]


def uid_of(board: Board) -> str:
    """Stable: alerts link to it."""
    return f"brekwatch-{board}"


def board(
    which: Board, *, title: str, description: str, sections: tuple[Section, ...], extra: tuple[Variable, ...] = ()
) -> models.Dashboard:
    """The board as Grafana's classic schema has it. `extra` are the variables that not every board has."""
    made = (
        Dashboard(title)
        .uid(uid_of(which))
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables(list(_variables(extra)))
        .annotations(list(events()))
        .links(list(between_boards()))
    )
    for section in sections:
        made.with_row(Row(section.title))
        for panel in section.panels:
            made.with_panel(panel)
    return _numbered(made.build())


def text_of(dashboard: models.Dashboard) -> str:
    """The same bytes each time."""
    plain = json.loads(JSONEncoder().encode(dashboard))
    return json.dumps(_in_sight(plain), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _in_sight(part: object) -> object:
    """Links where people see them: the SDK puts each into a menu, and leaves no way to say otherwise."""
    if isinstance(part, list):
        return [_in_sight(each) for each in part]
    if isinstance(part, dict):
        return {name: _in_sight(each) for name, each in part.items() if name != "placement" or each != _IN_A_MENU}
    return part


def _variables(extra: tuple[Variable, ...]) -> tuple[Variable, ...]:
    return (
        variables.data_source(),
        variables.environment(),
        variables.location(),
        variables.target(),
        *extra,
        variables.window(),
        variables.brekwatch(),
    )


def _numbered(dashboard: models.Dashboard) -> models.Dashboard:
    for number, panel in enumerate(dashboard.panels or (), start=1):
        panel.id_val = number
        if isinstance(panel, models.Panel) and isinstance(panel.options, table.Options):
            panel.options.footer = None  # the SDK's default, which Grafana has since moved to the fields
    return dashboard
