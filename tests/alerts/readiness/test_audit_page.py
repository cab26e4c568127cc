"""The page of `audit`: the verdict, what is broken with its very exchanges, and what nobody has seen."""

from __future__ import annotations

import pytest
from support.facts import REQUEST_ID
from support.markup import Element, Parsed
from support.readiness_samples import (
    AUDIT_SAMPLES,
    JUDGEMENTS,
    a_judgement,
    a_kept_audit,
    a_seen,
    an_audit_report,
    an_empty_audit,
    an_evidence,
)

from alerts.readiness.audit_page import MOST_OF_A_RULE, audit_page
from alerts.readiness.timeline import MOST_EXCHANGES
from probes.readiness.evidence import AuditReport
from probes.readiness.words import RuleId, RuleState, SituationName, Statement
from probes.redaction import Scrubber, Secret

KEY = "sk_test_51H8xQz"
MANY = tuple(a_seen(number, situation=None) for number in range(1, MOST_EXCHANGES + 101))


def parsed(report: AuditReport) -> Element:
    return Parsed(audit_page(report, str)).root


def text_of(element: Element) -> str:
    return " ".join(element.whole_text().split())


def everything(root: Element) -> list[Element]:
    return [root, *(deeper for each in root.inside for deeper in everything(each))]


def found(root: Element, anchor: str) -> Element:
    (element,) = [each for each in everything(root) if each.attributes.get("id") == anchor]
    return element


def anchors(root: Element, prefix: str) -> list[str]:
    told = [each.attributes["id"] or "" for each in everything(root) if "id" in each.attributes]
    return [each for each in told if each.startswith(prefix)]


@pytest.mark.parametrize("name", AUDIT_SAMPLES)
def test_the_markup_is_sound_and_no_anchor_stands_twice(name: str) -> None:
    document = Parsed(audit_page(AUDIT_SAMPLES[name](), str))
    told = anchors(document.root, "")
    links = [each.attributes["href"] for each in document.root.all("a")]

    assert document.complaints == []
    assert len(set(told)) == len(told)
    assert [link for link in links if (link or "").removeprefix("#") not in told] == []


def test_it_says_what_was_audited_and_by_what_it_can_be_checked() -> None:
    header = text_of(parsed(an_audit_report()).all("header")[0])

    assert "booking-bot 4.2.1" in header
    assert "2026-11-24 12:00:00 UTC" in header
    assert an_audit_report().evidence_sha256 in header
    assert "suite 1.0" in header


def test_a_broken_rule_shows_the_guide_and_its_very_exchanges() -> None:
    article = found(parsed(an_audit_report()), "rule-honours_retry_after")
    told = text_of(article)

    assert "Use exponential backoff + jitter" in told
    assert "came back after 0.50 s where 2 s were asked for" in told
    assert [each.text for each in article.all("a")] == ["2", "3"]
    assert ["HTTP 429, rate_limited" in told, "+2.00 s" in told, REQUEST_ID in told] == [True, True, True]


def test_an_exchange_of_the_timeline_names_the_rules_that_it_speaks_against() -> None:
    root = parsed(an_audit_report())

    assert "honours_retry_after" in text_of(found(root, "exchange-2"))
    assert "honours_retry_after" not in text_of(found(root, "exchange-4"))


def test_a_lost_answer_and_one_that_never_came_are_told_apart() -> None:
    root = parsed(an_audit_report())

    assert "the API broke off" in text_of(found(root, "exchange-4"))
    assert "still under way" in text_of(found(root, "exchange-5"))


def test_what_was_not_exercised_names_the_situations_that_would_exercise_it() -> None:
    row = text_of(found(parsed(an_audit_report()), "rule-survives_unknown_status"))

    assert "unknown_status" in row.replace("survives_unknown_status", "")


def test_an_attested_rule_is_no_kept_rule_and_marked_as_not_seen() -> None:
    root = parsed(an_audit_report())
    kept = [each for each in root.all("section") if each.all("h2") and each.all("h2")[0].attributes.get("id") == "kept"]
    row = text_of(found(root, "rule-no_booking_claim_before_booked"))

    assert "no_booking_claim_before_booked" not in text_of(kept[0])
    assert "attested, not seen" in row
    assert "the team lead" in row


