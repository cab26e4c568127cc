"""The report of an audit, and what changed since the one before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.retry_tapes import BEGAN, RetryTape

from probes.errors import UsageError
from probes.readiness.concluding import conclude, previous_of
from probes.readiness.evidence import AuditReport, Evidence, RuleChange
from probes.readiness.evidence_json import digest
from probes.readiness.words import SUITE_VERSION, AuditKind, RuleId, RuleState, Verdict

STATES = {"retry_only_429_5xx": "kept", "stops_on_401_403": "kept"}


def blind_retries() -> Evidence:
    tape = RetryTape()
    tape.turn("hello", 400)
    tape.turn("hello", 400)
    return tape.evidence()


def concluded(evidence: Evidence, previous: Path | None = None) -> AuditReport:
    return conclude(
        evidence,
        started_at=BEGAN,
        duration_seconds=2.0,
        build="1.2",
        previous=previous_of(previous),
        monitor_version="9",
    )


def written(folder: Path, states: dict[str, str] = STATES, **more: object) -> Path:
    path = folder / "before.json"
    rules = [{"id": name, "state": state} for name, state in states.items()]
    known = {"kind": "sandbox", "started_at": "2026-11-19T12:00:00.000Z", "suite_version": SUITE_VERSION}
    path.write_text(json.dumps(known | {"rules": rules} | more))
    return path


def test_the_report_says_what_it_rests_on() -> None:
    evidence = blind_retries()
    report = concluded(evidence)

    assert (report.verdict, report.build, report.suite_version) == (Verdict.NOT_READY, "1.2", SUITE_VERSION)
    assert report.evidence_sha256 == digest(evidence.exchanges)
    assert (report.changes, report.compared_with, report.notes) == (None, None, ())


def test_a_rule_that_stands_otherwise_than_before_is_told(tmp_path: Path) -> None:
    before = written(tmp_path, dict.fromkeys(RuleId, "not_exercised") | STATES | {"stops_on_401_403": "broken"})
    report = concluded(blind_retries(), before)

    assert report.changes is not None
    assert RuleChange(rule=RuleId.RETRY_ONLY_429_5XX, was="kept", now=RuleState.BROKEN) in report.changes
    assert RuleChange(rule=RuleId.STOPS_ON_401_403, was="broken", now=RuleState.NOT_EXERCISED) in report.changes
    assert report.compared_with == "before.json, of 2026-11-19T12:00:00.000Z, suite 1.0"


def test_a_rule_that_stands_as_before_is_no_change(tmp_path: Path) -> None:
    states = {each.rule.value: each.state.value for each in concluded(blind_retries()).judgements}

    assert concluded(blind_retries(), written(tmp_path, states)).changes == ()


def test_another_suite_version_is_said(tmp_path: Path) -> None:
    report = concluded(blind_retries(), written(tmp_path, suite_version="0.9"))

    assert any("judged by suite 0.9" in note for note in report.notes)


def test_another_kind_of_audit_is_said(tmp_path: Path) -> None:
    report = concluded(blind_retries(), written(tmp_path, kind="proxy"))

    assert any("`audit proxy`" in note for note in report.notes)


def test_rules_that_the_audit_before_did_not_know_are_named(tmp_path: Path) -> None:
    report = concluded(blind_retries(), written(tmp_path, {"retry_only_429_5xx": "broken"}))

    assert report.changes == ()
    assert any("did not know: " in note and "stops_on_401_403" in note for note in report.notes)


def test_the_build_of_the_audit_before_is_told_printably(tmp_path: Path) -> None:
    report = concluded(blind_retries(), written(tmp_path, build="1.1\x1b[31m"))

    assert report.compared_with is not None
    assert "build 1.1\ufffd[31m" in report.compared_with


FOREIGN = {
    "no_json": "no json at all",
    "empty": "",
    "a_list": "[]",
    "of_ready": json.dumps({"verdict": "ready", "checks": [], "suite_version": "1.0"}),
    "no_suite": json.dumps({"rules": [{"id": "tls", "state": "kept"}]}),
    "rules_without_state": json.dumps({"rules": [{"id": "tls"}], "suite_version": "1.0"}),
    "foreign_rules": json.dumps({"rules": [{"id": "E501", "state": "kept"}], "suite_version": "1.0"}),
    "deep": "[" * 5000,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_no_audit_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(content)

    with pytest.raises(UsageError, match="compare with a file that `brekwatch audit --json` wrote"):
        previous_of(path)


@pytest.mark.parametrize("name", ["none.json", "", "a\x00"], ids=["missing", "folder", "no_path"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"can't be read|no regular file"):
        previous_of(tmp_path / name)


def test_nothing_given_is_nothing_to_compare_with() -> None:
    assert previous_of(None) is None


def test_an_audit_in_which_nothing_came_to_the_api_can_tell_nothing() -> None:
    report = concluded(Evidence(kind=AuditKind.SANDBOX, exchanges=()))

    assert report.verdict is Verdict.CANNOT_TELL
