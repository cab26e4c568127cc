"""Evidence, read as conversations."""

from __future__ import annotations

import pytest
from support.audit_tapes import CONFIRMS, Tape, loses, numbers

from probes.readiness.rules.asking import Meaning, is_write, meaning_of, session_of
from probes.readiness.rules.conversations import (
    Told,
    api_requests,
    chains,
    known_statuses,
    owners,
    stories,
    told_before,
    writes,
)
from probes.readiness.words import Lost
from probes.words import ChatStatus


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("yes, use this card", Meaning.CONFIRM),
        ("Yes, please use this card.", Meaning.CONFIRM),
        ("OK, go ahead and charge it!", Meaning.CONFIRM),
        ("I confirm, use my saved card, thank you", Meaning.CONFIRM),
        ("yes", Meaning.AGREE),
        ("Sure, John Doe", Meaning.AGREE),
        ("use this card", Meaning.AGREE),
        ("yes, use this card?", Meaning.OTHER),
        ("yes, but change the card", Meaning.OTHER),
        ("ok, find another hotel", Meaning.OTHER),
        ("please use my card", Meaning.OTHER),
        ("no", Meaning.DECLINE),
        ("No, don\u2019t", Meaning.DECLINE),
        ("No. 1 please", Meaning.OTHER),
        ("don't use this card", Meaning.DECLINE),
        ("Done", Meaning.DONE),
        ("I'm done", Meaning.DONE),
        ("can you help me book option 1", Meaning.OTHER),
        ("", Meaning.OTHER),
    ],
)
def test_what_a_text_means(text: str, meaning: Meaning) -> None:
    assert meaning_of(Tape().says(text, session="s")) is meaning


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        (CONFIRMS, Meaning.CONFIRM),
        ("action_cancel_booking", Meaning.CANCEL),
        ("action_book_option", Meaning.BOOK),
        ("command_book_by_option_id", Meaning.BOOK),
        ("action_confirm_price_change", Meaning.OTHER),
        ("search_query", Meaning.OTHER),
    ],
)
def test_what_a_kind_means(kind: str, meaning: Meaning) -> None:
    assert meaning_of(Tape().acts(kind, session="s")) is meaning


def test_a_long_text_is_read_quickly() -> None:
    chatter = Tape().says("yes, " * 5_000 + "use this cart", session="s")

    assert meaning_of(chatter) is Meaning.AGREE


def test_a_yes_writes_only_where_the_payment_is_what_was_asked() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    idle = tape.says("yes", told="payment_confirmation_required")
    paying = tape.says("yes", told="booked")

    assert [writes(tape.evidence(), seen) for seen in (idle, paying)] == [False, True]
    assert not is_write(paying)


def test_a_snapshot_is_no_write() -> None:
    tape = Tape()
    tape.comes_to_payment()

    assert not writes(tape.evidence(), tape.reads())


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"sessionId": 7}', b"no JSON"])
def test_a_body_that_names_no_session_is_of_none(body: bytes) -> None:
    tape = Tape()
    turn = tape.again(tape.searches(session="s"))
    broken = tape.sends("POST", turn.path, turn.operation, body)

    assert session_of(broken) is None


def test_a_story_begins_with_the_creation() -> None:
    tape = Tape()
    created = tape.creates("ann")
    searched = tape.searches()
    read = tape.reads("shortlist")
    tape.creates("bob")

    assert stories(tape.evidence())[session_of(created) or ""] == (created, searched, read)
    assert set(owners(tape.evidence()).values()) == {"ann", "bob"}


def test_what_was_told_before_is_the_last_answer_that_came() -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches()
    tape.says("well", **loses())
    tape.says("well", status_code=500, told=None)
    last = tape.says("well?", told="shortlist")

    assert told_before(tape.evidence(), first) == Told(status=None, by=None)
    assert told_before(tape.evidence(), last) == Told(status="shortlist", by=first)


def test_of_two_turns_at_once_the_answer_that_came_last_is_the_last_word() -> None:
    tape = Tape()
    tape.creates()
    slow = tape.searches(at=1.0, takes=4.0)
    tape.says("guest name is John Doe", told="payment_setup_required", at=2.0)
    last = tape.says("well?", told="shortlist", at=6.0)

    assert told_before(tape.evidence(), last).by == slow


def test_an_answer_at_the_very_moment_of_a_request_came_before_it() -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches(at=1.0, takes=1.0)
    second = tape.says("well?", told="shortlist", at=2.0)

    assert told_before(tape.evidence(), second).by == first


def test_an_answer_in_no_time_tells_its_own_request_nothing() -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches(takes=0.0)

    assert told_before(tape.evidence(), first).by is None


def test_a_chain_holds_the_tries_of_one_action() -> None:
    tape = Tape()
    tape.creates()
    first = tape.searches(status_code=429)
    second = tape.again(first, lost=Lost.BY_SERVER)
    third = tape.again(first, told="shortlist")
    tape.again(first, told="shortlist")

    lengths = [len(chain.tries) for chain in chains(tape.evidence())]

    assert lengths == [1, 3, 1]
    assert numbers(*chains(tape.evidence())[1].tries) == numbers(first, second, third)


def test_a_snapshot_between_two_tries_ends_no_chain() -> None:
    tape = Tape()
    tape.comes_to_payment()
    first = tape.acts(CONFIRMS, **loses())
    tape.reads("payment_confirmation_required")
    tape.again(first, told="booked")

    assert max(len(chain.tries) for chain in chains(tape.evidence())) == 2


def test_only_what_went_to_an_endpoint_is_a_request_to_the_api() -> None:
    tape = Tape()
    tape.sends("GET", "/llms.txt", None)
    created = tape.creates()

    assert api_requests(tape.evidence()) == (created,)


def test_statuses_that_no_document_knows_are_not_known() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()
    tape.says("well", told="payment_review_pending")

    assert known_statuses(tape.evidence()) == {ChatStatus.SHORTLIST}
