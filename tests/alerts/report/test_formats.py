"""JSON, Markdown and the message to support say the same, and nothing of a server's is more than text in them."""

from __future__ import annotations

import email
import json
import re
from dataclasses import replace
from importlib import resources

import jsonschema_rs
import pytest
from support import reports
from support.reporting import report_on

from alerts.report import as_email, as_json, as_markdown
from alerts.report.facts import Report
from alerts.report.json_twin import json_text, schema_text
from alerts.report.markdown import block, code, escaped

SAMPLES = [reports.an_outage(), reports.still_open(), reports.an_unexpected_booking(), reports.nothing_failed()]
HOSTILE = [
    "`` ` ```",
    "```\n# owned\n```",
    "a | b || c \\| d",
    "<script>alert(1)</script><img src=x>",
    "@everyone see https://evil.example and www.evil.example",
    "[click](javascript:alert(1)) ![](https://evil.example/x.png)",
    "x\r\nBcc: everyone@evil.example\r\n\r\nowned",
    "\x1b[31mred\u202eevil\u2028line",
    "*bold* _under_ ~~gone~~ # head",
    "&lt;b&gt; &#64;here",
]


@pytest.mark.parametrize("report", SAMPLES, ids=["over", "open", "booking", "nothing"])
def test_each_report_keeps_to_the_published_schema(report: Report) -> None:
    schema = resources.files("alerts") / "schemas" / "report.schema.json"
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema.read_text()))

    assert [error.message for error in validator.iter_errors(json.loads(json_text(as_json(report))))] == []


def test_the_published_schema_is_that_of_the_facts() -> None:
    assert (resources.files("alerts") / "schemas" / "report.schema.json").read_text() == schema_text()


def test_the_formats_agree_on_the_numbers() -> None:
    report = report_on("..FFFus..")
    document, markdown, message = as_json(report), as_markdown(report), as_email(report)

    assert document["counts"] == {"runs": 9, "passed": 4, "degraded": 0, "failed": 3, "skipped": 1, "unknown": 1}
    assert "| Runs | 9: 4 passed, 3 failed, 1 skipped, 1 unknown |" in markdown
    assert re.search(r"Runs: +3 of 7 judged runs failed", message)
    for each in report.ids:
        assert each.request_id is not None
        assert each.request_id in json.dumps(document)
        assert each.request_id in markdown
        assert each.request_id in message


def spoiled(text: str) -> Report:
    """With this text wherever a server has a say."""
    report = reports.an_outage()
    assert report.failing is not None
    lines = tuple(replace(line, value=text) for line in report.failing.answer)
    return replace(
        report,
        headline=f"broken: {text}",
        step=text,
        expected=text,
        observed=text,
        failing=replace(report.failing, answer=lines, facts=lines, step=text),
        ids=tuple(replace(each, request_id=text, trace_id=text, session_id=text, step=text) for each in report.ids),
        chain=tuple(replace(each, step=text, seen=text, last_good=text) for each in report.chain),
        unknowns=(text,),
        curl=f"curl -sS '{text}'",
    )


def outside_code(markdown: str) -> str:
    """What is left once code blocks and spans are taken away."""
    without_blocks = re.sub(r"^(`{3,}).*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", without_blocks)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_of_a_server_is_markup_in_markdown(text: str) -> None:
    plain = outside_code(as_markdown(spoiled(text)))

    assert "owned" not in plain.replace("evil.example  owned", "").split("\n")
    assert "<" not in plain
    assert "@everyone" not in plain
    assert "https://" not in plain.replace("https://brekwatch.example", "")
    assert not re.search(r"(?<!\\)!?\[[^\]]*(?<!\\)\]\(", plain)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_each_row_of_a_table_has_the_cells_of_its_head(text: str) -> None:
    without_blocks = re.sub(r"^(`{3,}).*?^\1$", "", as_markdown(spoiled(text)), flags=re.DOTALL | re.MULTILINE)
    tables = re.findall(r"(?:^\|.*\n)+", without_blocks, flags=re.MULTILINE)

    assert len(tables) >= 3
    for table in tables:
        assert len({row.count("|") - row.count("\\|") for row in table.splitlines()}) == 1


@pytest.mark.parametrize("text", ["a`b", "``", "`", " x ", "a```b"], ids=repr)
def test_a_code_span_can_t_be_ended_by_its_text(text: str) -> None:
    span = code(text)
    ticks = re.match("`+", span)

    assert ticks is not None
    inner = span[len(ticks.group()) : -len(ticks.group())]
    assert not re.search(rf"(?<!`){ticks.group()}(?!`)", inner)


def test_a_code_block_can_t_be_ended_by_its_text() -> None:
    assert block("```\nx").startswith("````\n")


def test_our_own_sentences_stay_readable() -> None:
    assert escaped("golden_path has failed") == "golden\\_path has failed"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_of_a_server_is_a_header_of_the_message(text: str) -> None:
    message = as_email(spoiled(text))
    parsed = email.message_from_string(message)

    assert parsed.keys() == ["To", "Subject", "Content-Type"]
    assert parsed["To"] == "leo@pageonelab.com"
    assert "\r" not in message
    assert message.isascii()
    assert all(letter.isprintable() or letter == "\n" for letter in message)
    assert max(map(len, message.split("\n"))) < 998


def test_the_message_asks_what_support_can_answer() -> None:
    message = as_email(report_on("..FFF.."))

    assert "Subject: quick_search on acme failed from 12:10 UTC" in message
    assert "Could you tell us what happened to these requests" in message
    assert "requestId" in message


def test_a_long_subject_ends_with_a_whole_word() -> None:
    report = replace(report_on("..FFF.."), headline="many words " * 40)

    subject = next(line for line in as_email(report).splitlines() if line.startswith("Subject: "))
    assert subject.endswith(("many ...", "words ..."))
    assert len(subject) <= len("Subject: ") + 150


def test_a_message_of_nothing_asks_nothing() -> None:
    assert "Could you tell us" not in as_email(report_on("..."))


def test_a_request_that_is_too_long_for_a_mail_stays_out_of_it() -> None:
    report = replace(report_on("FFF"), curl="curl -sS " + "x" * 1000)

    assert "it is in the attached report" in as_email(report)
