"""The quota gauges: the lowest headroom that the last run was told, for our own valid key only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Gauge

from exporter import metrics
from exporter.metrics import Family
from exporter.recorder.series import Series
from probes.model import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    remaining: int
    limit: int | None
    observed_at: float


class QuotaGauges:
    """Keeps the lowest reading of each run under way, and shows it when the run ends."""

    def __init__(self, gauges: Mapping[Family, Series[Gauge]]) -> None:
        self._gauges = gauges
        self._lowest: dict[str, _Reading] = {}

    def saw(self, run_id: str, exchange: Exchange, observed_at: float) -> None:
        """An attempt is over. Its headers count if the request carried our own key and the key was accepted."""
        answer = exchange.answer
        if answer is None or answer.ratelimit_remaining is None or not exchange.tells_own_quota:
            return
        lowest = self._lowest.get(run_id)
        if lowest is None or answer.ratelimit_remaining < lowest.remaining:
            self._lowest[run_id] = _Reading(
                remaining=answer.ratelimit_remaining, limit=answer.ratelimit_limit, observed_at=observed_at
            )

    def settle(self, run_id: str, target: str) -> None:
        """The run is over: show what it was told. A run that was told nothing leaves the gauges as they are.

        Without a limit nothing is known of the ratio, and an old one beside a new moment would be believed.
        """
        reading = self._lowest.pop(run_id, None)
        if reading is None:
            return
        self._gauges[metrics.RATELIMIT_REMAINING].child(target).set(reading.remaining)
        self._gauges[metrics.RATELIMIT_OBSERVED].child(target).set(reading.observed_at)
        if reading.limit:
            self._gauges[metrics.RATELIMIT_LIMIT].child(target).set(reading.limit)
            self._gauges[metrics.RATELIMIT_HEADROOM].child(target).set(reading.remaining / reading.limit)
        else:
            for family in (metrics.RATELIMIT_LIMIT, metrics.RATELIMIT_HEADROOM):
                self._gauges[family].prune(lambda labels: labels["target"] == target)

    def forget(self, run_id: str) -> None:
        """The run is over, and its target is watched no more."""
        self._lowest.pop(run_id, None)
