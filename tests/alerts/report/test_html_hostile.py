"""Whatever a server says stays text: each payload stands in every text of a report at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.markup import Parsed, kinds, shape
from support.payloads import PAYLOADS, name_of
from support.reports import a_huge_one, an_outage, still_open, with_texts

import alerts
from alerts.report.facts import Report
from alerts.report.html import MOST_BYTES, render

FOLDER = Path(alerts.__file__).parent


def hostile(report: Report, payload: str) -> Report:
    told: Report = with_texts(report, lambda _: payload)
    return told


def test_there_are_a_hundred_different_payloads() -> None:
    assert len(set(PAYLOADS)) >= 100


@pytest.mark.parametrize("payload", PAYLOADS, ids=name_of)
def test_a_payload_in_every_text_changes_nothing_but_text(payload: str) -> None:
    document = Parsed(render(hostile(an_outage(), payload)))
    harmless = Parsed(render(hostile(an_outage(), re.sub("[^#]", "x", payload))))  # a `#` makes a command a comment

    assert document.complaints == []
    assert shape(document.root) == shape(harmless.root)


@pytest.mark.parametrize("payload", ["{{7*7}}", "${7*7}", "{% include '/etc/passwd' %}", "{# a comment #}"])
def test_what_looks_like_a_template_is_said_as_it_is(payload: str) -> None:
    assert payload in Parsed(render(hostile(an_outage(), payload))).root.all("h1")[0].text


def test_what_is_escaped_already_is_escaped_again() -> None:
    assert Parsed(render(hostile(an_outage(), "&lt;b&gt;"))).root.all("h1")[0].text == "&lt;b&gt;"


def test_invisible_and_turning_characters_are_replaced() -> None:
    document = render(hostile(still_open(), "a\x00b\u202ec\u200bd\ud800e\x1b[2J"))

    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", document) == []
    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c" in document


@pytest.mark.parametrize("text", ["<b>", "&", "'", "\U0001f3e8", "x"], ids=["tag", "amp", "quote", "hotel", "x"])
def test_a_megabyte_in_every_text_of_a_huge_report_fits(text: str) -> None:
    document = render(hostile(a_huge_one(runs=500), text * (1_000_000 // len(text))))
    parsed = Parsed(document)

    assert len(document.encode()) <= MOST_BYTES
    assert parsed.complaints == []
    assert kinds(parsed.root) <= kinds(Parsed(render(a_huge_one(runs=500))).root)


def test_no_template_takes_a_text_for_html() -> None:
    templates = [*FOLDER.glob("**/*.html"), *FOLDER.glob("**/*.css")]
    found = [
        path.name for path in templates if re.search(r"\|\s*safe|autoescape|Markup|tojson", path.read_text("utf-8"))
    ]

    assert len(templates) >= 4
    assert found == []


def test_markup_is_made_of_our_own_style_sheet_and_runbooks_only() -> None:
    sources = [path for folder in ("alerts", "exporter") for path in (FOLDER.parent / folder).glob("**/*.py")]
    made = {path.name for path in sources if re.search(r"Markup\(|\bTemplate\(|from_string\(", path.read_text("utf-8"))}

    assert made == {"pages.py", "runbooks.py"}


def test_every_attribute_that_tells_something_is_quoted() -> None:
    templates = {path.name: path.read_text("utf-8") for path in FOLDER.glob("**/*.html")}

    assert {name for name, text in templates.items() if re.search(r"=\s*\{[{%]", text)} == set()
