"""What a scrape is given: the plain text format, or OpenMetrics with exemplars where that is asked for.

Secrets are scrubbed here, at the sink, so that one learnt after an exemplar was taken is removed too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_NO_ESCAPING = "allow-utf-8"  # every name of ours is a plain one, and looking at each letter again takes its time


def wants_openmetrics(accept: str) -> bool:
    """Whether an Accept header prefers OpenMetrics to plain text."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        if media_type in weights:
            weights[media_type] = max(weights[media_type], _weight(parameters))
    openmetrics_weight, text_weight = weights.values()
    return openmetrics_weight > 0 and openmetrics_weight >= text_weight


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def render(registry: CollectorRegistry, accept: str, scrub: Callable[[str], str]) -> tuple[bytes, str]:
    """The body and its content type. May run in any thread; series may change meanwhile."""
    if wants_openmetrics(accept):
        body: bytes = openmetrics.generate_latest(_Shown(registry, scrub), _NO_ESCAPING)  # type: ignore[no-untyped-call]
        return body, OPENMETRICS
    return generate_latest(_Shown(registry, None), _NO_ESCAPING), TEXT


class _Shown(Collector):
    """A registry as it may be shown: no `_created` series, and exemplars without secrets."""

    def __init__(self, registry: CollectorRegistry, scrub: Callable[[str], str] | None) -> None:
        self._registry = registry
        self._scrub = scrub

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [self._shown(sample) for sample in metric.samples if not _is_created(sample)]
            yield metric

    def _shown(self, sample: Sample) -> Sample:
        if sample.exemplar is None or self._scrub is None:
            return sample
        return sample._replace(exemplar=_scrubbed(sample.exemplar, self._scrub))


def _is_created(sample: Sample) -> bool:
    return sample.name.endswith("_created")


def _scrubbed(exemplar: Exemplar, scrub: Callable[[str], str]) -> Exemplar | None:
    """Without the ids that hold a secret; no exemplar at all if that can't be told."""
    try:
        clean = {name: value for name, value in exemplar.labels.items() if scrub(value) == value}
    except Exception:  # noqa: BLE001 - fail closed: the sample is worth more than its exemplar
        return None
    return exemplar._replace(labels=clean) if clean else None
