"""Queries about the monitor itself: its series have no target, and are told apart by who was scraped."""

from __future__ import annotations

from dashboards.queries import WINDOW, of_monitor, total
from exporter.metrics import Family

BY = "instance"
INSTANCE = "{{instance}}"


def grown_of_monitor(series: str) -> str:
    """By how much the monitor's counters grew in the window, each series for itself. All of them start at 0."""
    return of_monitor(f"increase({series}[{WINDOW}])", WINDOW)


def quantile_of_monitor(share: float, family: Family) -> str:
    """What this share of the observations in the window didn't exceed, as far as buckets tell."""
    buckets = total(f"{BY}, le", grown_of_monitor(f"{family.name}_bucket"))
    return f"histogram_quantile({share:g}, {buckets}) >= 0"
