"""What people stand for: read with its places, and refused with a way out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.readiness.attestations import read
from probes.readiness.evidence import Attestation
from probes.readiness.words import Statement

TODAY = date(2026, 11, 26)


def written(folder: Path, text: str) -> Path:
    path = folder / "attested.yaml"
    path.write_text(text)
    return path


def problems_of(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        read(path, today=TODAY)
    return [problem.removeprefix(f"{path}:") for problem in refused.value.problems]


def test_each_says_what_who_when_and_more(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "attestations:\n- {about: on_call_contact, by: head of payments, on: 2026-11-20, note: in the pager}\n"
        "- {about: rollback_plan, by: head of payments, on: 2026-11-26}\n",
    )

    assert read(path, today=TODAY) == (
        Attestation(about=Statement.ON_CALL_CONTACT, by="head of payments", on=date(2026, 11, 20), note="in the pager"),
        Attestation(about=Statement.ROLLBACK_PLAN, by="head of payments", on=TODAY),
    )


@pytest.mark.parametrize("statement", Statement)
def test_every_statement_may_be_attested(tmp_path: Path, statement: Statement) -> None:
    path = written(tmp_path, f"attestations: [{{about: {statement}, by: me, on: 2026-11-20}}]")

    assert [each.about for each in read(path, today=TODAY)] == [statement]


WRONG = {
    "near": ("{about: on_call, by: me, on: 2026-11-20}", 'did you mean "on_call_contact"'),
    "no_rule_that_is_seen": ("{about: tls, by: me, on: 2026-11-20}", "tls is judged by what is seen"),
    "to_come": ("{about: rollback_plan, by: me, on: 2026-11-27}", "2026-11-27 is still to come"),
    "no_day": ("{about: rollback_plan, by: me, on: 20.11.2026}", "must be a day, such as 2026-11-20"),
    "not_in_the_calendar": ("{about: rollback_plan, by: me, on: 2026-02-30}", "must be a day"),
    "nobody": ("{about: rollback_plan, by: ' ', on: 2026-11-20}", "by: must be somebody's name"),
    "by_missing": ("{about: rollback_plan, on: 2026-11-20}", "by is missing: the name of who stands for it"),
    "unknown_key": ("{about: rollback_plan, by: me, on: 2026-11-20, notes: x}", 'did you mean "note"'),
}


@pytest.mark.parametrize(("entry", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_one_is_told_with_its_line(tmp_path: Path, entry: str, told: str) -> None:
    problems = problems_of(tmp_path, f"attestations:\n- {entry}\n")

    assert [problem.partition(":")[0] for problem in problems] == ["2"]
    assert told in problems[0]


def test_the_same_twice_is_refused(tmp_path: Path) -> None:
    entry = "- {about: rollback_plan, by: me, on: 2026-11-20}\n"
    problems = problems_of(tmp_path, f"attestations:\n{entry}{entry}")

    assert problems == ["3:11: attestations[1].about: rollback_plan stands already in line 2: keep one of them"]


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    assert "must not be empty" in problems_of(tmp_path, "attestations: []\n")[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read(tmp_path / "none.yaml")


def test_without_a_day_given_tomorrow_somewhere_is_the_last(tmp_path: Path) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).date()
    path = written(tmp_path, f"attestations: [{{about: rollback_plan, by: me, on: {later}}}]")

    with pytest.raises(ConfigError, match="still to come"):
        read(path)
