"""The figures that wake somebody, and how grave an incident is."""

from __future__ import annotations

import re

import pytest

from alerts.rulebook.failing import failing
from alerts.rulebook.model import Alert
from alerts.thresholds import ALERT_OF_KIND, GOLDEN_PATHS, Thresholds, alert_of, severity_of
from alerts.tying import KINDS_OF_ALERT
from probes.incident import Cause
from probes.model import Quota
from probes.settings import IncidentPolicy
from probes.words import Blame, FailureKind, Operation, Severity


def of_kind(kind: FailureKind) -> Cause:
    return Cause(target="acme", kind=kind, operation=Operation.SEND_EVENT)


def test_the_usual_thresholds_are_those_of_the_usual_policy() -> None:
    assert Thresholds.of(IncidentPolicy()) == Thresholds()


def test_a_configuration_changes_how_many_runs_open_and_close() -> None:
    told = Thresholds.of(IncidentPolicy(open_after=1, within=2, close_after=4))

    assert (told.open_after, told.within, told.close_after) == (1, 2, 4)


def test_low_headroom_is_below_what_our_own_probes_leave() -> None:
    assert Thresholds().headroom_low_ratio < Quota().reserve


@pytest.mark.parametrize(
    ("every_seconds", "long_hours", "short_minutes", "factor", "severity"),
    [
        pytest.param(10, 1, 5, 14.4, Severity.PAGE, id="every ten seconds"),
        pytest.param(60, 1, 5, 14.4, Severity.PAGE, id="every minute"),
        pytest.param(61, 6, 30, 6, Severity.PAGE, id="a little more than every minute"),
        pytest.param(600, 6, 30, 6, Severity.PAGE, id="every ten minutes"),
        pytest.param(3600, 72, 360, 1, Severity.TICKET, id="every hour"),
    ],
)
def test_the_windows_of_the_error_budget_follow_the_interval(
    every_seconds: float, long_hours: float, short_minutes: float, factor: float, severity: Severity
) -> None:
    window = Thresholds().burn_window(every_seconds)

    assert (window.long_seconds, window.short_seconds) == (long_hours * 3600, short_minutes * 60)
    assert (window.factor, window.severity) == (factor, severity)


def test_an_hourly_probe_is_stale_after_three_hours_and_two_minutes() -> None:
    assert Thresholds().stale_after_seconds(3600) == 3 * 3600 + 120


@pytest.mark.parametrize(
    ("kind", "blame", "scenario", "severity"),
    [
        pytest.param(FailureKind.SERVER_ERROR, Blame.API, "quick_search", Severity.PAGE, id="the API's"),
        pytest.param(FailureKind.CHAT_STATUS, Blame.CONVERSATION, "quick_search", Severity.TICKET, id="a wrong turn"),
        pytest.param(FailureKind.CHAT_STATUS, None, "quick_search", Severity.TICKET, id="a wrong turn, blame unsaid"),
        pytest.param(FailureKind.CHAT_STATUS, Blame.API, "quick_search", Severity.PAGE, id="not the assistant's"),
        pytest.param(FailureKind.ARTIFACT, Blame.CONVERSATION, "golden_path", Severity.PAGE, id="on the golden path"),
        pytest.param(FailureKind.UNEXPECTED_BOOKING, Blame.CONVERSATION, "quick_search", Severity.PAGE, id="it booked"),
    ],
)
def test_who_is_woken_by_an_incident(kind: FailureKind, blame: Blame | None, scenario: str, severity: Severity) -> None:
    assert severity_of(of_kind(kind), (scenario,), blame) is severity


def test_an_incident_of_several_scenarios_is_as_grave_as_the_gravest() -> None:
    assert severity_of(of_kind(FailureKind.ARTIFACT), ("decline_payment", "golden_path")) is Severity.PAGE


@pytest.mark.parametrize("figures", [{"open_after": 6}, {"open_after": 0}, {"close_after": 0}], ids=str)
def test_nonsense_can_not_be_built(figures: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="opens after 1"):
        Thresholds(**figures)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "name"), ALERT_OF_KIND.items(), ids=list(ALERT_OF_KIND))
def test_the_rule_of_a_kind_s_alert_asks_for_that_kind_alone(kind: FailureKind, name: str) -> None:
    [rule] = [each for each in failing(Thresholds()).rules if isinstance(each, Alert) and each.name == name]

    assert set(re.findall(r'kind="(\w+)"', rule.expr)) == {kind.value}
    assert KINDS_OF_ALERT[name] == {kind}


def test_every_alert_that_is_named_for_a_kind_is_a_rule() -> None:
    named = {alert_of(kind, scenarios) for kind in FailureKind for scenarios in (GOLDEN_PATHS, ())}

    assert named <= {each.name for each in failing(Thresholds()).rules if isinstance(each, Alert)}
