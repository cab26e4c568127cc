from __future__ import annotations

import re
import subprocess
import sys

import pytest

from exporter import metrics
from exporter.metrics import Family, Kind

IDS_AND_TEXTS = {"request_id", "trace_id", "run_id", "session_id", "url", "path", "message", "actor"}


def test_every_family_of_the_module_is_in_the_catalogue_once() -> None:
    declared = [value for value in vars(metrics).values() if isinstance(value, Family)]

    assert sorted(family.name for family in declared) == sorted(family.name for family in metrics.FAMILIES)
    assert len({family.name for family in metrics.FAMILIES}) == len(metrics.FAMILIES)


@pytest.mark.parametrize("family", metrics.FAMILIES, ids=lambda family: family.name)
def test_names_units_and_help_are_as_prometheus_users_expect(family: Family) -> None:
    assert re.fullmatch(r"brek_(probe|monitor|incidents)_[a-z_]+", family.name)
    assert family.help.endswith(".")
    assert family.kind is not Kind.HISTOGRAM or family.name.endswith("_seconds")
    assert not IDS_AND_TEXTS & set(family.labels)


@pytest.mark.parametrize("family", [f for f in metrics.FAMILIES if f.buckets], ids=lambda family: family.name)
def test_buckets_grow_and_are_few(family: Family) -> None:
    assert list(family.buckets) == sorted(set(family.buckets))
    assert len(family.buckets) <= 12


def test_run_buckets_hold_the_default_latency_objective_as_a_bound() -> None:
    assert 30.0 in metrics.RUN_DURATION.buckets


def test_a_gauge_can_not_be_called_total() -> None:
    with pytest.raises(ValueError, match="_total"):
        Family(name="brek_probe_x_total", kind=Kind.GAUGE, help="X.")


def test_a_histogram_without_buckets_is_refused() -> None:
    with pytest.raises(ValueError, match="buckets"):
        Family(name="brek_probe_x_seconds", kind=Kind.HISTOGRAM, help="X.")


def test_reading_the_catalogue_loads_no_prometheus_client() -> None:
    program = "import sys, exporter.metrics; sys.exit('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own words

    assert done.returncode == 0
