"""The example configuration of Alertmanager: sound, and each alert reaches who has to act."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.rules import RULES, alerts, read

from alerts.rulebook import Links, alertmanager_text

CONFIG = RULES.parent / "alertmanager.yml"
ROUTES = (
    ("BrekWatchdog", "none", "monitor", "dead-mans-switch"),
    ("BrekAuthRejected", "page", "credentials", "brekwatch,partner-pager"),
    ("BrekRateLimited", "page", "quota", "brekwatch,partner-pager"),
    ("BrekServerErrors", "page", "api", "brekwatch,integration-pager"),
    ("BrekGoldenPathFailing", "page", "conversation", "brekwatch,integration-pager"),
    ("BrekScenarioFailing", "ticket", "conversation", "brekwatch,tickets"),
    ("BrekProbeStale", "page", "monitor", "brekwatch,operations-pager"),
    ("BrekMonitorOffline", "page", "network", "brekwatch,operations-pager"),
    ("BrekContractDrift", "ticket", "api", "brekwatch,tickets"),
)


def _amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["amtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - a real tool


def test_amtool_finds_it_sound() -> None:
    said = _amtool("check-config", CONFIG)

    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(("alert", "severity", "blame", "receivers"), ROUTES, ids=[route[0] for route in ROUTES])
def test_an_alert_reaches_who_has_to_act(alert: str, severity: str, blame: str, receivers: str) -> None:
    labels = (f"alertname={alert}", f"severity={severity}", f"blame={blame}")

    said = _amtool("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receivers}", *labels)

    assert said.returncode == 0, said.stdout + said.stderr


def test_it_names_only_alerts_that_there_are() -> None:
    known = {rule["alert"] for rule in alerts()}
    named = {
        word.removesuffix(".*")
        for rule in read(CONFIG)["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        if matcher.startswith("alertname")
        for word in matcher.split('"')[1].split("|")
    }

    assert {name for name in named if not any(alert.startswith(name) for alert in known)} == set()


def test_its_webhook_leads_to_the_service_that_is_configured() -> None:
    assert "url: https://watch.example/alerts" in alertmanager_text(Links(external_url="https://watch.example"))
