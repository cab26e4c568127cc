"""The CI examples, and what docs/readiness.md shows, are true: they are read, and their command lines are run."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.commands import brekwatch, variables_of

from probes.readiness import waivers
from probes.readiness.words import CheckId
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "readiness.md").read_text()
DOCUMENTS = ["ready.xml", "ready.html", "ready.json"]


def example(name: str) -> Any:
    return YAML(typ="safe").load(DOCS / "ci" / name)


def github() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Its steps, and the one that asks."""
    steps = example("github-actions.yml")["jobs"]["ready"]["steps"]
    return steps, next(step for step in steps if "brekwatch ready" in step.get("run", ""))


def commands() -> list[str]:
    gitlab = example("gitlab-ci.yml")["brek-ready"]["script"]
    return [github()[1]["run"], *(line for line in gitlab if line.startswith("brekwatch"))]


@pytest.mark.parametrize("command", commands(), ids=["github", "gitlab"])
async def test_the_command_of_an_example_is_understood(command: str, tmp_path: Path) -> None:
    _, *arguments = shlex.split(command)
    async with SandboxServer() as sandbox:
        ended = await brekwatch(*arguments, "--dry-run", environment=variables_of(sandbox))
        sent = len(sandbox.requests)

    assert ended.exit_code == 0, ended
    assert sent == 0


def test_github_takes_the_key_from_a_secret_and_keeps_the_documents_whatever_the_answer_is() -> None:
    steps, asks = github()
    (kept,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]

    assert asks["env"]["BREK_PARTNER_API_KEY"] == "${{ secrets.BREK_PARTNER_API_KEY }}"
    assert kept["if"] == "always()"
    assert kept["with"]["path"].split() == DOCUMENTS


def test_gitlab_names_no_key_and_keeps_the_documents_whatever_the_answer_is() -> None:
    job = example("gitlab-ci.yml")["brek-ready"]

    assert "BREK_PARTNER_API_KEY" not in job["variables"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["paths"] == DOCUMENTS
    assert job["artifacts"]["reports"] == {"junit": "ready.xml"}


def test_the_waivers_on_the_page_are_sound(tmp_path: Path) -> None:
    found = re.search(r"    # waivers\.yaml\n((?:    .*\n)+)", PAGE)
    path = tmp_path / "waivers.yaml"
    path.write_text("" if found is None else re.sub("(?m)^    ", "", found[1]))
    (waiver,) = waivers.read(path, shipped(), today=date(2026, 11, 24))

    assert waiver.check_id == CheckId.CONTRACT_DRIFT


async def test_each_option_on_the_page_is_one_of_the_command() -> None:
    named = set(re.findall(r"`?(--[a-z][a-z-]+)", PAGE)) - {"--run"}  # which is of `brekwatch incident`
    told = await brekwatch("ready", "--help")

    assert named
    assert not [option for option in named if option not in told.out]
