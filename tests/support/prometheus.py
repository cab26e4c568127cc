"""What Prometheus makes of our metrics: its own linter, and the series of a scrape by name and labels."""

from __future__ import annotations

import subprocess
from typing import Protocol

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Renders(Protocol):
    def render(self, accept: str) -> tuple[bytes, str]: ...


def complaints_of_promtool(text: bytes) -> str:
    """What `promtool check metrics` says of the text format; empty if it has nothing to say."""
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)  # noqa: S607
    said = (check.stdout + check.stderr).decode()
    return said if said or check.returncode == 0 else f"exit code {check.returncode}"


def samples(text: bytes) -> list[Sample]:
    return [sample for family in parse_text(text.decode()) for sample in family.samples]


def openmetrics_samples(text: bytes) -> list[Sample]:
    return [sample for family in parse_openmetrics(text.decode()) for sample in family.samples]


def values(recorder: Renders, name: str, **labels: str) -> dict[tuple[str, ...], float]:
    """The series of that name that have these labels: by their other label values, sorted by label name."""
    found = {}
    for sample in samples(recorder.render("")[0]):
        if sample.name == name and labels.items() <= sample.labels.items():
            rest = tuple(value for label, value in sorted(sample.labels.items()) if label not in labels)
            found[rest] = sample.value
    return found


def value(recorder: Renders, name: str, **labels: str) -> float | None:
    """The one series of that name with these labels; None if there is none. More than one is their sum."""
    found = values(recorder, name, **labels)
    return sum(found.values()) if found else None


def exemplars(recorder: Renders, name: str, **labels: str) -> list[dict[str, str]]:
    """The exemplars that OpenMetrics shows for series of that name with these labels."""
    return [
        sample.exemplar.labels
        for sample in openmetrics_samples(recorder.render(OPENMETRICS)[0])
        if sample.name == name and sample.exemplar is not None and labels.items() <= sample.labels.items()
    ]
