"""What a turn may be, given what the integration was told."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from support.audit_tapes import BASE, CONFIRMS, JSON_TYPE, Tape, answered, loses, numbers

from probes.readiness.words import RuleId, RuleState
from probes.words import Operation

BRANCH, AFTER_ERROR, SCHEMA = RuleId.BRANCH_ON_STATUS, RuleId.NO_WRITE_AFTER_ERROR, RuleId.REQUEST_SCHEMA
YES = "yes, use this card"


def told(status: str | None) -> Tape:
    """A session that was told this status last."""
    tape = Tape()
    tape.creates()
    if status is not None:
        tape.searches(told=status)
    return tape


@pytest.mark.parametrize("how", ["text", "kind"])
@pytest.mark.parametrize(
    "status", [None, "shortlist", "guest_name_required", "payment_setup_required", "booked", "payment_review_pending"]
)
def test_a_confirmation_that_nobody_asked_for_is_told(status: str | None, how: str) -> None:
    tape = told(status)
    early = tape.says(YES, told="error") if how == "text" else tape.acts(CONFIRMS, told="error")

    ruling = tape.ruling(BRANCH)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(early))
    assert (status or "no status yet") in ruling.detail


@pytest.mark.parametrize("text", [YES, "yes", "OK", "no", "Go ahead, please charge it"])
def test_an_answer_to_the_payment_question_is_kept(text: str) -> None:
    tape = Tape()
    tape.comes_to_payment()
    tape.says(text, told="booked")

    assert tape.ruling(BRANCH).state is RuleState.KEPT


def test_a_conversation_without_an_answer_to_the_payment_shows_nothing() -> None:
    tape = Tape()
    tape.comes_to_payment()

    assert tape.ruling(BRANCH).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize(
    "text", ["ok", "yes", "sure, John Doe", "book it", "please use my card", "ok, find another hotel"]
)
def test_chatter_is_not_taken_for_a_confirmation(text: str) -> None:
    tape = told("guest_name_required")
    tape.says(text, told="guest_name_required")

    assert tape.ruling(BRANCH).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize(
    "failure", [{"status_code": 429}, {"status_code": 503}, loses()], ids=["429", "503", "lost answer"]
)
@pytest.mark.parametrize("snapshot", [(), ("payment_confirmation_required", "booked")], ids=["unseen", "seen"])
@pytest.mark.parametrize("key", [None, ""], ids=["with a key", "without"])
def test_a_repeated_confirmation_is_no_second_one(
    failure: dict[str, Any], snapshot: tuple[str, ...], key: str | None
) -> None:
    tape = Tape()
    tape.comes_to_payment()
    confirmed = tape.says(YES, key=key, told=None, **failure)
    if snapshot:
        tape.reads(*snapshot)
    tape.again(confirmed, told="booked")

    assert tape.ruling(BRANCH).state is RuleState.KEPT


def test_the_same_confirmation_under_its_old_key_is_another_rules_matter() -> None:
    tape = Tape()
    confirmed = tape.books()
    tape.again(confirmed, told="booked")

    assert tape.ruling(BRANCH).state is RuleState.KEPT
    assert tape.broken() == {RuleId.NEW_KEY_ON_NEW_ACTION}


def test_a_second_confirmation_under_a_new_key_is_told() -> None:
    tape = Tape()
    tape.books()
    second = tape.says(YES, told="booked")

    assert tape.ruling(BRANCH).exchanges == numbers(second)


def test_a_snapshot_tells_a_status_too() -> None:
    tape = told("payment_setup_required")
    tape.reads("shortlist", "payment_setup_required", "payment_confirmation_required")
    tape.says(YES, told="booked")

    assert tape.ruling(BRANCH).state is RuleState.KEPT


def test_a_snapshot_that_was_overtaken_by_a_turn_is_no_news() -> None:
    tape = told("payment_setup_required")
    tape.reads("shortlist", "payment_setup_required", at=10.0, takes=2.0)
    tape.says("Done", told="payment_confirmation_required", at=10.5)
    tape.says(YES, told="booked", at=13.0)

    assert tape.ruling(BRANCH).state is RuleState.KEPT


def test_an_answer_that_comes_after_the_confirmation_began_told_it_nothing() -> None:
    tape = told("payment_setup_required")
    tape.says("Done", told="payment_confirmation_required", takes=2.0)
    early = tape.says(YES, told="booked", at=1.0)

    assert early.number in tape.ruling(BRANCH).exchanges


def test_an_answer_that_was_lost_told_nothing() -> None:
    tape = told("payment_setup_required")
    lost = answered(200, {"result": {"status": "payment_confirmation_required"}})
    tape.says("Done", **{**loses(), "answer": lost})
    early = tape.says(YES, told="booked")

    assert tape.ruling(BRANCH).exchanges == numbers(early)


def test_of_a_session_older_than_the_audit_nobody_knows_what_was_told() -> None:
    tape = Tape()
    tape.says(YES, session="sess_old", told="booked")

    assert tape.ruling(BRANCH).state is RuleState.NOT_EXERCISED


def test_another_session_tells_nothing_of_this_one() -> None:
    tape = told("payment_confirmation_required")
    tape.creates("bob")
    early = tape.says(YES, told="error")

    assert tape.ruling(BRANCH).exchanges == numbers(early)


@pytest.mark.parametrize("kind", ["action_book_option", CONFIRMS, "command_book_by_option_id", "action_cancel_booking"])
def test_a_write_after_an_error_is_told_by_this_rule_alone(kind: str) -> None:
    tape = told("error")
    write = tape.acts(kind, told="error")

    ruling = tape.ruling(AFTER_ERROR)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(write))
    assert tape.broken() == {AFTER_ERROR}


def test_a_confirming_text_after_an_error_is_a_write_too() -> None:
    tape = told("error")
    write = tape.says(YES, told="error")

    assert tape.ruling(AFTER_ERROR).exchanges == numbers(write)


def test_a_decline_and_an_end_is_stopping() -> None:
    tape = Tape()
    tape.comes_to_payment()
    tape.says("no", told="error")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


@pytest.mark.parametrize("text", ["find me a hotel in Rome", "ok", "why?"])
def test_going_on_talking_after_an_error_is_in_order(text: str) -> None:
    tape = told("error")
    tape.says(text, told="error")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


def test_a_new_shortlist_ends_the_halt() -> None:
    tape = told("error")
    tape.searches()
    tape.acts("action_book_option", told="guest_name_required")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


def test_what_was_booked_may_be_cancelled_after_an_error() -> None:
    tape = Tape()
    tape.books()
    tape.says("and another one", told="error")
    tape.acts("action_cancel_booking", told="error")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


def test_a_session_that_booked_once_books_no_more_after_an_error() -> None:
    tape = Tape()
    tape.books()
    tape.says("and another one", told="error")
    write = tape.acts("action_book_option", told="error")

    assert tape.ruling(AFTER_ERROR).exchanges == numbers(write)


def test_another_sessions_error_halts_nothing_here() -> None:
    tape = told("error")
    tape.books("bob")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


def test_the_repeat_of_a_write_that_a_snapshot_says_failed_is_no_new_write() -> None:
    tape = Tape()
    tape.comes_to_payment()
    confirmed = tape.says(YES, **loses())
    tape.reads("payment_confirmation_required", "error")
    tape.again(confirmed, told="error")

    assert tape.ruling(AFTER_ERROR).state is RuleState.KEPT


def test_without_an_error_nothing_is_shown() -> None:
    tape = Tape()
    tape.books()

    assert tape.ruling(AFTER_ERROR).state is RuleState.NOT_EXERCISED


def posted(body: object, operation: Operation = Operation.SEND_EVENT, **other: Any) -> Tape:
    tape = Tape()
    tape.sends("POST", f"{BASE}/events", operation, body, **other)
    return tape


CREATE = Operation.CREATE_SESSION


@pytest.mark.parametrize(
    ("body", "operation", "says"),
    [
        ({"text": "hello"}, Operation.SEND_EVENT, "sessionId is missing"),
        ({"sessionId": "s", "text": 7}, Operation.SEND_EVENT, "text is of another type"),
        ({"sessionId": "s"}, Operation.SEND_EVENT, "neither text nor kind"),
        ({"sessionId": "", "text": "hello"}, Operation.SEND_EVENT, "sessionId is empty"),
        ({"sessionId": "s", "kind": "k", "payload": "{}"}, Operation.SEND_EVENT, "payload is of another type"),
        (b"text=hello", Operation.SEND_EVENT, "not JSON"),
        (None, Operation.SEND_EVENT, "the body is empty"),
        ([1], Operation.SEND_EVENT, "the body is of another type"),
        ({}, CREATE, "actor is missing"),
        ({"actor": {}}, CREATE, "actor.actorId is missing"),
        ({"actor": {"actorId": "a", "timezoneOffsetMinutes": "-480"}}, CREATE, "timezoneOffsetMinutes is of another"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_a_body_that_the_documents_forbid_is_told_by_its_place(body: object, operation: Operation, says: str) -> None:
    ruling = posted(body, operation).ruling(SCHEMA)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (1,))
    assert says in ruling.detail


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"sessionId": "s", "text": "hello", "locale": "en"}, "undocumented in the body: locale"),
        ({"sessionId": "s", "text": "hello", "actor": {"actorId": "a", "vip": True}}, "undocumented in actor: vip"),
        ({"sessionId": "s", "text": "hello", "kind": None}, "kind is empty"),
        ({"sessionId": "s", "text": "", "kind": "k"}, "text is empty"),
    ],
    ids=["a field", "a field of actor", "null", "an empty text"],
)
def test_what_the_documents_are_silent_about_is_only_advised_against(body: object, says: str) -> None:
    ruling = posted(body).ruling(SCHEMA)

    assert (ruling.state, ruling.exchanges) == (RuleState.ADVICE, (1,))
    assert says in ruling.detail


def test_no_value_is_told() -> None:
    ruling = posted({"sessionId": ["secret-of-ann"], "text": {"secret-of-ann": 1}}).ruling(SCHEMA)

    assert ruling.state is RuleState.BROKEN
    assert "secret-of-ann" not in ruling.detail


def test_documented_bodies_are_kept() -> None:
    tape = Tape()
    tape.books()

    assert tape.ruling(SCHEMA).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b"{}"), (JSON_TYPE, ("content-encoding", "gzip"))),
        (b'{"text": "' + b"a" * 1_048_576, (JSON_TYPE,)),
        (b"text=hello", (("content-type", "application/x-www-form-urlencoded"),)),
    ],
    ids=["packed", "cut", "no JSON by its own word"],
)
def test_a_body_that_can_not_be_read_here_is_not_judged(body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    assert posted(body, headers=headers).ruling(SCHEMA).state is RuleState.NOT_EXERCISED


def test_places_are_bounded() -> None:
    body = {"sessionId": "s", "text": "t", **{f"field{n:04d}": n for n in range(2_000)}}

    assert len(posted(body).ruling(SCHEMA).detail) < 400
    assert len(json.dumps(body)) > 20_000
