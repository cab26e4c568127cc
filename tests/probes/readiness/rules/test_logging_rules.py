"""What an integration's log shows of it."""

from __future__ import annotations

from support.retry_tapes import RetryTape

from probes.readiness.evidence import LogFacts
from probes.readiness.rules.logging_rules import RULES
from probes.readiness.words import Lost, RuleId, RuleState, SituationName

CLAIMS, IDS, SECRETS = (rule.judge for rule in RULES)
BOOKING, DECLINE, LOST = SituationName.NORMAL_BOOKING, SituationName.DECLINE, SituationName.LOST_ANSWER


def booked_and_declined(**facts: object) -> RetryTape:
    tape = RetryTape()
    for situation, text, told in ((BOOKING, "yes, use this card", "booked"), (DECLINE, "no", "error")):
        tape.situation = situation
        tape.turn("guest name is John Doe", "payment_confirmation_required")
        tape.turn(text, told)
        tape.run(situation)
    tape.log = LogFacts(**({"name": "app.log", "lines": 9} | facts))  # type: ignore[arg-type]
    return tape


ALL_IDS = frozenset(f"{kind}{number}" for kind in ("r-", "t:") for number in (1, 2, 3, 4))


def test_without_a_log_nothing_is_shown() -> None:
    tape = booked_and_declined()
    tape.log = None

    assert {judge(tape.evidence()).state for judge in (CLAIMS, IDS, SECRETS)} == {RuleState.NOT_EXERCISED}


def test_a_log_that_did_not_grow_shows_nothing() -> None:
    evidence = booked_and_declined(lines=0).evidence()

    assert {judge(evidence).state for judge in (CLAIMS, IDS, SECRETS)} == {RuleState.NOT_EXERCISED}


def test_only_the_claims_may_be_attested() -> None:
    assert [rule.rule for rule in RULES if rule.attested] == [RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED]


def test_a_claim_where_a_booking_was_told_is_true() -> None:
    assert CLAIMS(booked_and_declined(claims=((3, BOOKING),)).evidence()).state is RuleState.KEPT


def test_a_claim_where_none_was_told_is_false() -> None:
    ruling = CLAIMS(booked_and_declined(claims=((3, BOOKING), (7, DECLINE), (8, DECLINE))).evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (4,))
    assert ruling.detail == (
        "app.log claims a booking before any answer told one: lines 7, 8 of what was added to it, in decline."
    )


def test_a_claim_after_a_lost_answer_is_false() -> None:
    tape = booked_and_declined(claims=((9, LOST),))
    tape.situation = LOST
    tape.turn("yes, use this card", Lost.BY_SERVER)

    assert CLAIMS(tape.evidence()).state is RuleState.BROKEN


def test_a_claim_after_a_snapshot_that_told_it_is_true() -> None:
    tape = booked_and_declined(claims=((9, LOST),))
    tape.situation = LOST
    tape.turn("yes, use this card", Lost.BY_SERVER)
    tape.read("shortlist", "booked")

    assert CLAIMS(tape.evidence()).state is RuleState.KEPT


def test_a_claim_of_no_known_situation_is_true_if_any_booking_was_told() -> None:
    assert CLAIMS(booked_and_declined(claims=((1, None),)).evidence()).state is RuleState.KEPT


def test_a_claim_of_no_known_situation_is_false_if_none_was_told_at_all() -> None:
    tape = RetryTape()
    tape.turn("guest name is John Doe", "payment_confirmation_required")
    tape.log = LogFacts(name="app.log", lines=1, claims=((1, None),))
    ruling = CLAIMS(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (1,))


def test_whoever_was_never_near_a_booking_kept_nothing() -> None:
    tape = RetryTape()
    tape.turn("hello")
    tape.log = LogFacts(name="app.log", lines=5)

    assert CLAIMS(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_log_with_all_ids_is_kept() -> None:
    assert IDS(booked_and_declined(ids=ALL_IDS).evidence()).state is RuleState.KEPT


def test_an_id_that_is_missing_is_told_with_its_exchange() -> None:
    ruling = IDS(booked_and_declined(ids=ALL_IDS - {"t:2", "r-3", "t:3"}).evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2, 3))
    assert ruling.detail == "app.log lacks 3 of the 8 ids that were told, t:2 of #2 first."


def test_what_is_missing_in_half_a_log_proves_nothing() -> None:
    assert IDS(booked_and_declined(ids=frozenset(), whole=False).evidence()).state is RuleState.NOT_EXERCISED


def test_where_no_id_was_told_none_can_be_logged() -> None:
    tape = RetryTape()
    tape.turn("yes", Lost.BY_SERVER)
    tape.log = LogFacts(name="app.log", lines=5)

    assert IDS(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_of_very_many_exchanges_the_first_are_named() -> None:
    tape = booked_and_declined()
    for index in range(100):
        tape.turn(f"hello {index}")

    assert len(IDS(tape.evidence()).exchanges) == 50


def test_a_log_without_the_key_is_kept() -> None:
    assert SECRETS(booked_and_declined().evidence()).state is RuleState.KEPT


def test_a_log_with_the_key_is_told_by_its_lines() -> None:
    ruling = SECRETS(booked_and_declined(secret_lines=tuple(range(1, 14))).evidence())

    assert ruling.state is RuleState.BROKEN
    assert "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more of what was added to it" in ruling.detail


def test_where_no_key_was_sent_none_can_be_logged() -> None:
    tape = RetryTape()
    tape.key_number = None
    tape.turn("hello", 401)
    tape.log = LogFacts(name="app.log", lines=5)

    assert SECRETS(tape.evidence()).state is RuleState.NOT_EXERCISED
