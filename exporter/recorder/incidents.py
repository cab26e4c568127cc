"""The gauges that tell of incidents, of what is stopped, and of what receivers were told."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from itertools import product

from prometheus_client import Gauge

from exporter import metrics
from exporter.metrics import Family
from exporter.recorder.series import Pair, Series
from probes.incident import Incident
from probes.words import Blame, FailureKind


class IncidentGauges:
    """Shows what the incident code says: of configured probes and targets alone."""

    def __init__(self, gauges: Mapping[Family, Series[Gauge]]) -> None:
        self._gauges = gauges
        self._kinds: dict[Pair, set[FailureKind]] = {}
        self._open: Tally[tuple[str, Blame]] = Tally()

    def expect_target(self, target: str) -> None:
        """Zeros for a target, unless more is known."""
        self._gauges[metrics.BOOKINGS_STOPPED].child(target)
        self._show(target)

    def recent(self, pair: Pair, counts: Mapping[FailureKind, int]) -> None:
        """A kind that was shown before stays, at 0."""
        kinds = self._kinds.setdefault(pair, set())
        kinds.update(counts)
        for kind in kinds:
            self._gauges[metrics.RECENT_FAILED_RUNS].child(*pair, kind).set(counts.get(kind, 0))

    def forget(self, pairs: Iterable[Pair]) -> None:
        """These probes are gone, with their series."""
        for pair in pairs:
            self._kinds.pop(pair, None)

    def still_open(self, incidents: Iterable[Incident], targets: Iterable[str]) -> None:
        """All incidents that are open now."""
        self._open = Tally((incident.cause.target, incident.blame) for incident in incidents)
        for target in targets:
            self._show(target)

    def stopped(self, target: str, *, stopped: bool) -> None:
        """Whether what leaves a booking may be played there."""
        self._gauges[metrics.BOOKINGS_STOPPED].child(target).set(stopped)

    def _show(self, target: str) -> None:
        for each, blame in product([target], Blame):
            self._gauges[metrics.INCIDENTS_OPEN].child(each, blame).set(self._open[each, blame])
