"""The page of `ready`: the verdict first, then what stands in its way with its proof, then the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import REQUEST_ID, RUN_ID, SESSION_ID, TRACE_ID, a_run
from support.markup import Element, Parsed, contrast, tokens
from support.readiness_samples import (
    CANNOT_TELL,
    FAILED,
    NOT_EXERCISED,
    PASSED,
    PROOF,
    READY_SAMPLES,
    TODAY,
    WAIVED,
    a_check,
    a_good_report,
    a_plan,
    a_ready_report,
    a_waiver,
    an_unsure_report,
)

from alerts.readiness.ready_page import MOST_PROOFS, MOST_RUNS, ready_page
from probes.readiness.model import LeftOut, ReadyReport
from probes.readiness.words import CheckId, CheckState
from probes.redaction import Scrubber, Secret

KEY = "sk_test_51H8xQz"


def parsed(report: ReadyReport) -> Element:
    return Parsed(ready_page(report, str)).root


def text_of(element: Element) -> str:
    return " ".join(element.whole_text().split())


def found(root: Element, anchor: str) -> Element:
    """What an address with this anchor leads to."""
    (element,) = [each for each in everything(root) if each.attributes.get("id") == anchor]
    return element


def everything(root: Element) -> list[Element]:
    return [root, *(deeper for each in root.inside for deeper in everything(each))]


@pytest.mark.parametrize("name", READY_SAMPLES)
def test_the_markup_is_sound_and_no_anchor_stands_twice(name: str) -> None:
    document = Parsed(ready_page(READY_SAMPLES[name](), str))
    anchors = [each.attributes["id"] for each in everything(document.root) if "id" in each.attributes]
    links = [each.attributes["href"] for each in document.root.all("a")]

    assert document.complaints == []
    assert len(set(anchors)) == len(anchors)
    assert [link for link in links if (link or "").removeprefix("#") not in anchors] == []


@pytest.mark.parametrize(
    ("report", "told", "colour"),
    [
        (a_ready_report(), "✕ Not ready", "bad"),
        (a_good_report(), "✓ Ready", "good"),
        (an_unsure_report(), "?", "unsure"),
    ],
    ids=["not-ready", "ready", "cannot-tell"],
)
def test_the_verdict_has_a_word_a_sign_and_a_colour_of_its_own(report: ReadyReport, told: str, colour: str) -> None:
    root = parsed(report)
    (heading,) = root.all("h1")
    (sign,) = heading.all("span")

    assert {sign.text, *text_of(heading).split()} >= set(told.split())
    assert root.all("header")[0].attributes["class"] == colour


def test_the_sentence_says_why_without_saying_the_verdict_again() -> None:
    because = [each for each in parsed(a_ready_report()).all("p") if each.attributes.get("class") == "because"]

    assert [text_of(each) for each in because] == [
        "Because scenario:golden_path and retry_after failed; 1 waiver expired."
    ]


def test_a_verdict_without_more_to_say_has_no_empty_sentence() -> None:
    assert [each for each in parsed(a_good_report()).all("p") if each.attributes.get("class") == "because"] == []


def test_what_stands_in_the_way_comes_first_and_what_passed_last() -> None:
    headings = [each.text.strip() for each in parsed(a_ready_report()).all("h2")]

    assert headings == [
        *("What stands in the way", "What can't be told", "What is waived", "What was not exercised", "What passed"),
        *("Runs", "The plan, and what it cost"),
    ]


def test_a_failed_check_says_all_that_support_and_the_partner_need() -> None:
    article = text_of(found(parsed(a_ready_report()), "check-scenario:golden_path"))
    check = FAILED[0]

    assert [each for each in (check.title, check.source, check.expected, check.seen) if each not in article] == []
    assert check.what_to_do in article
    assert "send_event in step book of golden_path: HTTP 503, upstream_unavailable" in article
    assert [each for each in (REQUEST_ID, TRACE_ID, SESSION_ID, RUN_ID) if each not in article] == []


def test_an_expired_waiver_is_said_aloud() -> None:
    article = found(parsed(a_ready_report()), "check-retry_after")
    (loud,) = [each for each in article.all("p") if each.attributes.get("class") == "loud"]

    assert f"Its waiver expired on {TODAY - timedelta(days=1)}" in text_of(loud)


def test_a_waived_check_says_why_and_until_when() -> None:
    article = text_of(found(parsed(a_ready_report()), "check-quota_headers"))

    assert "Brek adds the header with its next release" in article
    assert str(TODAY + timedelta(days=14)) in article
    assert "waivers.yaml:3" in article


def test_a_waiver_that_is_not_needed_is_told_with_its_place() -> None:
    assert "take it out of waivers.yaml:11" in text_of(found(parsed(a_ready_report()), "check-tls"))


def test_a_waiver_counts_on_its_last_day() -> None:
    waiver = a_waiver(TODAY, check_id=CheckId.TLS)
    report = a_ready_report(checks=(a_check(CheckId.TLS, CheckState.FAILED, waiver=waiver, waived=True),))

    assert "Its waiver expired" not in text_of(parsed(report))


def test_what_was_not_exercised_says_what_would() -> None:
    row = text_of(found(parsed(a_ready_report()), "check-headroom"))

    assert NOT_EXERCISED.seen in row
    assert NOT_EXERCISED.what_to_do in row


def test_a_left_out_scenario_is_told_once_though_a_check_tells_of_it_too() -> None:
    left_out = (LeftOut(name="session_isolation", why="no other key", cannot_tell=False),)
    check = a_check("scenario:session_isolation", CheckState.NOT_EXERCISED, seen="no other key")
    report = a_ready_report(plan=a_plan(left_out=left_out), checks=(check,), runs=())

    assert text_of(parsed(report)).count("no other key") == 1


def test_the_plan_says_what_it_cost_and_that_its_limit_is_assumed() -> None:
    told = text_of(parsed(a_ready_report()))

    assert "Planned were 20 requests, sent were 22. The key's limit is 60 a minute, which is assumed" in told
    assert "assumed" not in text_of(parsed(a_good_report()))


def test_every_check_stands_on_the_page_once() -> None:
    root = parsed(a_ready_report())
    ids = [check.check_id for check in (*FAILED, CANNOT_TELL, WAIVED, NOT_EXERCISED, *PASSED)]

    assert [found(root, f"check-{each}").attributes["id"] for each in ids] == [f"check-{each}" for each in ids]


def test_an_id_that_is_none_of_ours_becomes_no_part_of_an_address() -> None:
    root = parsed(a_ready_report(checks=(*PASSED, a_check('scenario:"><x y=1'))))

    assert found(root, f"check-{len(PASSED) + 1}").name == "tr"


def test_many_proofs_and_runs_are_bounded_and_said_to_be() -> None:
    check = a_check(CheckId.TLS, CheckState.FAILED, proofs=(PROOF,) * (MOST_PROOFS + 3))
    root = parsed(a_ready_report(checks=(check,), runs=(a_run(),) * (MOST_RUNS + 7)))

    assert len(root.all("pre")) == MOST_PROOFS
    assert "And 3 more requests" in text_of(root)
    assert "And 7 more, which" in text_of(root)


def test_a_secret_is_masked_wherever_it_stands() -> None:
    check = a_check(CheckId.TLS, CheckState.FAILED, seen=f"key {KEY}", source=KEY, what_to_do=KEY, expected=KEY)
    report = a_ready_report(checks=(check,), sentence=KEY, runs=(a_run(detail=KEY),), plan=a_plan(base_url=KEY))

    assert KEY not in ready_page(report, Scrubber([Secret(KEY)]).text)


def test_the_policy_allows_its_own_style_sheet_and_nothing_else() -> None:
    root = parsed(a_ready_report())
    (policy,) = [each for each in root.all("meta") if each.attributes.get("http-equiv") == "Content-Security-Policy"]

    assert (policy.attributes["content"] or "").startswith(
        "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    )
    assert root.all("script") == []


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["page", "bad-tint", "differs", "panel"])
def test_text_stands_out_on_every_ground_it_stands_on(scheme: str, ground: str) -> None:
    colours = tokens(parsed(a_ready_report()).all("style")[0].text)[scheme]

    assert contrast(colours["ink"], colours[ground]) >= 4.5
    assert contrast(colours["muted"], colours[ground]) >= 4.5
