"""docs/production-checklist.md has a row for each line of Brek's lists, and names nothing that there isn't."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.guide_lines import ERROR_CATALOG, GUIDE_LINES
from support.guide_sentences import bare, bare_documents

from exporter.metrics import FAMILIES
from probes.readiness.words import SCENARIO_PREFIX, CheckId, RuleId, Statement

ROOT = Path(__file__).parents[1]
NOTHING = "-"
CHECKS = {*CheckId, *(f"{SCENARIO_PREFIX}{path.stem}" for path in (ROOT / "probes" / "scenarios").glob("*.yaml"))}
RULES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "alerts" / "rules").glob("*.rules.yml")))
ALERTS = dict(re.findall(r"- alert: (\w+)\n +expr: (.*?)\n +labels:", RULES, re.DOTALL))
KNOWN: dict[str, set[str]] = {
    "ready": CHECKS,
    "audit": set(RuleId),
    "metric": {family.name for family in FAMILIES},
    "alert": set(ALERTS),
    "a person": {*Statement, RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED},
}
COLUMNS = ("the guide says", *KNOWN)
LISTS = (
    ("Security requirements", ""),
    ("Production checklist", "Before production launch:"),
    ("Agent integration playbook", "Deterministic loop:"),
    ("Agent guardrails", ":"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page, in the section of that name."""

    section: str
    cells: dict[str, str]

    @property
    def line(self) -> str:
        return self.cells["the guide says"].replace("`", "")

    def names(self, column: str) -> list[str]:
        """What is named in a cell; a header's name of the guide is none of ours."""
        return [name for name in re.findall(r"`([^`]+)`", self.cells[column]) if not name.startswith("x-")]


def rows() -> Iterator[Row]:
    page = (ROOT / "docs" / "production-checklist.md").read_text("utf-8")
    for section in page.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if line.startswith("| ") and cells != list(COLUMNS):
                yield Row(title, dict(zip(COLUMNS, cells, strict=True)))


ROWS = tuple(rows())


GUIDE = bare_documents()


def test_the_lists_are_the_guides_own_from_first_line_to_last() -> None:
    lists = "".join(f"{title}{lead}" + "".join(f"- {line}" for line in GUIDE_LINES[title]) for title, lead in LISTS)

    assert GUIDE.endswith(bare(lists))


def test_the_error_catalog_is_the_guides_own_from_first_row_to_last() -> None:
    catalog = "".join(f"{' | '.join(row)} |" for row in ERROR_CATALOG)

    assert bare(f"| HTTP | Code | Meaning | Handling | |---|---|---|---| {catalog} Example (401 missing key)") in GUIDE


@pytest.mark.parametrize(
    "line",
    GUIDE_LINES["Authentication, sessions and retries"] + GUIDE_LINES["Published guardrails for integrators"],
)
def test_a_sentence_from_elsewhere_stands_in_the_documents(line: str) -> None:
    assert bare(line) in GUIDE


@pytest.mark.parametrize("section", GUIDE_LINES)
def test_each_line_of_the_guide_has_its_row(section: str) -> None:
    told = [row.line for row in ROWS if row.section == section]

    assert told == list(GUIDE_LINES[section])


@pytest.mark.parametrize("column", KNOWN)
def test_it_names_nothing_that_there_is_not(column: str) -> None:
    unknown = {name for row in ROWS for name in row.names(column)} - KNOWN[column]

    assert unknown == set()


@pytest.mark.parametrize("column", KNOWN)
def test_a_cell_says_something_or_that_there_is_nothing(column: str) -> None:
    wordless = [row.line for row in ROWS if row.cells[column] != NOTHING and not row.names(column)]

    assert column == "a person" or wordless == []


def test_a_line_that_nothing_checks_is_one_for_a_person() -> None:
    unchecked = [row.line for row in ROWS if not any(row.names(column) for column in ("ready", "audit", "a person"))]

    assert unchecked == []


@pytest.mark.parametrize(("column", "all_of_them"), [("audit", set(RuleId)), ("ready", set(CheckId))], ids=str)
def test_whatever_is_checked_stands_at_the_line_it_comes_from(column: str, all_of_them: set[str]) -> None:
    named = {name for row in ROWS for name in row.names(column)}

    assert all_of_them - named == set()


def test_each_alert_looks_at_a_metric_of_its_row() -> None:
    blind = [
        (row.line, alert)
        for row in ROWS
        for alert in row.names("alert")
        if not set(row.names("metric")) & set(re.findall(r"\w+", ALERTS[alert]))
    ]

    assert blind == []


def test_a_metric_is_looked_at_by_an_alert() -> None:
    unwatched = [row.line for row in ROWS if row.names("metric") and not row.names("alert")]

    assert unwatched == []
