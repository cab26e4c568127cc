"""A message to Brek's support, ready to send: what, since when, the ids, the request, and what we ask. Pure.

ASCII on lines of our own making: nothing that a server said can begin a header or end the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten

from alerts.pages import lasting, utc
from alerts.report.advice import SUPPORT
from alerts.report.facts import Report
from alerts.report.support_ids import support_block

_SUBJECT_CHARACTERS = 150
_LINE_CHARACTERS = 900
"""Mail allows 998 characters a line."""
_MOST_IDS = 5


def as_email(report: Report) -> str:
    """Headers, a blank line, and the text; each line ends in a line feed alone."""
    head = (f"To: {SUPPORT}", f"Subject: {_subject(report)}", 'Content-Type: text/plain; charset="us-ascii"')
    body = "\n\n".join(_paragraphs(report))
    return "\n".join((*head, "", *map(_plain, body.split("\n")))) + "\n"


def _subject(report: Report) -> str:
    environment = f"[{report.environment}] " if report.environment else ""
    return shorten(_plain(f"{environment}{report.headline}"), _SUBJECT_CHARACTERS, placeholder=" ...")


def _plain(line: str) -> str:
    """Printable ASCII, bounded; other characters as escapes."""
    ascii_only = line.encode("ascii", "backslashreplace").decode("ascii")
    return re.sub(r"[^ -~]", "?", ascii_only)[:_LINE_CHARACTERS]


def _paragraphs(report: Report) -> Iterator[str]:
    yield "Hello,"
    yield f"our monitor of the Partner Core Chat API tells: {report.headline}"
    yield "\n".join(f"{name + ':':<16}{value}" for name, value in _facts(report) if value)
    if report.kind is None:
        yield "Nothing failed in this stretch, so there is nothing to ask of you."
        return
    yield "Could you tell us what happened to these requests, whether other partners are affected, and until when?"
    if report.ids:
        yield f"The newest of them, all times UTC:\n\n{support_block(report.ids[:_MOST_IDS])}"
    else:
        yield "There is no id of yours to name: no answer came that carried one."
    yield from _request(report)
    yield f"How sure we are: {report.certainty.word}. {chr(10).join(report.certainty.reasons)}"
    if report.unknowns:
        yield "\n".join(("What we don't know:", *(f"- {each}" for each in report.unknowns)))
    yield f"Written {utc(report.generated_at)} by brekwatch {report.version}, from what its journal keeps."


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    counts = report.counts
    lasted = "" if report.duration_seconds is None else lasting(report.duration_seconds)
    return (
        ("Environment", report.environment or "not known"),
        ("Operation", report.operation or ""),
        ("Expected", report.expected or ""),
        ("Seen", report.observed or ""),
        ("Last good", utc(report.last_good_at) if report.last_good_at else ""),
        ("First failed", utc(report.first_failed_at) if report.first_failed_at else ""),
        ("Recovered", utc(report.recovered_at) if report.recovered_at else ""),
        ("Lasted", lasted),
        ("Runs", f"{counts.failed} of {counts.passed + counts.degraded + counts.failed} judged runs failed"),
    )


def _request(report: Report) -> Iterator[str]:
    if report.curl is None or "curl -sS" not in report.curl:
        return
    if any(len(line) > _LINE_CHARACTERS for line in report.curl.split("\n")):
        yield "The request is too long for a mail: it is in the attached report."
    else:
        yield f"The request, redacted:\n\n{report.curl}"
