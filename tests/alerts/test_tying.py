from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from support.desk import MINUTE, a_hit, an_incident, closed, of
from support.facts import NOON

from alerts.tying import KINDS_OF_ALERT, SLACK, ToldAlert, incident_of
from probes.words import FailureKind

NOW = NOON + 60 * MINUTE


def an_alert(name: str = "BrekServerErrors", **changes: object) -> ToldAlert:
    facts: dict[str, object] = {
        "fingerprint": "c0ffee",
        "name": name,
        "status": "firing",
        "starts_at": NOON + 3 * MINUTE,
        "ends_at": None,
        "target": "acme",
        "scenario": None,
        "kind": None,
    }
    return ToldAlert(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BrekAuthMissing", FailureKind.AUTH_MISSING),
        ("BrekAuthRejected", FailureKind.AUTH_REJECTED),
        ("BrekRateLimited", FailureKind.RATE_LIMITED),
        ("BrekServerErrors", FailureKind.SERVER_ERROR),
        ("BrekUnexpectedBooking", FailureKind.UNEXPECTED_BOOKING),
    ],
)
def test_an_alert_of_a_kind_is_about_the_incident_of_that_kind_alone(name: str, kind: FailureKind) -> None:
    incidents = [an_incident(incident_id=each, cause=of(each)) for each in FailureKind]

    found = incident_of(an_alert(name), incidents, NOW)
    assert found is not None
    assert found.cause.kind is kind


@pytest.mark.parametrize("name", ["BrekWatchdog", "BrekMonitorDown", "BrekContractDrift", "NodeDown", ""])
def test_an_alert_of_something_else_is_about_no_incident(name: str) -> None:
    assert incident_of(an_alert(name), [an_incident()], NOW) is None


@pytest.mark.parametrize("target", ["other", None], ids=["another", "none"])
def test_another_target_is_another_incident(target: str | None) -> None:
    assert incident_of(an_alert(target=target), [an_incident()], NOW) is None


@pytest.mark.parametrize(("scenario", "tied"), [("golden_path", True), ("quick_search", False), (None, True)])
def test_a_scenario_that_is_named_must_have_been_hit(scenario: str | None, tied: bool) -> None:
    found = incident_of(an_alert("BrekGoldenPathFailing", scenario=scenario), [an_incident()], NOW)

    assert (found is not None) is tied


@pytest.mark.parametrize(("kind", "tied"), [("server_error", True), ("timeout", False)])
def test_an_alert_that_names_its_kind_is_of_that_kind(kind: str, tied: bool) -> None:
    found = incident_of(an_alert("BrekIncident", kind=kind), [an_incident()], NOW)

    assert (found is not None) is tied


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "tied"),
    [
        (NOON - MINUTE, None, True),
        (NOON - 2 * SLACK, NOON - SLACK - MINUTE, False),
        (NOON - 2 * SLACK, NOON - SLACK + MINUTE, True),
        (NOON + 10 * MINUTE + SLACK, None, True),
        (NOON + 11 * MINUTE + SLACK, None, False),
    ],
    ids=["before and on", "over long before", "over a little before", "begun a little after", "begun long after"],
)
def test_an_alert_may_start_a_little_before_and_after_but_no_more(
    starts_at: datetime, ends_at: datetime | None, tied: bool
) -> None:
    found = incident_of(an_alert(starts_at=starts_at, ends_at=ends_at), [closed(an_incident())], NOW)

    assert (found is not None) is tied


def test_what_was_going_on_when_it_started_comes_before_what_opened_later() -> None:
    going_on = closed(an_incident(incident_id="first"))
    later = an_incident(
        incident_id="later", first_failed_at=NOON + 40 * MINUTE, detected_at=NOON + 42 * MINUTE, hits=(a_hit(),)
    )

    found = incident_of(an_alert(), [later, going_on], NOW)
    assert found == going_on


def test_of_two_that_were_going_on_the_open_one_is_meant() -> None:
    still_open = an_incident(incident_id="open")
    ended = closed(an_incident(incident_id="ended", cause=of(FailureKind.TIMEOUT), detected_at=NOON + 3 * MINUTE))

    found = incident_of(an_alert("BrekScenarioFailing"), [still_open, ended], NOW)
    assert found == still_open


def test_of_two_open_ones_the_newest_is_meant() -> None:
    old = an_incident(incident_id="old")
    new = replace(old, incident_id="new", cause=of(FailureKind.TIMEOUT), detected_at=NOON + 4 * MINUTE)

    assert incident_of(an_alert("BrekScenarioFailing"), [new, old], NOW) == new


def test_every_kind_of_failure_has_an_alert_that_is_about_it() -> None:
    alone = {"BrekScenarioFailing", "BrekGoldenPathFailing"}

    assert all(KINDS_OF_ALERT[name] == frozenset(FailureKind) for name in alone)
