from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from support.markup import Element, Parsed, contrast, tokens
from support.reports import (
    SAMPLES,
    a_huge_one,
    an_incident,
    an_outage,
    an_unexpected_booking,
    nothing_failed,
    still_open,
)
from support.timelines import INCIDENT_ID, REQUEST_ID, UNTIL

from alerts.pages import lasting
from alerts.report.facts import Counts, Report
from alerts.report.html import MOST_BYTES, content_security_policy, render
from probes.words import Ended

EVERY = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
PARTS = "timeline chain exchange ids curl advice unknowns budgets accounting".split()


def parsed(report: Report) -> Element:
    return Parsed(render(report)).root


def said(report: Report) -> str:
    return " ".join(parsed(report).whole_text().split())


def header(report: Report) -> str:
    return " ".join(parsed(report).all("header")[0].whole_text().split())


@EVERY
def test_a_report_is_well_formed_and_has_all_its_parts_in_order(sample: Callable[[], Report]) -> None:
    document = Parsed(render(sample()))

    assert document.complaints == []
    assert [part.attributes.get("id") for part in document.root.all("h2")] == PARTS


@EVERY
def test_a_report_stays_within_its_size(sample: Callable[[], Report]) -> None:
    assert len(render(sample()).encode()) <= MOST_BYTES


def test_what_is_left_out_is_said() -> None:
    told = said(a_huge_one())

    assert re.search(r"9,9\d\d of 10,000 runs in the timeline's table are left out of this page", told)
    assert re.search(r"of 4,0\d\d lines of an answer are left out", told)
    assert "The curl command is too long for this page" in told


def test_a_report_with_room_leaves_nothing_out() -> None:
    assert "Left out" not in said(an_outage())


def test_what_the_reckoning_left_out_is_said_too() -> None:
    assert "Runs before noon are not part of it." in said(
        an_outage(truncated=("Runs before noon are not part of it.",))
    )


def test_the_first_lines_say_what_broke_since_when_for_whom_and_how_sure() -> None:
    told = header(an_outage())

    for word in (
        "RECOVERED",
        "47 min 6 s",
        "send_event answers HTTP 503",
        "Brek: the API does what its documents don't allow",
        "sure",
        "production",
        "golden_path",
        "2026-11-25 02:14:03 UTC",
        "9 failed",
    ):
        assert word in told


@pytest.mark.parametrize(
    ("report", "word"),
    [
        pytest.param(still_open(), "OPEN", id="open"),
        pytest.param(an_outage(), "RECOVERED", id="recovered"),
        pytest.param(an_outage(incident=an_incident(Ended.UNPLANNED)), "ENDED, RECOVERY NOT SEEN", id="unplanned"),
        pytest.param(an_outage(incident=None, recovered_at=None), "FAILED RUNS", id="failed-without-an-incident"),
        pytest.param(nothing_failed(), "NOTHING FAILED", id="nothing-failed"),
        pytest.param(
            replace(nothing_failed(), counts=Counts(runs=2, passed=0, degraded=0, failed=0, skipped=1, unknown=1)),
            "NOTHING KNOWN",
            id="nothing-judged",
        ),
    ],
)
def test_the_state_is_a_word(report: Report, word: str) -> None:
    [state] = [part for part in parsed(report).all("p") if part.attributes.get("class") == "state"]

    assert word in state.whole_text()


def test_a_status_that_the_guide_does_not_allow_is_marked_by_more_than_colour() -> None:
    [row] = [row for row in parsed(an_unexpected_booking()).all("tr") if "booked" in row.whole_text()]

    assert row.attributes["class"] == "differs"
    assert "not documented:" in row.whole_text()


def test_lines_that_differ_are_marked_by_more_than_colour() -> None:
    rows = [row for row in parsed(an_outage()).all("tr") if "upstream_unavailable" in row.whole_text()]

    assert [("differs" in row.whole_text(), "≠" in row.whole_text()) for row in rows] == [(True, True)]


def test_the_ids_for_support_are_one_block() -> None:
    [block] = [pre for pre in parsed(an_outage()).all("pre") if "requestId" in pre.text]

    assert block.text.count(REQUEST_ID) == 3
    assert "idempotencyKey  acme:sess_1771456953407_g7p6233d:say:002" in block.text


def test_the_curl_command_is_said_byte_for_byte() -> None:
    report = an_outage()
    [block] = [pre for pre in parsed(report).all("pre") if "curl" in pre.text]

    assert block.text.strip() == report.curl


def test_the_commands_to_verify_name_the_incident() -> None:
    assert f"brekwatch incident --incident {INCIDENT_ID} -o report.html --bundle evidence.tar.gz" in said(an_outage())


def test_the_options_of_the_commands_to_verify_are_quoted_for_a_shell() -> None:
    scope = replace(an_outage().scope, options=("--target", "$(rm -rf x)"))

    assert "brekwatch incident --target '$(rm -rf x)' -o" in said(an_outage(scope=scope))


@pytest.mark.parametrize(
    ("curl", "told"),
    [("curl -sS x", True), ("# why\ncurl -sS x", True), ("# Not given as a command:\n# it books", False)],
    ids=["command", "with-a-note", "comments-only"],
)
def test_only_what_can_be_run_asks_for_a_key(curl: str, *, told: bool) -> None:
    assert ("no key is in this report" in said(an_outage(curl=curl))) is told


