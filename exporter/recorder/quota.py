"""The quota gauges: the lowest headroom that the last run was told, for our own valid key only."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Gauge

from exporter import metrics
from exporter.metrics import Family
from exporter.recorder.readings import Headroom
from exporter.recorder.series import Series


def show(gauges: Mapping[Family, Series[Gauge]], target: str, headroom: Headroom) -> None:
    """Without a limit nothing is known of the ratio, and an old one beside a new moment would be believed."""
    gauges[metrics.RATELIMIT_REMAINING].child(target).set(headroom.remaining)
    gauges[metrics.RATELIMIT_OBSERVED].child(target).set(headroom.observed_at)
    if headroom.limit and headroom.ratio is not None:
        gauges[metrics.RATELIMIT_LIMIT].child(target).set(headroom.limit)
        gauges[metrics.RATELIMIT_HEADROOM].child(target).set(headroom.ratio)
    else:
        for family in (metrics.RATELIMIT_LIMIT, metrics.RATELIMIT_HEADROOM):
            gauges[family].prune(lambda labels: labels["target"] == target)
