"""The answers of `ready` and `audit` in a terminal, at 80 columns, and piped."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.facts import REQUEST_ID, TRACE_ID, an_answer
from support.readiness_samples import (
    AUDIT_SAMPLES,
    JUDGEMENTS,
    READY_SAMPLES,
    a_check,
    a_judgement,
    a_plan,
    a_ready_report,
    a_seen,
    an_audit_report,
    an_evidence,
)
from support.reports import with_texts

from exporter import audit_table, ready_table
from probes.readiness.evidence import AuditReport
from probes.readiness.model import LeftOut, ReadyReport
from probes.readiness.words import CheckId, CheckState, RuleId, RuleState
from probes.redaction import Scrubber, Secret

KEY = "sk_test_51H8xQz"
LONG = "the quota of this key was used up by others while the checks were played, so nothing can be said of the answers"


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=80, force_terminal=terminal, color_system=None), text


def ready(report: ReadyReport, *, terminal: bool = False) -> str:
    screen, text = console(terminal=terminal)
    ready_table.tell(report, screen, str)
    return text.getvalue()


def audit(report: AuditReport, *, terminal: bool = False) -> str:
    screen, text = console(terminal=terminal)
    audit_table.tell(report, screen, str)
    return text.getvalue()


def line_with(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)


@pytest.mark.parametrize(
    ("name", "first"),
    [("not-ready", "✕ NOT READY  acme"), ("ready", "✓ READY  acme"), ("cannot-tell", "? CAN'T TELL  acme")],
)
def test_the_first_line_of_ready_is_its_verdict(name: str, first: str) -> None:
    assert ready(READY_SAMPLES[name]()).startswith(f"{first} (sandbox), https://sandbox.acme.example\n")


@pytest.mark.parametrize(
    ("name", "first"),
    [("broken", "✕ NOT READY"), ("kept", "✓ READY"), ("nothing-seen", "? CAN'T TELL")],
)
def test_the_first_line_of_audit_is_its_verdict(name: str, first: str) -> None:
    assert audit(AUDIT_SAMPLES[name]()).startswith(first)


def test_a_failed_check_tells_the_guide_what_was_seen_the_ids_and_what_to_do() -> None:
    lines = [line.strip() for line in ready(a_ready_report()).splitlines()]
    at = lines.index("✕ failed  scenario:golden_path  A new guest without a saved card books a hotel")

    assert lines[at + 1 : at + 6] == [
        "the guide says “artifacts.booking.confirmationUrl available”",
        "expected       HTTP 200 and chat status booked",
        "seen           HTTP 503, upstream_unavailable",
        "request        send_event in step book of golden_path: HTTP 503, upstream_unavailable",
        f"requestId {REQUEST_ID}",
    ]
    assert "what to do     Retry later. If it stays so, send these ids to Brek's support." in lines


def test_an_expired_waiver_is_loud_and_one_that_counts_says_until_when() -> None:
    text = ready(a_ready_report())

    assert "EXPIRED on 2026-11-23" in line_with(text, "waivers.yaml:7")
    assert "until 2026-12-08" in line_with(text, "waivers.yaml:3")
    assert "take it out" in line_with(text, "waivers.yaml:11")


def test_what_passed_takes_one_line() -> None:
    assert "  key_accepted, tls, tenant, scenario:quick_search\n" in ready(a_ready_report())


def test_a_scenario_that_was_left_out_is_told_once() -> None:
    plan = a_plan(left_out=(LeftOut(name="session_isolation", why="no other key", cannot_tell=False),))
    check = a_check("scenario:session_isolation", CheckState.NOT_EXERCISED, seen="no other key")

    assert ready(a_ready_report(plan=plan, checks=())).count("no other key") == 1
    assert ready(a_ready_report(plan=plan, checks=(check,))).count("no other key") == 1


def test_a_broken_rule_tells_its_very_exchanges() -> None:
    text = audit(an_audit_report())

    assert "HTTP 429, rate_limited" in line_with(text, "exchange 2")
    assert "in rate_limited: POST /api/partner/v1/core-chat/events" in line_with(text, "exchange 3")
    assert REQUEST_ID in text


def test_many_exchanges_of_a_rule_are_counted() -> None:
    judgement = a_judgement(RuleId.TURNS_IN_ORDER, RuleState.BROKEN, exchanges=tuple(map(a_seen, range(1, 101))))

    assert "and 97 more" in audit(an_audit_report(judgements=(judgement,)))


def test_what_is_attested_is_not_listed_as_kept() -> None:
    text = audit(an_audit_report())

    assert "no_booking_claim_before_booked" not in line_with(text, "same_key_on_retry")
    assert "by the team lead on 2026-11-24, not seen" in line_with(text, "no_booking_claim_before_booked")
    assert "rollback_plan" in text


def test_what_changed_since_the_audit_before_is_told() -> None:
    assert "  honours_retry_after: kept → broken\n" in audit(an_audit_report())


@pytest.mark.parametrize("name", READY_SAMPLES)
def test_on_a_terminal_no_line_of_words_is_wider_than_the_screen(name: str) -> None:
    check = a_check(CheckId.HEADROOM, CheckState.CANNOT_TELL, seen=LONG, what_to_do=LONG)
    report = READY_SAMPLES[name]()
    text = ready(a_ready_report(checks=(*report.checks, check), sentence=LONG), terminal=True)
    wide = [line for line in text.splitlines() if len(line) > 80 and TRACE_ID not in line and "; the key's" not in line]

    assert wide == []


def test_an_id_is_never_broken() -> None:
    assert TRACE_ID in ready(a_ready_report(), terminal=True)
    assert TRACE_ID in audit(an_audit_report(), terminal=True)


def test_a_pipe_gets_each_text_on_one_line() -> None:
    check = a_check(CheckId.HEADROOM, CheckState.FAILED, seen=LONG)

    assert line_with(ready(a_ready_report(checks=(check,))), "seen").strip() == f"seen           {LONG}"


def test_a_secret_and_control_characters_reach_no_terminal() -> None:
    screen, text = console()
    scrub = Scrubber([Secret(KEY)]).text
    hostile = f"{KEY}\x1b[2J\u202e[red]x[/red]\n"
    answer = an_answer(429, code=hostile, header_request_id=hostile)
    exchanges = (a_seen(path=hostile, request={"idempotencyKey": hostile}, answer=answer),)
    rule = a_judgement(RuleId.TURNS_IN_ORDER, RuleState.BROKEN, exchanges=exchanges)
    report = an_audit_report(judgements=(rule, *JUDGEMENTS), evidence=an_evidence(exchanges=exchanges))
    ready_table.tell(with_texts(a_ready_report(), lambda _: hostile), screen, scrub)
    audit_table.tell(with_texts(report, lambda _: hostile), screen, scrub)

    assert [each for each in (KEY, "\x1b", "\u202e") if each in text.getvalue()] == []
    assert "[red]x[/red]" in text.getvalue()
