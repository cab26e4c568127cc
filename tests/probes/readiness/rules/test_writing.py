"""Idempotency keys, and what follows a write whose fate is unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.audit_tapes import CONFIRMS, Tape, answered, loses, numbers

from probes.readiness.words import Lost, RuleId, RuleState, SituationName
from probes.words import WRITE_KINDS

HAS_KEY, SAME, NEW = RuleId.WRITE_HAS_IDEMPOTENCY_KEY, RuleId.SAME_KEY_ON_RETRY, RuleId.NEW_KEY_ON_NEW_ACTION
FORM, SNAPSHOT = RuleId.KEY_FORM, RuleId.SNAPSHOT_AFTER_AMBIGUITY
FAILURES = pytest.mark.parametrize(
    "failure", [{"status_code": 429}, {"status_code": 500}, loses(), loses(Lost.BY_CLIENT)],
    ids=["429", "500", "lost", "given up"],
)  # fmt: skip
YES = "yes, use this card"


def at_payment() -> Tape:
    tape = Tape()
    tape.comes_to_payment()
    return tape


@pytest.mark.parametrize("rule", [HAS_KEY, SAME, NEW, FORM, SNAPSHOT])
def test_a_single_search_without_a_key_shows_nothing(rule: RuleId) -> None:
    tape = Tape()
    tape.creates()
    tape.searches(key="")

    assert tape.ruling(rule).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("kind", sorted(WRITE_KINDS))
def test_a_write_kind_without_a_key_is_told(kind: str) -> None:
    tape = at_payment()
    bare = tape.acts(kind, key="", told="booked")

    ruling = tape.ruling(HAS_KEY)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(bare))


@pytest.mark.parametrize("text", [YES, "yes"])
def test_a_confirming_text_without_a_key_is_only_advised_against(text: str) -> None:
    tape = at_payment()
    bare = tape.says(text, key="", told="booked")

    ruling = tape.ruling(HAS_KEY)

    assert (ruling.state, ruling.exchanges) == (RuleState.ADVICE, numbers(bare))


@pytest.mark.parametrize("how", ["kind", "text"])
def test_a_write_with_a_key_is_kept(how: str) -> None:
    tape = at_payment()
    if how == "kind":
        tape.acts(CONFIRMS, told="booked")
    else:
        tape.says(YES, told="booked")

    ruling = tape.ruling(HAS_KEY)

    assert ruling.state is RuleState.KEPT
    assert ruling.detail.startswith("1 write action,")


def test_a_kind_that_does_not_write_and_a_yes_to_something_else_need_no_key() -> None:
    tape = Tape()
    tape.creates()
    tape.acts("search_query", key="", told="shortlist")
    tape.says("yes", key="", told="shortlist")

    assert tape.ruling(HAS_KEY).state is RuleState.NOT_EXERCISED


@FAILURES
@pytest.mark.parametrize("key", ["", "acme:another:book:002"], ids=["no key", "another key"])
def test_a_write_repeated_without_its_key_is_told(failure: dict[str, Any], key: str) -> None:
    tape = at_payment()
    first = tape.acts(CONFIRMS, told=None, **failure)
    if "lost" in failure:
        tape.reads("payment_confirmation_required")
    second = tape.acts(CONFIRMS, key=key, told="booked")

    ruling = tape.ruling(SAME)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(first, second))


@FAILURES
def test_a_write_repeated_with_its_key_is_kept(failure: dict[str, Any]) -> None:
    tape = at_payment()
    first = tape.says("yes", told=None, **failure)
    tape.again(first, told="booked")

    assert tape.ruling(SAME).state is RuleState.KEPT


def test_a_confirmation_that_never_had_a_key_can_not_be_repeated_safely() -> None:
    tape = at_payment()
    first = tape.says(YES, key="", status_code=500)
    second = tape.again(first, told="booked")

    assert tape.ruling(SAME).exchanges == numbers(first, second)


def test_a_search_repeated_under_another_key_is_only_advised_against() -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches(status_code=503)
    second = tape.searches()

    ruling = tape.ruling(SAME)

    assert (ruling.state, ruling.exchanges) == (RuleState.ADVICE, numbers(first, second))


def test_a_search_repeated_without_any_key_shows_nothing() -> None:
    tape = Tape()
    tape.creates()
    tape.searches(key="", status_code=503)
    tape.searches(key="")

    assert tape.ruling(SAME).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("first", [{"told": "payment_confirmation_required"}, {"status_code": 400}], ids=["200", "400"])
def test_what_is_said_again_after_another_answer_is_no_retry(first: dict[str, Any]) -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, **first)
    tape.acts(CONFIRMS, told="booked")

    assert tape.ruling(SAME).state is RuleState.NOT_EXERCISED


def test_the_same_words_after_the_conversation_went_on_are_no_retry() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    tape.acts("action_book_option", status_code=503)
    tape.says("something cheaper, please", told="shortlist")
    tape.acts("action_book_option", told="guest_name_required")

    assert tape.ruling(SAME).state is RuleState.NOT_EXERCISED


def test_what_was_sent_before_the_failure_came_is_no_answer_to_it() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, status_code=500, at=100.0, takes=2.0)
    tape.acts(CONFIRMS, told="booked", at=101.0)

    assert tape.ruling(SAME).state is RuleState.NOT_EXERCISED
    assert RuleId.TURNS_IN_ORDER in tape.broken()


def test_the_same_words_in_another_session_are_no_retry() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, status_code=500)
    tape.comes_to_payment("bob")
    tape.acts(CONFIRMS, told="booked")

    assert tape.ruling(SAME).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("status_code", [200, 429])
def test_a_key_on_two_different_actions_is_told(status_code: int) -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches(key="acme:1", status_code=status_code)
    second = tape.says("can you help me book option 1", key="acme:1", told="guest_name_required")

    ruling = tape.ruling(NEW)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(first, second))


def test_a_key_in_two_sessions_is_told() -> None:
    tape = Tape()
    tape.creates("ann")
    first = tape.searches(key="acme:1")
    tape.creates("bob")
    second = tape.searches(key="acme:1")

    assert tape.ruling(NEW).exchanges == numbers(first, second)


def test_the_same_action_again_after_a_good_answer_wants_a_new_key() -> None:
    tape = Tape()
    tape.creates()
    first = tape.says("Done", told="payment_setup_required")
    second = tape.again(first, told="payment_setup_required")

    assert tape.ruling(NEW).exchanges == numbers(first, second)


@FAILURES
def test_a_retry_with_its_key_is_no_new_action(failure: dict[str, Any]) -> None:
    tape = at_payment()
    first = tape.says(YES, told=None, **failure)
    tape.again(first, told="booked")

    assert tape.ruling(NEW).state is RuleState.KEPT


def test_an_answer_that_told_nothing_may_be_asked_for_again() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    first = tape.says("Done", told=None)
    tape.again(first, told="payment_setup_required")

    assert tape.ruling(NEW).state is RuleState.KEPT


def test_a_server_error_is_no_good_answer_whatever_it_holds() -> None:
    tape = at_payment()
    told = answered(200, {"result": {"status": "payment_confirmation_required"}})
    first = tape.says(YES, answer=replace(told, status_code=500))
    tape.again(first, told="booked")

    assert tape.ruling(NEW).state is RuleState.KEPT


def test_the_same_twice_at_once_is_no_action_after_a_good_answer() -> None:
    tape = at_payment()
    first = tape.says(YES, told="booked", at=100.0, takes=2.0)
    tape.again(first, told="booked", at=101.0)

    assert tape.ruling(NEW).state is RuleState.KEPT
    assert tape.broken() == {RuleId.TURNS_IN_ORDER}


@pytest.mark.parametrize("world", ["situation", "tenant"])
def test_the_same_key_in_another_world_is_another_key(world: str) -> None:
    tape = Tape(SituationName.NORMAL_BOOKING)
    tape.creates()
    tape.searches(key="acme:1")
    tape.searches(key="acme:2")
    if world == "situation":
        tape.situation = SituationName.DECLINE
    tape.says("hello", key="acme:1", key_number=1 if world == "situation" else 2)

    assert tape.ruling(NEW).state is RuleState.KEPT


def test_one_key_alone_shows_nothing() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()

    assert tape.ruling(NEW).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize(
    "key",
    [
        "{}",
        "acme:{}:book",
        "acme:{}:book:one",
        "acme:sess_other:book:001",
        "a:b:{}:book:1",
        "acme:{}:book:001:2",
        ":{}:b:1",
    ],
)
def test_a_key_of_another_form_is_only_advised_against(key: str) -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    odd = tape.searches(key=key.format(tape.session))

    ruling = tape.ruling(FORM)

    assert (ruling.state, ruling.exchanges) == (RuleState.ADVICE, numbers(odd))


def test_a_turn_without_a_session_has_another_fault_than_its_keys_form() -> None:
    tape = Tape()
    tape.creates()
    tape.turns({"sessionId": None, "text": "hello"}, key="acme:book:001")

    assert tape.ruling(FORM).state is RuleState.NOT_EXERCISED


def test_the_recommended_form_is_kept() -> None:
    tape = Tape()
    tape.creates()
    tape.searches(key=f"demo:{tape.session}:search:001")

    assert tape.ruling(FORM).state is RuleState.KEPT


@pytest.mark.parametrize("by", [Lost.BY_SERVER, Lost.BY_CLIENT])
@pytest.mark.parametrize("then", ["the same again", "another turn"])
def test_going_on_blindly_after_a_lost_write_is_told(by: Lost, then: str) -> None:
    tape = at_payment()
    lost = tape.says("yes", **loses(by))
    after = tape.again(lost, told="booked") if then == "the same again" else tape.says("well?", told="booked")
    tape.reads("booked")

    ruling = tape.ruling(SNAPSHOT)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(lost, after))


@pytest.mark.parametrize("by", [Lost.BY_SERVER, Lost.BY_CLIENT])
def test_looking_first_and_then_repeating_with_the_same_key_is_kept(by: Lost) -> None:
    tape = at_payment()
    lost = tape.acts(CONFIRMS, **loses(by))
    tape.reads("payment_confirmation_required")
    tape.again(lost, told="booked")

    assert tape.ruling(SNAPSHOT).state is RuleState.KEPT
    assert tape.broken() == set()


def test_a_look_that_failed_was_a_look() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, **loses())
    tape.reads(status_code=503)
    tape.reads("booked")

    assert tape.ruling(SNAPSHOT).state is RuleState.KEPT


def test_an_integration_that_ends_there_shows_nothing() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, **loses())

    ruling = tape.ruling(SNAPSHOT)

    assert ruling.state is RuleState.NOT_EXERCISED
    assert "ended without asking" in ruling.detail


def test_another_sessions_turn_says_nothing_of_the_lost_one() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, **loses())
    lost_in = tape.session
    tape.creates("bob")
    tape.searches()
    tape.reads("booked", session=lost_in)

    assert tape.ruling(SNAPSHOT).state is RuleState.KEPT


@pytest.mark.parametrize("why", ["a 5xx", "a lost search", "a lost yes to something else"])
def test_what_is_no_lost_write_needs_no_look(why: str) -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    if why == "a 5xx":
        first = tape.acts("action_book_option", status_code=500)
    elif why == "a lost search":
        first = tape.searches(**loses())
    else:
        first = tape.says("yes", **loses())
    tape.again(first, told="shortlist")

    assert tape.ruling(SNAPSHOT).state is RuleState.NOT_EXERCISED


def test_what_was_under_way_when_the_answer_was_lost_is_not_what_came_next() -> None:
    tape = at_payment()
    tape.acts(CONFIRMS, at=100.0, takes=2.0, **loses())
    tape.searches(at=101.0)
    tape.reads("booked", at=103.0)

    assert tape.ruling(SNAPSHOT).state is RuleState.KEPT


def test_a_client_that_gave_up_may_be_heard_before_it_is_missed() -> None:
    tape = at_payment()
    lost = tape.acts(CONFIRMS, at=100.0, takes=2.0, **loses(Lost.BY_CLIENT))
    blind = tape.again(lost, told="booked", at=101.9)

    assert tape.ruling(SNAPSHOT).exchanges == numbers(lost, blind)