def test_links_lead_to_our_own_pages_and_within_the_report() -> None:
    addresses = [link.attributes["href"] or "" for link in parsed(an_outage()).all("a")]

    assert [address for address in addresses if not address.startswith("#")] == [
        "https://brekwatch.example/runbooks/BrekServerErrors",
        f"https://brekwatch.example/incidents/{INCIDENT_ID}",
    ]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x/ onclick=1", "//x/y", "data:text/html,x", ""])
def test_an_address_that_is_no_plain_web_address_is_text(address: str) -> None:
    report = parsed(an_outage(runbook_url=address, report_url=address))

    assert all((link.attributes["href"] or "").startswith("#") for link in report.all("a"))


@EVERY
def test_each_link_within_the_report_leads_somewhere(sample: Callable[[], Report]) -> None:
    document = parsed(sample())
    ids = {element.attributes.get("id") for element in document.all("h2")}
    inner = {(link.attributes["href"] or "")[1:] for link in document.all("a") if "class" not in link.attributes}

    assert inner == ids


@EVERY
def test_tables_say_what_they_are_about(sample: Callable[[], Report]) -> None:
    tables = parsed(sample()).all("table")

    assert [table for table in tables if not table.all("caption")[0].text.strip()] == []
    assert {cell.attributes.get("scope") for table in tables for cell in table.all("th")} <= {"col", "row"}


@EVERY
def test_the_page_has_landmarks_a_language_and_one_heading_of_the_first_rank(sample: Callable[[], Report]) -> None:
    document = parsed(sample())

    assert [document.all("html")[0].attributes["lang"], len(document.all("h1"))] == ["en", 1]
    assert [len(document.all(name)) for name in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert document.all("title")[0].text.strip()


@EVERY
def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(sample: Callable[[], Report]) -> None:
    scrolled = [part for part in parsed(sample()).all("div") if part.attributes.get("class") == "scroll"]

    assert scrolled
    assert all(part.attributes.get("tabindex") == "0" and part.attributes.get("aria-label") for part in scrolled)


def test_moments_are_for_machines_too() -> None:
    moments = [moment.attributes["datetime"] for moment in parsed(an_outage()).all("time")]

    assert "2026-11-25T02:14:03Z" in moments


def test_the_document_says_its_policy_and_has_one_style_sheet() -> None:
    document = parsed(an_outage())
    [policy] = [meta for meta in document.all("meta") if meta.attributes.get("http-equiv")]

    assert policy.attributes["content"] == content_security_policy()
    assert content_security_policy().startswith("default-src 'none'; ")
    assert len(document.all("style")) == 1


@EVERY
def test_there_is_no_script_no_inline_style_and_nothing_to_load(sample: Callable[[], Report]) -> None:
    document = render(sample())

    assert re.findall(r"<(script|link|img|iframe|object|embed|use|image|base|form)\b", document) == []
    assert re.findall(r"<[^>]+\s(style|src|on\w+|xlink:href)=", document) == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.0415, "41.5 ms"),
        (1.25, "1.25 s"),
        (59.4, "59.4 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (2826, "47 min 6 s"),
        (3600, "1 h"),
        (93_784, "1 d 2 h"),
        (-90, "-1 min 30 s"),
        (float("inf"), "?"),
        (float("nan"), "?"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds: float, told: str) -> None:
    assert lasting(seconds) == told


def test_the_same_facts_make_the_same_bytes() -> None:
    assert render(an_outage()) == render(an_outage())


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    report = an_outage()
    runs = tuple(replace(run, ended_at=run.started_at - timedelta(hours=9)) for run in report.timeline.runs)
    timeline = replace(report.timeline, since=UNTIL, until=UNTIL - timedelta(hours=3), runs=runs)
    document = Parsed(render(replace(report, timeline=timeline, duration_seconds=-30.0)))

    assert document.complaints == []
    assert "-9 h" in document.root.whole_text()


STYLE = unescape(Parsed(render(an_outage())).root.all("style")[0].text)
TEXTS = ("ink", "muted", "link", "bad", "good", "warn", "unsure")
ON_PAGE = [(text, "page", 4.5) for text in TEXTS]
ELSEWHERE = [
    *((text, "panel", 4.5) for text in ("ink", "muted")),
    *((text, "differs", 4.5) for text in ("ink", "muted", "bad", "good", "warn", "unsure")),
    *((mark, "bad-tint", 4.5) for mark in ("ink", "muted", "bad", "unsure")),
    *((mark, "bad-tint", 3.0) for mark in ("link", "good", "warn")),
]


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground", "least"), [*ON_PAGE, *ELSEWHERE], ids=str)
def test_colours_stand_out_as_wcag_aa_asks(scheme: str, text: str, ground: str, least: float) -> None:
    colours = tokens(STYLE)[scheme]

    assert contrast(colours[text], colours[ground]) >= least


def test_no_colour_stands_in_the_style_sheet_but_as_a_token() -> None:
    rules = re.sub(r":root \{[^}]*\}", "", STYLE)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", rules) == []
