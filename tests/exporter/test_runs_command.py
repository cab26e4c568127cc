from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any, cast

import jsonschema_rs
import pytest
from rich.console import Console
from support.facts import NOON, RUN_ID, a_run
from support.kept import Shelf, a_failed_summary, a_summary, as_kept, summaries

from exporter.runs_command import tell, write_json, write_lines
from exporter.since import moment_since
from exporter.terminal import Terminal
from probes.errors import UsageError
from probes.journal.kept import KeptRun, RunFilter, RunSummary
from probes.words import Outcome


def told(*runs: RunSummary, limit: int | None = None) -> tuple[list[str], int, bool]:
    """The lines, how many runs they say that they are, and whether there are more."""
    file = io.StringIO()
    reader = cast("Any", Shelf(runs))
    count, more = tell(reader, RunFilter(limit=limit), Terminal(Console(file=file, width=160), str), lambda: True)
    return file.getvalue().splitlines(), count, more


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOON - timedelta(minutes=30)),
        ("1h", NOON - timedelta(hours=1)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-12-01T02:00Z", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("2026-12-01T02:00+02:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01 02:00", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_since_is_a_stretch_of_time_or_a_moment(text: str, moment: datetime) -> None:
    assert moment_since(text, NOON) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "1 h", "-1h", "2026-13-01", "0s", "\x1b[31m"])
def test_since_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since") as refused:
        moment_since(text, NOON)

    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_moment_beyond_the_calendar_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match="is no stretch of time"):
        moment_since(text, NOON)


def test_each_run_is_a_line_with_what_went_wrong() -> None:
    lines, count, more = told(a_failed_summary(), a_summary(recheck=True), a_summary(outcome=None))

    assert (count, more) == (3, False)
    assert lines[0].split() == ["started", "(UTC)", "run", "target", "scenario", "outcome", "took", "what"]
    assert lines[1].split()[:3] == ["2026-11-24", "12:00:00", RUN_ID]
    assert " ".join(lines[1].split()[3:]) == "acme quick_search failed 1.50 s search: server_error"
    assert lines[2].endswith("recheck")
    assert "under way" in lines[3]


def test_columns_stand_under_each_other() -> None:
    lines, _, _ = told(a_summary(scenario="golden_path_to_payment"), a_summary())

    assert {line.index(word) for line, word in zip(lines, ("outcome", "passed", "passed"), strict=True)} == {
        lines[0].index("outcome")
    }


def test_a_table_has_fifty_rows_unless_told_otherwise_and_knows_of_more() -> None:
    assert told(*summaries(50))[1:] == (50, False)
    assert told(*summaries(51))[1:] == (50, True)
    assert told(*summaries(51), limit=51)[1:] == (51, False)


def test_a_table_without_runs_has_no_heading() -> None:
    assert told() == ([], 0, False)


def document(*runs: KeptRun) -> Any:
    file = io.BytesIO()
    write_json(runs, file, lambda: True)
    return json.loads(file.getvalue())


def test_the_json_keeps_to_the_published_schema() -> None:
    schema = json.loads(resources.files("exporter").joinpath("schemas", "runs.schema.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    several = document(as_kept(a_run()), as_kept(a_run(Outcome.FAILED, reason="server_error")))
    validator.validate(several)
    validator.validate(document())

    assert [run["outcome"] for run in several["runs"]] == ["passed", "failed"]
    assert document() == {"runs": []}


def test_a_run_under_way_says_so_in_json() -> None:
    [run] = document(as_kept(a_run(Outcome.UNKNOWN), under_way=True))["runs"]

    assert (run["outcome"], run["detail"]) == ("unknown", "it has no verdict yet")


def test_json_lines_are_the_elements_of_the_document() -> None:
    runs = [as_kept(a_run()), as_kept(a_run(Outcome.FAILED))]
    file = io.BytesIO()
    write_lines(runs, file, lambda: True)

    assert [json.loads(line) for line in file.getvalue().splitlines()] == document(*runs)["runs"]


@pytest.mark.parametrize("write", [write_json, write_lines])
def test_runs_are_told_as_they_are_read_and_no_further_than_somebody_reads_them(write: Any) -> None:
    file, read = io.BytesIO(), []

    def endless() -> Iterator[KeptRun]:
        while True:
            read.append(len(file.getvalue()))
            yield as_kept(a_run())

    write(endless(), file, lambda: len(read) < 3)

    assert len(read) == 3
    assert read == sorted(set(read))
