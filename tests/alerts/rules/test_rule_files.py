"""The shipped rule files are what the code makes, complete, and speak of nothing that isn't exported."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from support.rules import RULE_FILES, RULES, TEST_FILES, alerts, expectations, promtool, rules

from alerts.rulebook import Links, rule_files
from alerts.thresholds import SEVERITIES, Thresholds
from exporter import metrics
from probes.settings import IncidentPolicy
from probes.words import BookingState, CorrelationState, Environment, FailureKind, FaultKind, Outcome, Telling

ALERTS = sorted({rule["alert"] for rule in alerts()})
_FAMILIES = {family.name: family for family in metrics.FAMILIES}
_MONITOR_LABELS = {"job", "instance"}
_VALUES = {
    ("brek_probe_failures_total", "kind"): set(FailureKind),
    ("brek_probe_recent_failed_runs", "kind"): set(FailureKind),
    ("brek_monitor_faults_total", "kind"): set(FaultKind),
    ("brek_probe_runs_total", "outcome"): set(Outcome),
    ("brek_probe_objective_runs_total", "result"): {"good", "bad"},
    ("brek_probe_bookings_total", "state"): set(BookingState),
    ("brek_probe_correlation_total", "state"): set(CorrelationState),
    ("brek_probe_target_info", "environment"): set(Environment),
    ("brek_monitor_notices_total", "state"): set(Telling),
}


def _texts() -> Iterator[str]:
    for each in rules().values():
        for rule in each:
            yield rule["expr"]
            yield from rule.get("annotations", {}).values()


def _selectors() -> Iterator[tuple[str, str]]:
    """Each exported metric that a rule or a text names, and its matchers."""
    for text in _texts():
        plain = re.sub(r"[a-z_]+:brek_[a-z_]+:\w+", "", text).replace('\\"', '"')
        yield from re.findall(r"\b((?:brek|process)_[a-z_]+)(?:\{([^}]*)\})?", plain)


def _matchers() -> Iterator[tuple[str, str, str]]:
    for name, inside in _selectors():
        for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"?([^",]*)', inside):
            yield name, label, value


def test_the_rule_files_are_those_that_the_defaults_make() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in RULE_FILES}

    assert shipped == rule_files(Thresholds(), Links())


def test_the_rule_files_and_their_tests_are_kept_by_git() -> None:
    command = ["git", "ls-files", "."]
    listed = subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours

    assert {str(path.relative_to(RULES)) for path in (*RULE_FILES, *TEST_FILES)} <= set(listed.splitlines())


def test_promtool_finds_the_rules_sound() -> None:
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)

    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_has_a_severity_of_its_own_and_no_other_is_known() -> None:
    assert set(ALERTS) == {*SEVERITIES, "BrekWatchdog"}


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_seen_to_fire_and_to_be_silent(alert: str) -> None:
    expected = list(expectations(alert))

    assert any(expected)
    assert not all(expected) or alert == "BrekWatchdog"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_runbook(alert: str) -> None:
    assert (RULES.parent / "runbooks" / f"{alert}.md").is_file()


@pytest.mark.parametrize("rule", list(alerts()), ids=lambda rule: rule["alert"])
def test_every_alert_says_whose_it_is_and_leads_to_all_three_pages(rule: dict[str, dict[str, str]]) -> None:
    told = rule["annotations"]

    assert "blame" in rule["labels"] or "group_left (blame)" in rule["expr"]
    assert told["summary"]
    assert told["description"]
    assert told["runbook_url"] == f"http://localhost:9464/runbooks/{rule['alert']}"
    assert told["incident_url"].startswith("http://localhost:9464/incidents/open")
    assert told["dashboard_url"].startswith("http://localhost:3000/d/brekwatch-")


def test_every_metric_that_a_rule_names_is_exported() -> None:
    named = {re.sub(r"_bucket$", "", name) for name, _ in _selectors()}

    assert named - {"process_start_time_seconds"} <= _FAMILIES.keys()


def test_every_label_that_a_rule_matches_is_one_of_that_metric() -> None:
    unknown = {
        (name, label)
        for name, label, _ in _matchers()
        if label not in {*_FAMILIES[re.sub(r"_bucket$", "", name)].labels, *_MONITOR_LABELS}
        and (label, name.endswith("_bucket")) != ("le", True)
    }

    assert unknown == set()


def test_every_value_that_a_rule_matches_is_one_that_is_exported() -> None:
    unknown = {
        (name, label, word)
        for name, label, value in _matchers()
        for word in value.split("|")
        if (name, label) in _VALUES and word not in _VALUES[name, label]
    }

    assert unknown == set()


def test_every_label_that_a_rule_groups_or_joins_by_is_exported_or_prometheus_own() -> None:
    known = {label for family in metrics.FAMILIES for label in family.labels} | _MONITOR_LABELS | {"le"}
    named = {
        label.strip()
        for text in _texts()
        for inside in re.findall(r"\b(?:by|on|group_left) \(([^)]*)\)", text)
        for label in inside.split(",")
        if label.strip()
    }

    assert named <= known


def test_a_configuration_changes_how_many_failures_open_an_alert() -> None:
    policy = IncidentPolicy(open_after=4, within=7, close_after=2)

    text = rule_files(Thresholds.of(policy), Links())["failing.rules.yml"]

    assert ">= 4" in text
    assert ">= 3" not in text
    assert "last 7" in text
    assert "last 5" not in text


def test_links_begin_where_the_configuration_says() -> None:
    links = Links(external_url="https://watch.example/brek", grafana_url="https://grafana.example")

    text = "".join(rule_files(Thresholds(), links).values())

    assert "localhost" not in text
    assert "https://watch.example/brek/runbooks/BrekWatchdog" in text
    assert "https://grafana.example/d/brekwatch-monitor" in text
