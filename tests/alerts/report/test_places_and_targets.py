"""A report is of one location and one target: what is good elsewhere says nothing of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import NOON, a_probe, a_target
from support.kept_incidents import an_incident
from support.reporting import EVERY, a_setting, evidence_of, shelves_of, story

from alerts.report.gathering import of_incident, of_stretch
from alerts.report.reckoning import report_of
from probes.model import Run
from probes.settings import Service, Settings
from probes.words import AuthHeader, Environment


def ended(number: int) -> object:
    return NOON + number * EVERY + timedelta(seconds=1.5)


def seen_from_two_places() -> list[Run]:
    """Broken from eu-1; from us-1 all is well, before and after."""
    us = [
        replace(run, run_id=f"u{run.run_id}", location="us-1", started_at=run.started_at + EVERY / 2)
        for run in story(".....")
    ]
    return [*story("..FFF"), *us]


@pytest.mark.parametrize("focus", [None, "r3"], ids=["stretch", "run"])
def test_what_is_good_from_another_location_is_no_recovery_here(focus: str | None) -> None:
    report = report_of(evidence_of(seen_from_two_places(), focus))

    assert (report.recovered_at, report.last_good_at, report.location) == (None, ended(1), "eu-1")
    assert (report.counts.passed, report.counts.failed) == (2, 3)


def test_an_incident_is_told_of_the_runs_of_its_own_location() -> None:
    report = report_of(of_incident(shelves_of(seen_from_two_places()), an_incident(), (), a_setting()))

    assert (report.counts.passed, report.counts.failed) == (2, 3)


def test_runs_from_elsewhere_are_said_to_be_left_aside() -> None:
    report = report_of(evidence_of(seen_from_two_places()))

    assert "5 runs from other locations than this one: in no number here." in report.unknowns


def test_of_two_locations_the_one_that_is_still_broken_is_reported() -> None:
    mended = [replace(run, run_id=f"u{run.run_id}", location="us-1") for run in story("FFFFF...")]

    assert report_of(evidence_of([*story("..FFF"), *mended])).location == "eu-1"


def beside_a_good_target() -> list[Run]:
    """Broken on acme, and silent since; on beta all is well, to the end."""
    beta = [replace(run, run_id=f"b{run.run_id}", target="beta") for run in story("............")]
    return [*story("..FFF"), *beta]


def with_both_targets() -> Settings:
    targets = {name: a_target(name=name, auth_header=AuthHeader.API_KEY) for name in ("acme", "beta")}
    return Settings(service=Service(journal=""), targets=targets, probes=(a_probe(),), scenarios={}, secrets=())


def test_a_report_of_all_targets_knows_the_configuration_of_the_one_that_failed() -> None:
    report = report_of(of_stretch(shelves_of(beside_a_good_target()), NOON, a_setting(settings=with_both_targets())))

    assert report.environment is Environment.SANDBOX
    assert [budget.bad_runs for budget in report.budgets] == [3]
    assert '-H "api-key: $BREK_PARTNER_API_KEY"' in (report.curl or "")


def test_another_target_s_runs_fill_no_gap() -> None:
    report = report_of(of_stretch(shelves_of(beside_a_good_target()), NOON, a_setting(settings=with_both_targets())))

    assert report.unknowns[0] == (
        "quick_search: no judged run for 39 min 58 s, from 2026-11-24 12:20:01 UTC to 2026-11-24 13:00:00 UTC."
    )