def test_every_statement_is_told_as_attested_or_not() -> None:
    rows = [text_of(each) for each in parsed(an_audit_report()).all("tr")]
    told = {each: next(row for row in rows if each in row) for each in Statement}

    assert "attested, not seen" in told[Statement.ON_CALL_CONTACT]
    assert [each for each in Statement if "not attested" in told[each]] == [
        each for each in Statement if each is not Statement.ON_CALL_CONTACT
    ]


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (an_audit_report(), "Compared with audit.json of 2026-11-20."),
        (a_kept_audit(), "Nothing: every rule stands as in audit.json of 2026-11-20."),
        (an_empty_audit(), "There is no audit before to compare with."),
    ],
    ids=["changed", "unchanged", "first"],
)
def test_it_says_what_changed_since_the_audit_before(report: AuditReport, told: str) -> None:
    assert told in text_of(parsed(report))


def test_a_situation_tells_its_requests_its_exit_code_and_whether_it_was_reached() -> None:
    rows = [text_of(each) for each in parsed(an_audit_report()).all("tr")]
    limited = next(row for row in rows if row.startswith("rate_limited") or "exit code 1" in row)
    lost = next(row for row in rows if "had to be ended" in row)

    assert "yes" in limited
    assert "no" in lost.split()


def test_many_exchanges_are_bounded_and_what_is_left_out_is_said() -> None:
    root = parsed(an_audit_report(evidence=an_evidence(exchanges=MANY), judgements=()))

    assert len(anchors(root, "exchange-")) == MOST_EXCHANGES
    assert "100 exchanges are not shown here" in text_of(root)


def test_an_exchange_that_breaks_a_rule_is_shown_however_late_it_came() -> None:
    last = MANY[-1]
    judgement = a_judgement(RuleId.TURNS_IN_ORDER, RuleState.BROKEN, exchanges=(last,))
    root = parsed(an_audit_report(evidence=an_evidence(exchanges=MANY), judgements=(judgement,)))

    assert anchors(root, "exchange-")[-1] == f"exchange-{last.number}"
    assert len(anchors(root, "exchange-")) == MOST_EXCHANGES


def test_a_rule_that_is_broken_a_thousand_times_shows_the_first_of_them_and_counts_the_rest() -> None:
    judgement = a_judgement(RuleId.TURNS_IN_ORDER, RuleState.BROKEN, exchanges=MANY)
    root = parsed(an_audit_report(evidence=an_evidence(exchanges=MANY), judgements=(judgement,)))
    article = found(root, "rule-turns_in_order")

    assert len(article.all("tbody")[0].all("tr")) == MOST_OF_A_RULE
    assert f"And {len(MANY) - MOST_OF_A_RULE} more exchanges" in text_of(article)


def test_a_secret_is_masked_wherever_it_stands() -> None:
    seen = a_seen(path=f"/x/{KEY}", request={"idempotencyKey": KEY, "sessionId": KEY})
    judgement = a_judgement(RuleId.KEY_NOT_IN_URL, RuleState.BROKEN, detail=KEY, exchanges=(seen,))
    report = an_audit_report(
        evidence=an_evidence(exchanges=(seen,)), judgements=(judgement,), build=KEY, sentence=KEY, notes=(KEY,)
    )

    assert KEY not in audit_page(report, Scrubber([Secret(KEY)]).text)


def test_every_rule_stands_on_the_page_once() -> None:
    root = parsed(an_audit_report())

    assert sorted(anchors(root, "rule-")) == sorted(f"rule-{each.rule}" for each in JUDGEMENTS)


def test_exchanges_stand_by_situation_in_the_order_in_which_those_began() -> None:
    summaries = [" ".join(each.text.split()) for each in parsed(an_audit_report()).all("summary")]

    assert summaries == [
        f"{SituationName.NORMAL_BOOKING} (1)",
        f"{SituationName.RATE_LIMITED} (2)",
        f"{SituationName.LOST_ANSWER} (2)",
    ]
