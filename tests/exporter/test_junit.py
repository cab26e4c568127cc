"""JUnit XML as CI systems read it, whatever a server has said."""

from __future__ import annotations

import random
import sys
from xml.etree import ElementTree

import pytest
from support.facts import NOON, RUN_ID, a_failed_step, a_failure, a_run, a_step, an_answer, an_exchange
from support.junit import jenkins_complaints

from exporter.junit import runs_as_junit
from probes.model import Booking, Finding, Run
from probes.redaction import Scrubber, Secret
from probes.words import BookingState, FailureKind, FaultKind, FindingKind, Outcome, SkipReason

KEY = "sk_test_51H8xQz"


def read(*runs: Run, scrub: Scrubber | None = None) -> ElementTree.Element:
    """The document, parsed by expat and checked against what Jenkins allows."""
    root = ElementTree.fromstring(runs_as_junit(runs, (scrub or Scrubber()).text))  # noqa: S314 - our own document
    assert jenkins_complaints(root) == []
    return root


def only(root: ElementTree.Element, path: str) -> ElementTree.Element:
    (found,) = root.findall(path)
    return found


def text_of(root: ElementTree.Element, path: str) -> str:
    return only(root, path).text or ""


def test_a_passed_run_is_a_case_with_its_time_and_a_line_for_each_step() -> None:
    root = read(a_run(steps=(a_step(name="create_session"), a_step(name="search"))))
    case = only(root, "testsuite/testcase")
    lines = text_of(root, "testsuite/testcase/system-out").splitlines()

    assert case.attrib == {"classname": "brekwatch.acme", "name": "quick_search", "time": "1.500"}
    assert [child.tag for child in case] == ["system-out"]
    assert [line.split()[:2] for line in lines[1:3]] == [["passed", "create_session"], ["passed", "search"]]


def test_a_failed_run_is_a_failure_with_its_kind_what_was_expected_and_seen_its_step_and_its_ids() -> None:
    step = a_failed_step(exchanges=(an_exchange(answer=an_answer(503, session_id="sess_1"), expected=False),))
    root = read(a_run(Outcome.FAILED, reason=FailureKind.SERVER_ERROR, detail="search: saw 503", steps=(step,)))
    failure = only(root, "testsuite/testcase/failure")
    answer = step.exchanges[0].answer

    assert answer is not None
    assert failure.attrib == {"type": "server_error", "message": "search: saw 503"}
    assert (failure.text or "").splitlines() == [
        "search: saw 503",
        "step search: server_error",
        "expected 200",
        "observed 503",
        f"request {answer.request_id}",
        f"trace {answer.trace_id}",
        "session sess_1",
        f"run {RUN_ID}",
    ]


@pytest.mark.parametrize(
    ("outcome", "reason", "element"),
    [
        pytest.param(Outcome.UNKNOWN, FaultKind.BUG, "error", id="unknown"),
        pytest.param(Outcome.SKIPPED, SkipReason.PORTAL, "skipped", id="skipped"),
    ],
)
def test_what_says_nothing_about_the_api_is_never_a_failure(outcome: Outcome, reason: str, element: str) -> None:
    root = read(a_run(outcome, reason=reason, detail="in plain words", steps=()))
    verdict = only(root, f"testsuite/testcase/{element}")

    assert verdict.attrib == {"type": reason, "message": "in plain words"}
    assert (verdict.text or "").startswith("in plain words")
    assert root.findall("testsuite/testcase/failure") == []


def test_a_degraded_run_passes_and_says_why_in_its_output() -> None:
    root = read(a_run(Outcome.DEGRADED, reason=FailureKind.LATENCY, detail="search took 9 s"))

    assert [child.tag for child in only(root, "testsuite/testcase")] == ["system-out"]
    assert "degraded quick_search on acme in 1.50 s: search took 9 s" in text_of(root, "testsuite/testcase/system-out")


