"""Files that were damaged by people and editors: each reads as what it says, or is refused with words that help."""

from __future__ import annotations

import asyncio
import json
import re
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.guide import GuideServer
from support.mutants import edited, mutants, yaml_of
from support.playing import Heard, play, target_for

from probes import scenario_files
from probes.errors import ConfigError
from probes.files import yaml_files
from probes.model import Run
from probes.redaction import Secret
from probes.scenario import Scenario
from probes.settings import load
from probes.words import Outcome

FOLDER = Path(scenario_files.__file__).parent / "scenarios"
TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.yaml"))}
VALUES: dict[str, Any] = {name: yaml_files.read(text, name).root.value for name, text in TEXTS.items()}
KEY = "sk_test_51H8xQz"
CONFIGURATION: dict[str, Any] = {
    "service": {
        "listen": "127.0.0.1:9464",
        "journal": "sqlite:///brekwatch.db",
        "retention": {"successes": "7d", "failures": "30d", "size": "500MB"},
        "location": "eu-1",
        "external_url": "https://brekwatch.example",
        "reference": ["192.0.2.1:443"],
        "max_concurrent_runs": 100,
    },
    "targets": {
        "sandbox": {
            "base_url": "http://127.0.0.1:3000",
            "environment": "sandbox",
            "api_key": "${BREK_PARTNER_API_KEY}",
            "auth_header": "authorization",
            "partner": "acme",
            "portal": {"attach_url": "http://127.0.0.1:3000/attach", "test_card": "amex", "setup_origins": []},
            "quota": {"share": 0.25, "reserve": 0.5, "limit": 60},
        },
        "live": {
            "base_url": "https://www.brek.ai",
            "api_key": KEY,
            "allow_bookings": {"host": "www.brek.ai", "per_day": 2, "until": "2026-12-31T00:00+01:00"},
        },
    },
    "probes": [
        {
            "scenario": "golden_path",
            "targets": ["sandbox"],
            "every": "5m",
            "deadline": "90s",
            "step_deadline": "20s",
            "objective": {"availability": 0.99, "latency": "45s"},
        },
        {"scenario": "quick_search", "every": "30s"},
    ],
    "scenarios": ["."],
    "incidents": {"open_after": 2, "within": 4, "close_after": 3},
    "maintenance": [{"from": "2026-12-01T02:00Z", "to": "2026-12-01T06:00+02:00", "reason": "new release"}],
}

_KNOWN_AS_KEY = re.compile(rf'api_key"?: "?{KEY}')
_PLACED = re.compile(r"mine\.yaml:(\d+):(\d+): .+", re.DOTALL)
_HARMFUL = {"Cc", "Cs", "Zl", "Zp"}
_UNSEEN = "\u061c\u200b\u200e\u202e\ufeff"
_ELSEWHERE = re.compile(r"and \d+ more problems|.+: it can't be read as a folder of scenarios: .+")


def unreadable(problems: Iterable[str], text: str) -> list[str]:
    """Those problems that don't say where and what, on one line that a terminal can show."""
    lines = text.count("\n") + len(re.findall("[\r\x85\u2028\u2029]", text)) + 1
    return [problem for problem in problems if _is_unreadable(problem, lines)]


def _is_unreadable(problem: str, lines: int) -> bool:
    placed = _PLACED.search(problem)
    in_the_file = placed is not None and 1 <= int(placed[1]) <= lines and int(placed[2]) >= 1
    told = problem.replace("\t", " ")
    harmful = any(unicodedata.category(character) in _HARMFUL or character in _UNSEEN for character in told)
    return not (in_the_file or _ELSEWHERE.fullmatch(problem)) or harmful or len(problem) > 1_000


def read(text: str) -> Scenario | ConfigError:
    try:
        return scenario_files.read(text, "mine.yaml")
    except ConfigError as error:
        return error


damaged_scenarios = st.sampled_from(sorted(TEXTS)).flatmap(
    lambda name: edited(TEXTS[name]) | yaml_of(mutants(VALUES[name]))
)


@settings(max_examples=500)
@given(damaged_scenarios)
def test_a_damaged_scenario_is_a_scenario_or_says_where_it_is_wrong(text: str) -> None:
    found = read(text)

    assert found.steps if isinstance(found, Scenario) else not unreadable(found.problems, text)


async def played(scenario: Scenario) -> tuple[Run, list[str]]:
    heard = Heard()
    async with GuideServer() as server:
        target = target_for(server, other_api_key=Secret(server.other_api_key))
        run = await play(scenario, target, listener=heard)
    return run, [fault.detail for fault in heard.faults]


@settings(max_examples=400)
@given(st.sampled_from(sorted(VALUES)).flatmap(lambda name: mutants(VALUES[name], most=2)))
def test_whatever_reads_as_a_scenario_can_be_played_to_a_verdict(value: Any) -> None:
    scenario = read(json.dumps(value))
    if isinstance(scenario, ConfigError):
        return
    run, faults = asyncio.run(played(scenario))

    assert run.outcome is not Outcome.UNKNOWN
    assert faults == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text("name: my_own\ntitle: Mine\nleaves: session\nsteps: [{create_session: }]")
    (tmp_path / "configuration").mkdir()
    return tmp_path


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=yaml_of(mutants(CONFIGURATION)) | yaml_of(st.just(CONFIGURATION)).flatmap(edited))
def test_a_damaged_configuration_is_settings_or_says_where_it_is_wrong(folder: Path, text: str) -> None:
    path = folder / "configuration" / "mine.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    variables = {"BREK_PARTNER_API_KEY": KEY, "HOME": "/nonexistent"}
    try:
        found, problems = load(path, variables).targets, ()
    except ConfigError as error:
        found, problems = {}, error.problems

    assert found or problems
    assert unreadable(problems, text) == []
    assert not (_KNOWN_AS_KEY.search(text) and any(KEY in problem for problem in problems))


HUGE = {
    "comment": "#" * 1_000_000,
    "dashes": "- " * 500_000,
    "braces": "{" * 1_000_000,
    "brackets_and_quotes": "['" * 500_000,
    "one_text": "title: '" + "x" * 1_000_000 + "'",
    "plain_lines": "title: " + "a b\n  " * 170_000,
    "keys": "".join(f"k{number}: {number}\n" for number in range(90_000)),
    "steps": TEXTS["quick_search"] + "  - say: x\n" * 80_000,
    "anchors": "".join(f"- &a{number} x\n- *a{number}\n" for number in range(45_000)),
    "block_text": "title: |\n" + "  y\n" * 240_000,
    "escapes": 'title: "' + "\\u00e9" * 160_000 + '"',
    "question_marks": "? " * 400_000,
    "digits": "title: " + "9" * 1_000_000,
    "colons": "a: " * 300_000,
    "null_bytes": "\x00" * 1_000_000,
    "spaces": " " * 1_000_000 + "a: 1",
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_file_of_a_megabyte_is_refused_in_a_moment(text: str) -> None:
    began = time.monotonic()
    found = read(text)
    took = time.monotonic() - began

    assert isinstance(found, ConfigError)
    assert took < 6
