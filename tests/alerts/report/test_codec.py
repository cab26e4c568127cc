from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from support.facts import NOON
from support.reporting import evidence_of, report_on, story

from alerts.report.codec import UnfitError, decode, encode, mapped
from alerts.report.evidence import Evidence
from alerts.report.facts import Headroom, Report
from probes.journal.kept import RunSummary


def through_json(value: object) -> Any:
    return json.loads(json.dumps(encode(value)))


def test_a_report_comes_back_from_json_as_it_was() -> None:
    report = report_on("..FFF..")

    assert decode(Report, through_json(report)) == report


def test_evidence_comes_back_from_json_as_it_was() -> None:
    evidence = evidence_of(story("..FuFsF.."))

    assert decode(Evidence, through_json(evidence)) == evidence


def test_a_moment_of_another_offset_is_written_in_utc() -> None:
    assert encode(NOON + timedelta(microseconds=5)) == "2026-11-24T12:00:00.000005Z"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param({"remaining": "42"}, "remaining: no int", id="text for a number"),
        pytest.param({"remaining": True}, "remaining: no int", id="a truth value for a number"),
        pytest.param({"remaining": 4.5}, "remaining: no int", id="a fraction for a whole number"),
        pytest.param({"at": "noon"}, "at: no moment", id="no moment"),
        pytest.param({"at": "2026-11-24T12:00:00"}, "at: a moment without an offset", id="no offset"),
        pytest.param({"at": None}, "at: no str", id="nothing where something must be"),
        pytest.param({"more": 1}, "'more' is unknown", id="an unknown field"),
    ],
)
def test_what_is_not_of_its_type_is_refused_with_its_place(change: dict[str, object], place: str) -> None:
    document = {**through_json(Headroom(at=NOON, limit=60, remaining=42)), **change}

    with pytest.raises(UnfitError, match=place):
        decode(Headroom, document)


def test_a_missing_field_is_refused() -> None:
    document = through_json(Headroom(at=NOON, limit=60, remaining=42))
    del document["limit"]

    with pytest.raises(UnfitError, match="'limit' is missing"):
        decode(Headroom, document)


@pytest.mark.parametrize("number", [float("inf"), float("nan")], ids=["infinite", "no number"])
def test_a_number_beyond_all_numbers_is_refused(number: float) -> None:
    document = {**through_json(evidence_of(story("."))), "lines": []}
    document["surroundings"]["plans"][0]["every_seconds"] = number

    with pytest.raises(UnfitError, match="every_seconds: no float"):
        decode(Evidence, document)


def test_each_text_of_evidence_is_changed_and_no_word() -> None:
    evidence = evidence_of(story(".F"))
    changed = mapped(evidence, lambda text: f"<{text}>")

    assert changed.lines[0].run_id == "<r0>"
    assert changed.lines[0].outcome == evidence.lines[0].outcome
    assert changed.witnesses[0].run.steps[0].exchanges[0].answer.content == b"<{}>"  # type: ignore[union-attr]


def test_a_word_of_another_version_stays_the_word_that_it_is() -> None:
    document = {**through_json(evidence_of(story(".")).lines[0]), "outcome": "puzzled"}

    assert decode(RunSummary, document).outcome == "puzzled"
