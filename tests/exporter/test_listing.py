from __future__ import annotations

from pathlib import Path
from typing import Any

import bcrypt
import pytest

from exporter.listing import check_lines, scenario_lines, scenario_named, scenario_text, settings_lines
from probes import scenario_files, settings
from probes.errors import ConfigError, UsageError
from probes.quota import requests_of

CONFIG = """
service: {{listen: "{listen}"{web_config}}}
targets:
  sandbox:
    base_url: http://127.0.0.1:3000
    environment: sandbox
    api_key: a-key-of-the-tests
    quota: {quota}
  twin:
    base_url: {twin_url}
    environment: sandbox
    api_key: {twin_key}
    quota: {twin_quota}
probes:
  - {{scenario: quick_search, every: {every}}}
"""


def configured(folder: Path, **changes: Any) -> settings.Settings:
    """Two targets with one key, each searched once a minute (three requests each), changed so."""
    facts: dict[str, Any] = {
        "listen": "127.0.0.1:9464",
        "web_config": "",
        "quota": "{}",
        "twin_url": "http://127.0.0.1:3000",
        "twin_key": "a-key-of-the-tests",
        "twin_quota": "{}",
        "every": "1m",
    }
    path = folder / "brekwatch.yaml"
    path.write_text(CONFIG.format(**(facts | changes)))
    return settings.load(path, {})


def refused(found: settings.Settings) -> tuple[str, list[str]]:
    """Why it is refused, and the lines before that."""
    lines: list[str] = []
    with pytest.raises(UsageError) as problem:
        lines.extend(settings_lines(found))  # keeps what came before the refusal
    return str(problem.value), lines


def quick_search_named(name: str) -> str:
    """The YAML of that shipped scenario, under this name."""
    return scenario_text(scenario_files.shipped()["quick_search"]).replace("name: quick_search", f"name: {name}", 1)


def test_a_plan_within_the_share_is_sound(tmp_path: Path) -> None:
    lines = list(settings_lines(configured(tmp_path, quota="{limit: 100}")))

    assert "targets sandbox, twin (one key): planned 6.0 requests a minute; their share of 100 is 10.0" in lines
    assert lines[-1] == "sound; the service would listen on 127.0.0.1:9464"


def test_targets_with_one_key_are_refused_together_where_each_alone_would_be_within_its_share(tmp_path: Path) -> None:
    problem, lines = refused(configured(tmp_path, quota="{limit: 50}", twin_quota="{limit: 50}"))

    assert "targets sandbox, twin (one key)" in problem
    assert "plan 6.0 requests a minute, and may send 5.0" in problem
    assert "0.1 of the 50 that quota.limit allows" in problem
    assert "`every` 1.2 times as long" in problem
    assert not any(line.startswith("sound") for line in lines)


def test_a_limit_that_one_of_them_names_counts_for_the_key(tmp_path: Path) -> None:
    problem, _ = refused(configured(tmp_path, twin_quota="{limit: 50}"))

    assert "may send 5.0" in problem


@pytest.mark.parametrize("other", [{"twin_key": "another-key"}, {"twin_url": "http://127.0.0.1:3001"}], ids=str)
def test_another_key_or_another_deployment_has_a_budget_of_its_own(tmp_path: Path, other: dict[str, str]) -> None:
    lines = list(settings_lines(configured(tmp_path, quota="{limit: 50}", twin_quota="{limit: 50}", **other)))

    assert "target sandbox: planned 3.0 requests a minute; their share of 50 is 5.0" in lines
    assert "target twin: planned 3.0 requests a minute; their share of 50 is 5.0" in lines


def test_without_a_configured_limit_it_only_warns_and_reckons_with_60(tmp_path: Path) -> None:
    lines = list(settings_lines(configured(tmp_path, every="30s")))

    (line,) = [line for line in lines if "planned" in line]
    assert "planned 12.0" in line
    assert "60 (quota.limit is not configured) is 6.0  WARNING: beyond the share" in line
    assert lines[-1].startswith("sound")


