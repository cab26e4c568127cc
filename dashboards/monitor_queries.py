"""Queries about the monitor itself: its series have no target, and are told apart by who was scraped."""

from __future__ import annotations

from dashboards.queries import WINDOW, happened, of_monitor, total
from exporter.metrics import BUILD_INFO, Family

BY = "instance"
INSTANCE = "{{instance}}"


def grown_of_monitor(series: str) -> str:
    """By how much the monitor's counters grew in the window, each series for itself. All of them start at 0."""
    return of_monitor(f"increase({series}[{WINDOW}])", WINDOW)


def quantile_of_monitor(share: float, family: Family) -> str:
    """What this share of the observations in the window didn't exceed, as far as buckets tell."""
    buckets = total(f"{BY}, le", grown_of_monitor(f"{family.name}_bucket"))
    return f"histogram_quantile({share:g}, {buckets}) >= 0"


def happened_or_nothing_to_monitor(by: str, vector: str) -> str:
    """What happened in the window, and a zero named `nothing` for a monitor that is scraped."""
    scraped = f"0 * max by ({BY}) (\n{of_monitor(BUILD_INFO.name)}\n)"
    name = by.split(", ")[1]
    return f'{happened(by, vector)}\nor on ({BY}) label_replace({scraped}, "{name}", "nothing", "", "")'
