"""A genuine bundle is sound whatever failed in it, and a forger who makes new sums is told by the runs."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import NOON, a_failed_step, a_failure, an_exchange
from support.reporting import evidence_of, story

from alerts.blame import blame_of_run
from alerts.report import as_json
from alerts.report.bundle import EVIDENCE, LINES, RUNS, bundle_bytes
from alerts.report.evidence import Asked
from alerts.report.html import render
from alerts.report.reckoning import report_of
from alerts.report.verify import verify
from probes import answers
from probes.model import StepResult
from probes.words import Blame, FailureKind

OURS = "1.2.3"


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        found = ((each.name.rpartition("/")[2], members.extractfile(each)) for each in members)
        return {name: file.read() for name, file in found if file is not None}


def an_empty_shortlist() -> StepResult:
    """The guide's artifact is there, and empty: the assistant's matter, not the gateway's."""
    body = json.dumps({"data": {"result": {"status": "shortlist", "artifacts": {"shortlist": []}}}}).encode()
    answer = answers.read(200, [("content-type", "application/json")], body, now=NOON)
    failure = a_failure(FailureKind.ARTIFACT, expected="artifacts.shortlist", observed="empty")
    return a_failed_step(failure=failure, exchanges=(an_exchange(answer=answer, expected=False),))


@pytest.mark.parametrize("focus", [None, "r3"], ids=["stretch", "run"])
def test_whom_an_artifact_concerns_is_told_and_proved_as_the_run_told_it(focus: str | None) -> None:
    runs = story("..FFF", failed=an_empty_shortlist())
    evidence = evidence_of(runs, focus)
    report = report_of(evidence)
    files = unpacked(bundle_bytes(evidence, as_json(report), render(report)))

    assert report.blame is blame_of_run(runs[3]) is Blame.CONVERSATION
    assert verify(files, OURS, render).problems == ()


@pytest.mark.parametrize("name", ["first_failed_at", "last_failed_at", "detected_at", "last_good_at", "recovered_at"])
def test_a_kept_incident_s_moment_that_its_run_contradicts_is_told(name: str) -> None:
    evidence = evidence_of(story("..FFuF.."))
    assert evidence.incident is not None
    earlier = getattr(evidence.incident, name) - timedelta(minutes=2)
    forged = replace(evidence, asked=Asked.INCIDENT, incident=replace(evidence.incident, **{name: earlier}))
    report = report_of(forged)
    files = unpacked(bundle_bytes(forged, as_json(report), render(report)))

    [problem] = verify(files, OURS, render).problems
    assert problem.startswith(f"evidence.json: incident.{name} is ")


@pytest.mark.parametrize(
    ("file", "told", "novel"),
    [
        (EVIDENCE, b'"blame": "api"', b'"blame": "novel"'),
        (EVIDENCE, b'"ended": "recovered"', b'"ended": "novel"'),
        (EVIDENCE, b'"kind": "server_error"', b'"kind": "novel"'),
        (LINES, b'"outcome": "passed"', b'"outcome": "novel"'),
        (RUNS, b'"kind": "server_error"', b'"kind": "novel"'),
    ],
    ids=["blame", "ended", "kind", "outcome", "kind of a run"],
)
def test_a_word_of_another_version_makes_a_report_all_the_same(file: str, told: bytes, novel: bytes) -> None:
    evidence = evidence_of(story("..FFFF.."))
    report = report_of(evidence)
    files = unpacked(bundle_bytes(evidence, as_json(report), render(report)))

    assert told in files[file]
    assert verify({**files, file: files[file].replace(told, novel)}, OURS, render).checked > 0