def test_a_run_that_could_never_start_is_refused_however_seldom_it_is_due(tmp_path: Path) -> None:
    problem, _ = refused(configured(tmp_path, every="6h", quota="{limit: 2}"))
    warned = list(settings_lines(configured(tmp_path, every="6h", quota="{share: 0.004}")))

    assert "a run of 3 requests could never start: in ten minutes the probes may send 2, a share of 0.1" in problem
    assert any("WARNING: a run of 3 requests is beyond the share of ten minutes" in line for line in warned)


def test_a_plan_that_just_fills_the_share_is_sound(tmp_path: Path) -> None:
    lines = list(settings_lines(configured(tmp_path, quota="{limit: 60}")))

    assert lines[-1].startswith("sound")


def test_listening_beyond_loopback_without_users_is_refused(tmp_path: Path) -> None:
    problem, _ = refused(configured(tmp_path, listen="0.0.0.0:9464"))

    assert problem.startswith("service.listen: 0.0.0.0 is reachable from elsewhere")
    assert "basic_auth_users" in problem
    assert "127.0.0.1" in problem


def test_listening_beyond_loopback_with_users_is_sound(tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{prometheus: {hashed}}}\n")
    found = configured(tmp_path, listen="0.0.0.0:9464", web_config=", web_config: web.yml")

    assert list(settings_lines(found))[-1] == "sound; the service would listen on 0.0.0.0:9464"


def test_all_that_is_refused_is_told_at_once(tmp_path: Path) -> None:
    problem, _ = refused(configured(tmp_path, listen="0.0.0.0:9464", quota="{limit: 10}"))

    assert [line.partition(":")[0] for line in problem.splitlines()] == [
        "targets sandbox, twin (one key)",
        "service.listen",
    ]


def test_a_probe_that_would_be_skipped_says_why(tmp_path: Path) -> None:
    found = configured(tmp_path)
    path = tmp_path / "brekwatch.yaml"
    path.write_text(path.read_text().replace("quick_search", "golden_path"))
    found = settings.load(path, {})

    assert any("golden_path every 60 s" in line and "SKIPPED (portal)" in line for line in settings_lines(found))


def test_an_empty_folder_has_no_scenarios_to_check(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a scenario")
    with pytest.raises(ConfigError, match=r"there is no \*\.yaml in this folder"):
        list(check_lines([tmp_path]))


def test_what_is_sound_is_told_and_what_is_not_is_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text(quick_search_named("my_own"))
    (tmp_path / "empty").mkdir()
    lines: list[str] = []
    with pytest.raises(ConfigError) as refused:
        lines.extend(check_lines([good, tmp_path / "empty", tmp_path / "missing.yaml"]))

    assert lines == ["my_own: sound, 3 steps"]
    assert len(refused.value.problems) == 2


def test_a_name_that_the_service_would_not_take_is_refused_with_its_file(tmp_path: Path) -> None:
    shipped, first, second = (tmp_path / f"{name}.yaml" for name in ("shipped", "first", "second"))
    shipped.write_text(quick_search_named("quick_search"))
    first.write_text(quick_search_named("my_own"))
    second.write_text(quick_search_named("my_own"))
    lines: list[str] = []
    with pytest.raises(ConfigError) as refused:
        lines.extend(check_lines([shipped, first, second]))

    assert lines == ["my_own: sound, 3 steps"]
    assert refused.value.problems == (
        f"{shipped}: the name quick_search is taken by a shipped scenario: choose another",
        f"{second}: the name my_own is taken by {first}: choose another",
    )


def test_a_listing_has_a_line_for_each_scenario() -> None:
    lines = list(scenario_lines(scenario_files.shipped()))

    assert len(lines) == len(scenario_files.shipped())
    assert any(line.startswith("golden_path ") and "leaves booking" in line for line in lines)


def test_the_portal_is_not_part_of_the_quota() -> None:
    golden_path = scenario_named(scenario_files.shipped(), "golden_path")

    assert requests_of(golden_path) == len(golden_path.steps) + len(golden_path.cleanup) - 1
