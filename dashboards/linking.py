"""Ways from a dashboard: to the other boards, with time and variables, and to the service's own pages."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from dashboards.panels import link
from dashboards.variables import BREKWATCH

TAG = "brekwatch"


def between_boards() -> tuple[DashboardLink, ...]:
    """At the top of every board."""
    return (
        DashboardLink("Boards")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=False)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True),
        DashboardLink("brekwatch")
        .type(DashboardLinkType.LINK)
        .icon("external link")
        .tooltip("The status page of the service")
        .url(f"{BREKWATCH}/")
        .target_blank(target_blank=True),
    )


def _field(name: str, *, cell: bool) -> str:
    """A label of what was clicked: of a table's row, or of a graph's series."""
    return f"${{__data.fields.{name}}}" if cell else f"${{__field.labels.{name}}}"


def failed_runs(*, cell: bool = False) -> DashboardLink:
    """The failed runs of a target's scenario."""
    pair = f"target={_field('target', cell=cell)}&scenario={_field('scenario', cell=cell)}"
    return link("Its failed runs", f"{BREKWATCH}/runs?{pair}&outcome=failed")


def runs_of_target(*, cell: bool = False) -> DashboardLink:
    """The last runs on a target."""
    return link("Its runs", f"{BREKWATCH}/runs?target={_field('target', cell=cell)}")


def target_page(*, cell: bool = False) -> DashboardLink:
    """The page of a target."""
    return link("The target", f"{BREKWATCH}/targets/{_field('target', cell=cell)}")


def open_incidents(*, cell: bool = False) -> DashboardLink:
    """What is open on a target, with its report."""
    return link("Its open incidents", f"{BREKWATCH}/incidents/open?target={_field('target', cell=cell)}")


def runbook() -> DashboardLink:
    """What to do about an alert, from its row in a table."""
    return link("What to do", f"{BREKWATCH}/runbooks/{_field('alertname', cell=True)}")
