"""Sessions, their actors, and the order of turns."""

from __future__ import annotations

import pytest
from support.audit_tapes import BASE, Tape, answered, loses, numbers

from probes.readiness.words import Lost, RuleId, RuleState, SituationName
from probes.words import Operation

PER_ACTOR, STABLE, IN_ORDER = RuleId.SESSION_PER_ACTOR, RuleId.ACTOR_ID_STABLE, RuleId.TURNS_IN_ORDER


def test_a_turn_for_another_actor_than_the_sessions_own_is_told() -> None:
    tape = Tape()
    created = tape.creates("ann")
    tape.searches(actor="ann")
    strange = tape.searches(actor="bob", status_code=409, told=None)

    ruling = tape.ruling(PER_ACTOR)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(created, strange))


def test_two_actors_in_a_session_that_was_opened_before_the_audit_are_told() -> None:
    tape = Tape()
    first = tape.searches(session="sess_old", actor="ann")
    second = tape.searches(session="sess_old", actor="bob")

    assert tape.ruling(PER_ACTOR).exchanges == numbers(first, second)


def test_a_409_for_the_right_actor_accuses_nobody() -> None:
    tape = Tape()
    tape.creates("ann")
    tape.searches(actor="ann", status_code=409, told=None)

    assert tape.ruling(PER_ACTOR).state is RuleState.KEPT


def test_two_actors_with_sessions_of_their_own_keep_them_apart() -> None:
    tape = Tape()
    tape.books("ann")
    tape.books("bob")

    assert tape.ruling(PER_ACTOR).state is RuleState.KEPT


@pytest.mark.parametrize("bob_speaks", [False, True])
def test_one_actor_that_no_turn_names_shows_nothing(bob_speaks: bool) -> None:
    tape = Tape()
    tape.books("ann")
    tape.creates("bob")
    if bob_speaks:
        tape.searches()

    assert (tape.ruling(PER_ACTOR).state is RuleState.KEPT) is bob_speaks


def test_a_new_session_while_the_old_one_lives_is_advised_against() -> None:
    tape = Tape()
    tape.creates("ann")
    last = tape.searches()
    needless = tape.creates("ann")

    ruling = tape.ruling(PER_ACTOR)

    assert (ruling.state, ruling.exchanges) == (RuleState.ADVICE, numbers(last, needless))


@pytest.mark.parametrize(
    ("told", "status_code", "pause"),
    [
        ("booked", 200, 0.0),
        ("error", 200, 0.0),
        (None, 404, 0.0),
        (None, 409, 0.0),
        (None, 500, 0.0),
        ("shortlist", 200, 1_800.0),
    ],
    ids=["booked", "halted", "not found", "mismatch", "server error", "half an hour ago"],
)
def test_a_new_session_after_the_old_one_ended_is_in_order(told: str | None, status_code: int, pause: float) -> None:
    tape = Tape()
    tape.creates("ann")
    tape.searches(told=told, status_code=status_code)
    tape.now += pause
    tape.creates("ann")
    tape.searches()

    assert tape.ruling(PER_ACTOR).state is not RuleState.ADVICE


def test_a_session_of_another_situation_does_not_live_any_more() -> None:
    tape = Tape(SituationName.NORMAL_BOOKING)
    tape.creates("ann")
    tape.searches()
    tape.situation = SituationName.DECLINE
    tape.creates("ann")

    assert tape.ruling(PER_ACTOR).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("second", ["a lost answer", "at the same time", "the same session"])
def test_a_session_that_was_never_told_is_not_left_alone(second: str) -> None:
    tape = Tape()
    if second == "a lost answer":
        tape.creates("ann", **loses())
        tape.creates("ann")
    elif second == "at the same time":
        tape.creates("ann")
        tape.creates("ann", at=0.05)
    else:
        tape.creates("ann", session="sess_1")
        tape.creates("ann", session="sess_1")

    assert tape.ruling(PER_ACTOR).state is RuleState.NOT_EXERCISED


def test_two_tenants_may_have_the_same_name_for_an_actor() -> None:
    tape = Tape()
    tape.creates("ann")
    tape.searches()
    tape.creates("ann", key_number=2)

    assert tape.ruling(PER_ACTOR).state is not RuleState.ADVICE


def lost_session(tape: Tape, actor: str = "ann") -> None:
    tape.creates(actor)
    tape.searches()
    tape.says("can you help me book option 1", status_code=404, told=None)


