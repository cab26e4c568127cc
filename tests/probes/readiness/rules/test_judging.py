"""All rules asked, and what the verdict makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from support.retry_tapes import RetryTape

from probes.readiness.evidence import Attestation, Evidence, Judgement, LogFacts
from probes.readiness.rules import retrying, surviving
from probes.readiness.rules.judging import judge, verdict_of
from probes.readiness.rules.registry import RULES
from probes.readiness.rules.rule import Rule
from probes.readiness.words import AuditKind, Lost, RuleId, RuleState, SituationName, Verdict

CLAIM = RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED
WORD = Attestation(about=CLAIM, by="head of payments", on=date(2026, 11, 20), note="read through")
MINE = (*retrying.RULES, *surviving.RULES)


def told() -> RetryTape:
    tape = RetryTape()
    tape.create()
    tape.turn("guest name is John Doe", "payment_confirmation_required")
    return tape


def of_claims(evidence: Evidence) -> Judgement:
    return next(each for each in judge(evidence) if each.rule is CLAIM)


def verdict(evidence: Evidence) -> tuple[Verdict, str]:
    return verdict_of(evidence, judge(evidence))


def test_there_is_each_rule_once_in_the_order_of_their_ids() -> None:
    assert [rule.rule for rule in RULES] == list(RuleId)


def test_what_nobody_saw_a_person_may_stand_for() -> None:
    judgement = of_claims(replace(told().evidence(), attestations=(WORD,)))

    assert (judgement.state, judgement.attestation) == (RuleState.KEPT, WORD)
    assert judgement.detail == "attested by head of payments on 2026-11-20, not seen: read through"


def test_what_was_seen_outweighs_what_a_person_says() -> None:
    log = LogFacts(name="app.log", lines=1, claims=((1, None),))
    judgement = of_claims(replace(told().evidence(), log=log, attestations=(WORD,)))

    assert (judgement.state, judgement.attestation) == (RuleState.BROKEN, None)


def test_a_rule_that_can_be_seen_cannot_be_attested() -> None:
    word = replace(WORD, about=RuleId.RETRY_BACKOFF)
    judgements = judge(replace(told().evidence(), attestations=(word,)))

    assert all(each.attestation is None for each in judgements)


def test_an_integration_that_breaks_no_rule_is_ready_and_what_was_not_seen_is_counted() -> None:
    found, sentence = verdict(told().evidence())

    assert found is Verdict.READY
    assert sentence.startswith("No rule is broken; ")
    assert sentence.endswith(" were not exercised.")


def test_a_broken_rule_is_named_in_the_verdict() -> None:
    tape = told()
    tape.turn("hello", 400, key="k2")
    tape.turn("hello", 400, key="k2")

    assert verdict(tape.evidence()) == (Verdict.NOT_READY, "1 rule is broken: retry_only_429_5xx.")


def test_where_nothing_came_nobody_can_tell() -> None:
    assert verdict(Evidence(kind=AuditKind.PROXY, exchanges=()))[0] is Verdict.CANNOT_TELL


def test_where_no_answer_came_whole_nobody_can_tell() -> None:
    tape = RetryTape()
    tape.turn("hello", Lost.BY_SERVER)

    assert verdict(tape.evidence())[0] is Verdict.CANNOT_TELL


@cache
def crowd(sessions: int) -> Evidence:
    """Sessions that all meet a refusal, an outage, a limit and an unknown status, five requests at a time."""
    tape = RetryTape(AuditKind.PROXY)
    for index in range(sessions):
        session = f"s{index}"
        tape.turn("hello", 503, session=session)
        tape.wait(0.3 + index % 7 / 10)
        tape.turn("hello", 429, session=session, retry_after=1)
        tape.wait(1.0)
        tape.turn("hello", "payment_review_pending", session=session)
        tape.turn("book option 1", 403 if index % 2 else 404, session=session)
        tape.wait(-1.0)
    return tape.evidence()


def seconds(work: Callable[[Evidence], object], evidence: Evidence) -> float:
    began = time.process_time()
    work(evidence)
    return time.process_time() - began


@pytest.mark.parametrize("rule", MINE, ids=lambda rule: rule.rule)
def test_ten_times_as_much_takes_about_ten_times_as_long(rule: Rule) -> None:
    few, many = crowd(100), crowd(1000)
    less, more = (min(seconds(rule.judge, replace(each)) for _ in range(3)) for each in (few, many))

    assert more < 40 * less + 0.1


def test_a_situation_that_was_never_played_changes_nothing() -> None:
    evidence = told().evidence()
    tape = told()
    tape.run(SituationName.UNKNOWN_STATUS, exit_code=1, reached=False)

    assert [each.state for each in judge(evidence)] == [each.state for each in judge(tape.evidence())]