def test_the_counts_of_a_suite_and_of_all_suites_add_up() -> None:
    outcomes = [Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED]
    root = read(*(a_run(outcome) for outcome in outcomes), a_run(target="other"))
    acme, other = root.findall("testsuite")

    assert {name: acme.attrib[name] for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
        "time": "7.500",
    }
    assert (other.attrib["name"], other.attrib["tests"]) == ("other", "1")
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("6", "2", "1")


def test_repeated_runs_have_names_of_their_own_and_their_run_ids_are_properties() -> None:
    root = read(a_run(run_id="r1"), a_run(run_id="r2"), a_run(run_id="r3", scenario="golden_path"))
    properties = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}

    assert [case.attrib["name"] for case in root.iter("testcase")] == [
        "quick_search #1",
        "quick_search #2",
        "golden_path",
    ]
    assert properties == {
        "location": "eu-1",
        "run_id.quick_search #1": "r1",
        "run_id.quick_search #2": "r2",
        "run_id.golden_path": "r3",
    }


def test_the_moment_of_a_suite_is_in_utc() -> None:
    assert only(read(a_run(started_at=NOON)), "testsuite").attrib["timestamp"] == "2026-11-24T12:00:00"


def test_no_runs_make_a_document_too() -> None:
    assert read().attrib["tests"] == "0"


def saying(text: str) -> Run:
    """A failed run that repeats this text wherever a server may put one."""
    answer = an_answer(503, header_request_id=text, trace_id=text, session_id=text, chat_status=text)
    step = a_failed_step(
        failure=a_failure(expected=text, observed=text),
        exchanges=(an_exchange(answer=answer, expected=False),),
        findings=(Finding(kind=FindingKind.UNDOCUMENTED_FIELD, detail=text),),
    )
    booking = Booking(run_id=RUN_ID, target="acme", session_id=text, state=BookingState.MADE)
    return a_run(
        Outcome.FAILED,
        reason=FailureKind.SERVER_ERROR,
        detail=text,
        steps=(step,),
        cleanup=(step,),
        bookings=(booking,),
    )


HOSTILE = {
    "control-characters": "".join(map(chr, range(32))) + "\x7f\x80\x85",
    "lone-surrogates": "\ud800 \udfff \ud83d",
    "not-characters": "\ufffe\uffff\U0001ffff\U0010ffff",
    "markup": '<failure message="x">&lt;&amp;\' ]]> <![CDATA[ <!-- --> <?xml?> </testcase>',
    "entities": "&#0; &#x1b; &bogus; &lol9;",
    "terminal-codes": "\x1b]0;title\x07\x1b[2J\x9b31m",
    "right-to-left": "\u202eevil\u2066",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_server_says_is_only_text_in_a_valid_document(text: str) -> None:
    root = read(saying(text))

    assert len(list(root.iter("testcase"))) == 1
    assert [child.tag for child in only(root, "testsuite/testcase")] == ["failure", "system-out"]


def test_markup_is_kept_as_it_was() -> None:
    assert HOSTILE["markup"] in text_of(read(saying(HOSTILE["markup"])), "testsuite/testcase/failure")


def test_random_characters_of_all_planes_make_valid_documents() -> None:
    chance = random.Random(4)  # noqa: S311 - the same texts in every test run
    for _ in range(300):
        text = "".join(chr(chance.choice((chance.randrange(0x110000), chance.randrange(256)))) for _ in range(40))

        assert read(saying(text)).attrib["tests"] == "1"


def test_secrets_are_scrubbed_wherever_they_stand() -> None:
    document = runs_as_junit([saying(f"your key {KEY} is bad")], Scrubber([Secret(KEY)]).text)

    assert KEY.encode() not in document
    assert b"your key *** is bad" in document


def test_the_longest_texts_are_cut() -> None:
    document = runs_as_junit([saying("x" * 1_000_000)], Scrubber().text)

    assert len(document) < 20_000
    assert sys.getsizeof(document) > 2_000