def test_going_on_under_another_name_after_a_404_is_told() -> None:
    tape = Tape(SituationName.SESSION_NOT_FOUND)
    lost_session(tape)
    renamed = tape.creates("ann-2")
    tape.searches()

    ruling = tape.ruling(STABLE)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (3, *numbers(renamed)))


def test_the_same_name_after_a_404_is_kept() -> None:
    tape = Tape(SituationName.SESSION_NOT_FOUND)
    lost_session(tape)
    tape.creates("ann")

    assert tape.ruling(STABLE).state is RuleState.KEPT


def test_the_same_name_in_another_situation_is_kept() -> None:
    tape = Tape(SituationName.NORMAL_BOOKING)
    tape.creates("ann")
    tape.situation = SituationName.DECLINE
    tape.creates("ann")

    assert tape.ruling(STABLE).state is RuleState.KEPT


def test_one_session_shows_nothing_of_the_name() -> None:
    tape = Tape()
    tape.books("ann")

    assert tape.ruling(STABLE).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("who", ["many people", "somebody else first", "the first returns", "no 404", "elsewhere too"])
def test_a_client_that_may_act_for_many_people_is_not_accused(who: str) -> None:
    tape = Tape(SituationName.SESSION_NOT_FOUND)
    if who == "somebody else first":
        tape.creates("cat")
    if who == "no 404":
        tape.creates("ann")
    else:
        lost_session(tape)
    bob = tape.creates("bob")
    if who == "many people":
        tape.creates("dan")
    if who == "the first returns":
        tape.creates("ann")
    if who == "elsewhere too":
        tape.situation = SituationName.DECLINE
        tape.creates("eve")
        tape.creates("fay")

    assert bob.number not in tape.ruling(STABLE).exchanges


def test_a_creation_that_failed_belongs_to_no_session() -> None:
    tape = Tape()
    tape.creates("ann", status_code=500)
    tape.sends("POST", f"{BASE}/events", Operation.SEND_EVENT, {"text": "hello"}, answer=answered(404, None))
    tape.creates("bob")

    assert tape.ruling(STABLE).state is RuleState.NOT_EXERCISED


def test_two_turns_at_once_are_told() -> None:
    tape = Tape()
    tape.creates()
    slow = tape.searches(takes=3.0)
    second = tape.searches(at=1.0)
    tape.searches(at=5.0)

    ruling = tape.ruling(IN_ORDER)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(slow, second))


def test_a_turn_that_begins_while_a_much_earlier_one_goes_on_is_told() -> None:
    tape = Tape()
    tape.creates()
    slow = tape.searches(at=1.0, takes=10.0)
    tape.searches(at=2.0, takes=0.1)
    third = tape.searches(at=3.0)

    assert set(numbers(slow, third)) <= set(tape.ruling(IN_ORDER).exchanges)


def test_a_turn_beside_one_that_never_was_answered_is_told() -> None:
    tape = Tape()
    tape.creates()
    hanging = tape.searches(takes=None)
    second = tape.searches()

    assert tape.ruling(IN_ORDER).exchanges == numbers(hanging, second)


def test_one_turn_after_the_other_is_kept() -> None:
    tape = Tape()
    tape.books()

    assert tape.ruling(IN_ORDER).state is RuleState.KEPT


def test_turns_of_two_sessions_at_once_are_in_order() -> None:
    tape = Tape()
    one, two = tape.creates("ann"), tape.creates("bob")
    for session in (one.answer, two.answer):
        tape.searches(session=session and session.session_id, at=5.0, takes=2.0)

    assert tape.ruling(IN_ORDER).state is RuleState.NOT_EXERCISED


def test_a_try_that_the_client_gave_up_is_over() -> None:
    tape = Tape()
    tape.creates()
    given_up = tape.searches(at=1.0, takes=2.0, **loses(Lost.BY_CLIENT))
    tape.again(given_up, told="shortlist", at=2.99)

    assert tape.ruling(IN_ORDER).state is RuleState.KEPT


def test_a_snapshot_during_a_turn_is_in_order() -> None:
    tape = Tape()
    tape.creates()
    tape.searches(takes=3.0)
    tape.reads(at=1.0)
    tape.searches(at=5.0)

    assert tape.ruling(IN_ORDER).state is RuleState.KEPT
