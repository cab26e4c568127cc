"""Whatever a server or an integration says stays text on both pages: each payload stands in every text at once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from support.facts import an_answer
from support.markup import Parsed, shape
from support.payloads import PAYLOADS, name_of
from support.readiness_samples import EXCHANGES, JUDGEMENTS, a_ready_report, a_seen, an_audit_report, an_evidence
from support.reports import with_texts

from alerts.readiness.audit_page import audit_page
from alerts.readiness.cleaning import LONGEST
from alerts.readiness.ready_page import ready_page
from probes.readiness.evidence import AuditReport
from probes.readiness.model import ReadyReport


def hostile_ready(text: str) -> ReadyReport:
    told: Any = with_texts(a_ready_report(), lambda _: text)
    return told  # type: ignore[no-any-return]


def hostile_audit(text: str) -> AuditReport:
    """As of an integration and a server that write it wherever they may, headers and bodies too."""
    answer = an_answer(429, code=text, chat_status=text, header_request_id=text, trace_id=text, session_id=text)
    body = {"sessionId": text, "idempotencyKey": text}
    exchanges = tuple(a_seen(each.number, path=text, method=text, request=body, answer=answer) for each in EXCHANGES)
    judgements = tuple(replace(each, exchanges=exchanges[: len(each.exchanges)]) for each in JUDGEMENTS)
    report = an_audit_report(evidence=an_evidence(exchanges=exchanges), judgements=judgements)
    told: Any = with_texts(report, lambda _: text)
    return told  # type: ignore[no-any-return]


PLAIN = (ready_page(hostile_ready("X"), str), audit_page(hostile_audit("X"), str))
HARMLESS = tuple(shape(Parsed(document).root) for document in PLAIN)


@pytest.mark.parametrize("payload", PAYLOADS, ids=name_of)
def test_a_payload_in_every_text_changes_nothing_but_text(payload: str) -> None:
    ready, audit = Parsed(ready_page(hostile_ready(payload), str)), Parsed(audit_page(hostile_audit(payload), str))

    assert (ready.complaints, audit.complaints) == ([], [])
    assert (shape(ready.root), shape(audit.root)) == HARMLESS


def test_what_looks_like_a_template_is_said_as_it_is() -> None:
    assert "{{7*7}}" in Parsed(ready_page(hostile_ready("{{7*7}}"), str)).root.all("title")[0].text


def test_invisible_and_turning_characters_are_replaced() -> None:
    text = "a\x00b\u202ec\u200bd\ud800e\x1b[2J"
    documents = ready_page(hostile_ready(text), str) + audit_page(hostile_audit(text), str)

    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", documents) == []


def test_a_megabyte_in_every_text_is_cut() -> None:
    document = audit_page(hostile_audit("x" * 1_000_000), str)

    assert max(map(len, re.findall("x+", document))) <= LONGEST
