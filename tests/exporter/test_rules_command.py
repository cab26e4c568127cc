"""`brekwatch rules export`: files that promtool takes, and nothing of yours written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rules import RULE_FILES, promtool

from exporter.rules_command import export
from probes.errors import UsageError

CONFIG = """
service:
  external_url: https://watch.example/
  grafana_url: https://grafana.example
targets:
  sandbox:
    base_url: http://127.0.0.1:9
    api_key: ${BREK_PARTNER_API_KEY}
probes:
  - {scenario: quick_search, every: 5m}
incidents: {open_after: 4, within: 6, close_after: 2}
"""


def test_it_writes_rules_that_promtool_takes_and_says_what_is_next(tmp_path: Path) -> None:
    told = list(export(tmp_path / "new", None, {}))

    said = promtool("check", "rules", *(tmp_path / "new").glob("*.rules.yml"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert {path.name for path in (tmp_path / "new").glob("*.yml")} == {
        "alertmanager.yml",
        *(path.name for path in RULE_FILES),
    }
    assert any("promtool check rules" in line for line in told)


def test_thresholds_and_links_are_those_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "brekwatch.yaml"
    config.write_text(CONFIG, encoding="utf-8")

    list(export(tmp_path / "rules", config, {"BREK_PARTNER_API_KEY": "a-key-of-nobody-0123456789"}))

    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "rules").glob("*.yml"))
    assert ">= 4" in text
    assert "last 6" in text
    assert "https://watch.example/runbooks/BrekWatchdog" in text
    assert "https://watch.example/alerts" in text
    assert "https://grafana.example/d/brekwatch-overview" in text
    assert "a-key-of-nobody" not in text


def test_rules_are_written_anew_and_what_may_be_changed_stays(tmp_path: Path) -> None:
    list(export(tmp_path, None, {}))
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: mine}\n", encoding="utf-8")
    rule_file = tmp_path / "failing.rules.yml"
    rule_file.write_text(rule_file.read_text(encoding="utf-8").replace(">= 3", ">= 9"), encoding="utf-8")

    told = list(export(tmp_path, None, {}))

    assert ">= 9" not in rule_file.read_text(encoding="utf-8")
    assert (tmp_path / "alertmanager.yml").read_text(encoding="utf-8") == "route: {receiver: mine}\n"
    assert any("stays" in line for line in told)


def test_a_rule_file_of_somebody_else_stops_it_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "monitor.rules.yml").write_text("groups: []\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"monitor\.rules\.yml was not made by this command"):
        list(export(tmp_path, None, {}))

    assert [path.name for path in tmp_path.iterdir()] == ["monitor.rules.yml"]


def test_force_writes_over_all(tmp_path: Path) -> None:
    (tmp_path / "monitor.rules.yml").write_text("groups: []\n", encoding="utf-8")
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: mine}\n", encoding="utf-8")

    list(export(tmp_path, None, {}, force=True))

    assert "BrekWatchdog" in (tmp_path / "monitor.rules.yml").read_text(encoding="utf-8")
    assert "inhibit_rules" in (tmp_path / "alertmanager.yml").read_text(encoding="utf-8")


def test_a_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")

    with pytest.raises(UsageError, match="can't be written"):
        list(export(tmp_path / "taken", None, {}))
