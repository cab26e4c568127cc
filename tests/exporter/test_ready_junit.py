"""The checks of `ready` as CI systems read them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from support.facts import REQUEST_ID, RUN_ID, TRACE_ID
from support.junit import jenkins_complaints
from support.readiness_samples import READY_SAMPLES, a_check, a_ready_report

from exporter.ready_junit import ready_as_junit
from probes.readiness.model import ReadyReport
from probes.readiness.words import CheckId, CheckState, Verdict
from probes.redaction import Scrubber, Secret

KEY = "sk_test_51H8xQz"


def read(report: ReadyReport) -> ElementTree.Element:
    return ElementTree.fromstring(ready_as_junit(report, str))  # noqa: S314 - our own document


def case(report: ReadyReport, name: str) -> ElementTree.Element:
    (found,) = (each for each in read(report).iter("testcase") if each.get("name") == name)
    return found


@pytest.mark.parametrize("name", READY_SAMPLES)
def test_every_verdict_keeps_to_what_jenkins_allows(name: str) -> None:
    assert jenkins_complaints(read(READY_SAMPLES[name]())) == []


def test_a_suite_for_the_target_counts_its_checks() -> None:
    (suite,) = read(a_ready_report()).iter("testsuite")
    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "timestamp")}

    assert counts == {
        "name": "acme",
        "tests": "9",
        "failures": "2",
        "errors": "1",
        "skipped": "2",
        "timestamp": "2026-11-24T12:00:00",
    }


def test_what_can_not_be_told_is_an_error_even_if_every_check_passed() -> None:
    sentence = "can't tell, because the monitor had trouble of its own (journal): the disk is full"
    untold = a_ready_report(verdict=Verdict.CANNOT_TELL, sentence=sentence, checks=(a_check(),))
    (error,) = read(untold).iter("error")

    assert (case(untold, "verdict").find("error") is not None, error.get("message")) == (True, sentence)
    assert jenkins_complaints(read(untold)) == []


@pytest.mark.parametrize("name", READY_SAMPLES)
def test_a_verdict_that_a_check_explains_is_no_case_of_its_own(name: str) -> None:
    names = [each.get("name") for each in read(READY_SAMPLES[name]()).iter("testcase")]

    assert "verdict" not in names


@pytest.mark.parametrize(
    ("name", "element", "kind"),
    [
        ("retry_after", "failure", "failed"),
        ("clock_skew", "error", "cannot_tell"),
        ("headroom", "skipped", "not_exercised"),
        ("quota_headers", "skipped", "waived"),
    ],
)
def test_what_did_not_pass_says_so_in_an_element_of_its_own(name: str, element: str, kind: str) -> None:
    verdict, _ = case(a_ready_report(), name)

    assert (verdict.tag, verdict.get("type")) == (element, kind)


def test_what_passed_has_no_such_element() -> None:
    assert [child.tag for child in case(a_ready_report(), "tls")] == ["system-out"]


def test_a_failure_holds_the_guide_what_was_expected_and_seen_the_ids_and_what_to_do() -> None:
    (failure,) = case(a_ready_report(), "scenario:golden_path").iter("failure")
    lines = (failure.text or "").splitlines()

    assert failure.get("message") == "A new guest without a saved card books a hotel: HTTP 503, upstream_unavailable"
    assert lines[1:4] == [
        "the guide says: artifacts.booking.confirmationUrl available",
        "expected HTTP 200 and chat status booked",
        "seen HTTP 503, upstream_unavailable",
    ]
    assert [each for each in (REQUEST_ID, TRACE_ID, RUN_ID) if not any(each in line for line in lines)] == []
    assert lines[-1] == "what to do: Retry later. If it stays so, send these ids to Brek's support."


def test_a_waived_check_says_why_and_until_when_it_is_skipped() -> None:
    (skipped,) = case(a_ready_report(), "quota_headers").iter("skipped")

    assert skipped.get("message") == (
        "waived until 2026-12-08: Brek adds the header with its next release (waivers.yaml:3)"
    )


def test_an_expired_waiver_is_named_in_the_failure() -> None:
    (failure,) = case(a_ready_report(), "retry_after").iter("failure")

    assert "its waiver expired on 2026-11-23" in (failure.text or "")


def test_the_case_of_a_scenario_takes_as_long_as_its_runs() -> None:
    assert case(a_ready_report(), "scenario:quick_search").get("time") == "3.000"
    assert case(a_ready_report(), "tls").get("time") == "0.000"


def test_no_two_cases_share_a_name() -> None:
    names = [each.get("name") for each in read(a_ready_report()).iter("testcase")]

    assert len(set(names)) == len(names)


def test_a_secret_and_what_xml_forbids_are_in_no_text() -> None:
    check = a_check(CheckId.TLS, CheckState.FAILED, seen=f"\x00\x1b[2J\ud800{KEY}", source=KEY, title=KEY)
    document = ready_as_junit(a_ready_report(checks=(check,), sentence=KEY), Scrubber([Secret(KEY)]).text)
    root = ElementTree.fromstring(document)  # noqa: S314 - our own document

    assert KEY.encode() not in document
    assert jenkins_complaints(root) == []
