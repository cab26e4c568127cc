"""`brekwatch dashboards export`, the real command: files that Grafana takes, and nothing of yours written over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.board_files import GENERATED, UIDS
from support.board_schema import RELEASES, options_complaints
from support.commands import Ended, brekwatch
from support.rules import read

CONFIG = """
service:
  external_url: https://watch.example/$ops/
targets:
  sandbox:
    base_url: http://127.0.0.1:9
    api_key: ${BREK_PARTNER_API_KEY}
probes:
  - {scenario: quick_search, every: 5m}
"""
SOURCES, PROVIDERS = "provisioning/datasources/brekwatch.yaml", "provisioning/dashboards/brekwatch.yaml"
NAMES = {SOURCES, PROVIDERS, *(f"{uid}.json" for uid in UIDS)}


async def export(folder: Path, *options: str) -> Ended:
    return await brekwatch(
        "dashboards",
        "export",
        str(folder),
        *options,
        environment={"BREK_PARTNER_API_KEY": "a-key-of-nobody-0123456789"},
    )


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "brekwatch.yaml").write_text(CONFIG, encoding="utf-8")
    return str(tmp_path / "brekwatch.yaml")


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def variable(text: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in json.loads(text)["templating"]["list"] if each["name"] == name)
    return found


async def test_it_writes_the_dashboards_as_shipped_and_says_what_is_next(tmp_path: Path) -> None:
    ended = await export(tmp_path / "new")

    written = files(tmp_path / "new")
    assert (ended.exit_code, ended.err) == (0, "")
    assert written.keys() == NAMES
    for uid in UIDS:
        assert json.loads(written[f"{uid}.json"]) == json.loads((GENERATED / f"{uid}.json").read_text(encoding="utf-8"))
    assert "Links in them lead to http://localhost:9464:" in ended.out
    assert "provisioning folder" in ended.out


async def test_links_lead_to_where_the_configuration_has_them(config: str, tmp_path: Path) -> None:
    ended = await export(tmp_path / "new", "-c", config)

    written = files(tmp_path / "new")
    assert ended.exit_code == 0
    for uid in UIDS:
        links = variable(written[f"{uid}.json"], "brekwatch")
        assert links["query"] == "https://watch.example/$ops"
        assert (links["type"], links["hide"]) == ("constant", 2)
    assert not [name for name, text in written.items() if "localhost:9464" in text or "a-key-of-nobody" in text]
    assert "localhost" not in ended.out


@pytest.mark.parametrize("release", RELEASES)
async def test_exemplars_lead_to_what_they_name(config: str, release: str, tmp_path: Path) -> None:
    await export(tmp_path / "new", "-c", config)

    (source,) = read(tmp_path / "new" / SOURCES)["datasources"]
    leads = {each["name"]: each["url"] for each in source["jsonData"]["exemplarTraceIdDestinations"]}
    assert leads == dict.fromkeys(
        ("run_id", "request_id", "trace_id"), "https://watch.example/$$ops/find/$${__value.raw}"
    )
    assert options_complaints(source["jsonData"], release) == []
    assert source["type"] == "prometheus"


async def test_grafana_is_told_to_read_the_folder_that_was_written(tmp_path: Path) -> None:
    folder = tmp_path / 'a "quoted" $folder'
    await export(folder)

    (provider,) = read(folder / PROVIDERS)["providers"]
    assert provider["options"]["path"] == str(folder).replace("$", "$$")
    assert provider["type"] == "file"


async def test_dashboards_are_written_anew_and_what_may_be_changed_stays(config: str, tmp_path: Path) -> None:
    await export(tmp_path / "new")
    (tmp_path / "new" / SOURCES).write_text("apiVersion: 1\n", encoding="utf-8")
    ended = await export(tmp_path / "new", "-c", config)

    written = files(tmp_path / "new")
    assert ended.exit_code == 0
    assert written[SOURCES] == "apiVersion: 1\n"
    assert variable(written["brekwatch-overview.json"], "brekwatch")["query"] == "https://watch.example/$ops"
    assert f"{SOURCES} was there already, and stays (--force writes it anew)" in ended.out


@pytest.mark.parametrize("text", ['{"uid": "mine"}', "[]", "no json", "\udcff"], ids=["uid", "list", "text", "bytes"])
async def test_a_dashboard_of_somebody_else_stops_it_before_anything_is_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "brekwatch-scenario.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    ended = await export(tmp_path)

    assert (ended.exit_code, ended.out) == (2, "")
    assert "brekwatch-scenario.json was not made by this command, and stays" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["brekwatch-scenario.json"]


async def test_force_writes_over_all(tmp_path: Path) -> None:
    (tmp_path / "provisioning/datasources").mkdir(parents=True)
    for name in (SOURCES, "brekwatch-scenario.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    ended = await export(tmp_path, "--force")

    assert ended.exit_code == 0
    assert "exemplarTraceIdDestinations" in (tmp_path / SOURCES).read_text(encoding="utf-8")
    assert json.loads((tmp_path / "brekwatch-scenario.json").read_text(encoding="utf-8"))["panels"]


async def test_a_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    ended = await export(tmp_path / "taken")

    assert ended.exit_code == 2
    assert "can't be written" in ended.err
    assert "Traceback" not in ended.err


async def test_its_help_says_where_the_files_go() -> None:
    ended = await brekwatch("dashboards", "export", "--help")

    said = " ".join(ended.out.split())
    assert ended.exit_code == 0
    for words in (
        "service.external_url",
        "DIR/provisioning/dashboards/brekwatch.yaml",
        "/etc/grafana/provisioning",
        "--force",
    ):
        assert words in said
