"""Series of the catalogue: prometheus_client's metrics with their children at hand, and the exact count of runs."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from exporter.metrics import RUNS, RUNS_STARTED, RUNS_UNDER_WAY, Family

M = TypeVar("M", bound=MetricWrapperBase)


class Series(Generic[M]):
    """One family's series. A child is looked up by its labels alone; without labels it appears when first asked for."""

    __slots__ = ("_children", "_family", "_make", "_metric")

    def __init__(self, family: Family, make: Callable[[], M]) -> None:
        self._family = family
        self._make = make
        self._metric: M | None = make() if family.labels else None
        self._children: dict[tuple[str, ...], M] = {}

    def child(self, *labels: str) -> M:
        """The series with these label values, in the catalogue's order; made at its first mention."""
        found = self._children.get(labels)
        if found is None:
            found = self._children[labels] = self._new(labels)
        return found

    def _new(self, labels: tuple[str, ...]) -> M:
        if self._metric is None:
            self._metric = self._make()
        return self._metric.labels(*labels) if labels else self._metric

    def prune(self, is_gone: Callable[[Mapping[str, str]], bool]) -> None:
        """Drop the series whose labels are told to be gone."""
        names = self._family.labels
        if self._metric is None or not names:
            return
        for key in [key for key in self._children if is_gone(dict(zip(names, key, strict=True)))]:
            self._metric.remove(*key)
            del self._children[key]


def counter(family: Family, registry: CollectorRegistry) -> Series[Counter]:
    """The counters of a family."""
    return Series(family, lambda: Counter(family.name, family.help, family.labels, registry=registry))


def gauge(family: Family, registry: CollectorRegistry) -> Series[Gauge]:
    """The gauges of a family."""
    return Series(family, lambda: Gauge(family.name, family.help, family.labels, registry=registry))


def histogram(family: Family, registry: CollectorRegistry) -> Series[Histogram]:
    """The histograms of a family."""
    return Series(
        family,
        lambda: Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=registry),
    )


Pair = tuple[str, str]  # target, scenario


class RunCounts(Collector):
    """Runs that began, that ended, that are under way: three families read at one moment, so their sum always holds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started: Tally[Pair] = Tally()
        self._ended: Tally[tuple[str, str, str]] = Tally()
        self._under_way: dict[str, Pair] = {}

    def expect(self, pair: Pair, outcomes: Iterable[str]) -> None:
        """Zeros for a probe that has not been played yet."""
        with self._lock:
            self._started[pair] += 0
            for outcome in outcomes:
                self._ended[(*pair, outcome)] += 0

    def start(self, run_id: str, pair: Pair) -> None:
        """A run began; hearing it twice changes nothing."""
        with self._lock:
            if run_id not in self._under_way:
                self._under_way[run_id] = pair
                self._started[pair] += 1

    def end(self, run_id: str, pair: Pair, outcome: str) -> None:
        """A run has its verdict; one that was refused began and ended in this moment."""
        with self._lock:
            if self._under_way.pop(run_id, None) is None:
                self._started[pair] += 1
            self._ended[(*pair, outcome)] += 1

    def forget(self, pairs: Collection[Pair]) -> None:
        """Drop the series of probes that are no more."""
        with self._lock:
            for pair in pairs:
                self._started.pop(pair, None)
            for key in [key for key in self._ended if key[:2] in pairs]:
                del self._ended[key]
            for run_id in [run_id for run_id, theirs in self._under_way.items() if theirs in pairs]:
                del self._under_way[run_id]

    def collect(self) -> Iterable[Metric]:
        """The three families as they were at one moment."""
        with self._lock:
            started, ended = dict(self._started), dict(self._ended)
            under_way = Tally(self._under_way.values())
        for family, values in ((RUNS, ended.items()), (RUNS_STARTED, started.items())):
            yield _filled(CounterMetricFamily(family.name, family.help, labels=family.labels), values)
        gauges = GaugeMetricFamily(RUNS_UNDER_WAY.name, RUNS_UNDER_WAY.help, labels=RUNS_UNDER_WAY.labels)
        yield _filled(gauges, [(pair, under_way[pair]) for pair in started])


F = TypeVar("F", CounterMetricFamily, GaugeMetricFamily)


def _filled(family: F, values: Iterable[tuple[tuple[str, ...], int]]) -> F:
    for labels, value in values:
        family.add_metric(labels, value)
    return family
