"""What an integration sends again, and what it doesn't."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.retry_tapes import RetryTape

from probes.readiness.rules.retrying import RULES
from probes.readiness.words import AuditKind, Lost, RuleId, RuleState, SituationName
from probes.words import AuthHeader

JUDGES = {rule.rule: rule.judge for rule in RULES}
ONLY, STOPS, RETRIES = (
    JUDGES[rule] for rule in (RuleId.RETRY_ONLY_429_5XX, RuleId.STOPS_ON_401_403, RuleId.RETRIES_TRANSIENT)
)
AUTH, OTHER_AUTH = SituationName.AUTH_MISSING, SituationName.AUTH_REJECTED


@pytest.mark.parametrize("code", [400, 404, 409, 422])
def test_a_refused_request_sent_again_is_a_blind_retry(code: int) -> None:
    tape = RetryTape()
    tape.create()
    tape.turn("hello", code)
    tape.turn("hello", code)
    ruling = ONLY(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2, 3))
    assert ruling.detail == f"#3 sends again what #2 was refused with {code}: 1 blind repeat."


@pytest.mark.parametrize("code", [400, 404, 409])
def test_a_refused_request_that_does_not_come_again_is_kept(code: int) -> None:
    tape = RetryTape()
    tape.turn("hello", code)
    tape.create(session="s2")
    tape.turn("hello", session="s2")

    assert ONLY(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize("code", [200, 401, 403, 408, 425, 429, 500, 503])
def test_where_nothing_of_the_kind_was_refused_nothing_is_shown(code: int) -> None:
    tape = RetryTape()
    tape.turn("hello", code)
    tape.turn("hello", code)

    assert ONLY(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_lost_answer_is_no_refusal() -> None:
    tape = RetryTape()
    tape.turn("yes", Lost.BY_SERVER)
    tape.turn("yes")

    assert ONLY(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_the_same_request_with_the_key_that_was_missing_is_mended() -> None:
    tape = RetryTape()
    tape.turn("", 400, kind="action_book_option", key=None)
    tape.turn("", kind="action_book_option", key="k")

    assert ONLY(tape.evidence()).state is RuleState.KEPT


def test_the_same_request_with_another_key_is_not_mended() -> None:
    tape = RetryTape()
    tape.turn("", 400, kind="action_book_option", key="k1")
    tape.turn("", kind="action_book_option", key="k2")

    assert ONLY(tape.evidence()).state is RuleState.BROKEN


def test_the_same_request_as_another_content_type_is_mended() -> None:
    tape = RetryTape()
    tape.turn("hello", 400, content_type="text/plain")
    tape.turn("hello")

    assert ONLY(tape.evidence()).state is RuleState.KEPT


def test_what_somebody_sends_again_minutes_later_is_no_retry() -> None:
    tape = RetryTape(AuditKind.PROXY)
    tape.turn("hello", 404)
    tape.wait(61.0)
    tape.turn("hello", 404)

    assert ONLY(tape.evidence()).state is RuleState.KEPT


def test_the_same_request_of_two_at_once_is_no_retry() -> None:
    tape = RetryTape(AuditKind.PROXY)
    tape.turn("hello", 400, took=0.5)
    tape.wait(-0.4)
    tape.turn("hello", 400, took=0.5)

    assert ONLY(tape.evidence()).state is RuleState.KEPT


def given_up(told: int = 503, *, text: str = "hello", kind: AuditKind = AuditKind.SANDBOX) -> RetryTape:
    tape = RetryTape(kind)
    tape.situation = SituationName.SERVER_ERROR_BEFORE
    tape.create()
    tape.turn(text, told)
    return tape


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_is_never_tried_again_is_told(code: int) -> None:
    tape = given_up(code)
    tape.run(SituationName.SERVER_ERROR_BEFORE, exit_code=1)
    ruling = RETRIES(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2,))
    assert ruling.detail == f"#2 was answered {code} and never tried again: 1 such request."


def test_what_is_tried_again_is_kept_even_if_in_vain() -> None:
    tape = given_up()
    tape.wait(0.5)
    tape.turn("hello", 503)
    tape.run(SituationName.SERVER_ERROR_BEFORE, exit_code=1)

    assert RETRIES(tape.evidence()).state is RuleState.KEPT


def test_one_that_is_tried_again_does_not_hide_one_that_is_not() -> None:
    tape = given_up()
    tape.turn("hello")
    tape.turn("book it", 429)
    tape.run(SituationName.SERVER_ERROR_BEFORE)
    ruling = RETRIES(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (4,))


def test_a_write_that_met_an_error_and_is_looked_after_needs_no_repeat() -> None:
    tape = given_up(text="yes, use this card")
    tape.read("payment_confirmation_required")
    tape.run(SituationName.SERVER_ERROR_BEFORE)

    assert RETRIES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_mere_yes_to_the_payment_is_such_a_write() -> None:
    tape = RetryTape()
    tape.situation = SituationName.SERVER_ERROR_BEFORE
    tape.turn("guest name is John Doe", "payment_confirmation_required")
    tape.turn("yes", 503)
    tape.read("payment_confirmation_required")
    tape.run(SituationName.SERVER_ERROR_BEFORE)

    assert RETRIES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_write_that_was_limited_did_not_happen_and_is_to_be_repeated() -> None:
    tape = given_up(429, text="yes, use this card")
    tape.read("payment_confirmation_required")
    tape.run(SituationName.SERVER_ERROR_BEFORE)

    assert RETRIES(tape.evidence()).state is RuleState.BROKEN


def test_a_write_that_met_an_error_and_is_left_alone_is_told() -> None:
    tape = given_up(text="yes, use this card")
    tape.run(SituationName.SERVER_ERROR_BEFORE)

    assert RETRIES(tape.evidence()).state is RuleState.BROKEN


def test_a_snapshot_need_not_be_read_again() -> None:
    tape = RetryTape()
    tape.situation = SituationName.SERVER_ERROR_BEFORE
    tape.read(status_code=503)
    tape.run(SituationName.SERVER_ERROR_BEFORE)

    assert RETRIES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_command_that_was_ended_while_it_waited_is_not_accused() -> None:
    tape = given_up()
    tape.run(SituationName.SERVER_ERROR_BEFORE, exit_code=None, timed_out=True)

    assert RETRIES(tape.evidence()).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize(
    ("later", "retry_after", "state"),
    [(59.0, None, RuleState.NOT_EXERCISED), (62.0, None, RuleState.BROKEN), (62.0, 30, RuleState.NOT_EXERCISED)],
)
def test_without_a_command_a_minute_must_have_passed(later: float, retry_after: object, state: RuleState) -> None:
    tape = RetryTape(AuditKind.PROXY)
    tape.turn("hello", 429, retry_after=retry_after)
    tape.wait(later)
    tape.turn("of somebody else", session="s2")

    assert RETRIES(tape.evidence()).state is state


def refused(
    code: int = 403, *, kind: AuditKind = AuditKind.SANDBOX, situation: SituationName | None = AUTH
) -> RetryTape:
    tape = RetryTape(kind)
    tape.situation = situation
    tape.create()
    tape.turn("hello", code)
    return tape


@pytest.mark.parametrize("code", [401, 403])
def test_whoever_sends_nothing_more_with_a_refused_key_stops(code: int) -> None:
    tape = refused(code)
    tape.run(AUTH, exit_code=1)

    assert STOPS(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize("code", [401, 403])
def test_whoever_goes_on_with_a_refused_key_is_told(code: int) -> None:
    tape = refused(code)
    tape.create(code)
    tape.run(AUTH)
    ruling = STOPS(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2, 3))
    assert ruling.detail == f"#2 was told {code}, and #3 was sent with the same key all the same: 1 such request."


def test_where_no_key_was_refused_nothing_is_shown() -> None:
    tape = refused(404)

    assert STOPS(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_another_key_is_the_way_out() -> None:
    tape = refused()
    tape.key_number = 2
    tape.turn("hello")
    tape.run(AUTH)

    assert STOPS(tape.evidence()).state is RuleState.KEPT


def test_another_header_is_a_way_out_of_a_missing_key() -> None:
    tape = refused(401)
    tape.key_styles = (AuthHeader.AUTHORIZATION,)
    tape.turn("hello")
    tape.run(AUTH)

    assert STOPS(tape.evidence()).state is RuleState.KEPT


def test_another_header_is_no_way_out_of_a_rejected_key() -> None:
    tape = refused(403)
    tape.key_styles = (AuthHeader.AUTHORIZATION,)
    tape.turn("hello")
    tape.run(AUTH)

    assert STOPS(tape.evidence()).state is RuleState.BROKEN


def test_the_next_situation_begins_from_a_clean_state() -> None:
    tape = refused()
    tape.run(AUTH)
    tape.situation = OTHER_AUTH
    tape.create()
    tape.run(OTHER_AUTH)

    assert STOPS(tape.evidence()).state is RuleState.KEPT


def test_a_request_that_was_under_way_already_is_not_held_against_it() -> None:
    tape = refused()
    tape.wait(-0.005)
    tape.turn("hello", 403, session="s2")
    tape.run(AUTH)

    assert STOPS(tape.evidence()).state is RuleState.KEPT


def test_a_key_that_is_accepted_after_all_may_be_used() -> None:
    tape = refused(kind=AuditKind.PROXY, situation=None)
    tape.wait(-0.005)
    tape.turn("hello", session="s2")
    tape.wait(5.0)
    tape.turn("hello", session="s3")

    assert STOPS(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("seconds", "session", "state"),
    [
        (0.1, "s1", RuleState.BROKEN),
        (0.5, "s2", RuleState.KEPT),
        (1.5, "s2", RuleState.BROKEN),
        (61.0, "s1", RuleState.KEPT),
    ],
    ids=["same_session_at_once", "other_session_at_once", "other_session_later", "a_minute_later"],
)
def test_a_service_has_a_moment_to_hear_of_it(seconds: float, session: str, state: RuleState) -> None:
    tape = refused(kind=AuditKind.PROXY, situation=None)
    tape.wait(seconds)
    tape.turn("next", session=session)

    assert STOPS(tape.evidence()).state is state


def test_against_a_stand_in_that_serves_many_another_session_is_another_one() -> None:
    tape = refused()
    tape.run(AUTH, exit_code=None)
    tape.wait(5.0)
    tape.turn("hello", 401, session="s2")

    assert STOPS(tape.evidence()).state is RuleState.KEPT


def test_against_a_stand_in_that_serves_many_the_same_session_is_the_same_one() -> None:
    tape = refused()
    tape.run(AUTH, exit_code=None)
    tape.wait(5.0)
    tape.turn("something else", 403)

    assert STOPS(tape.evidence()).state is RuleState.BROKEN


@pytest.mark.parametrize(
    ("seconds", "state"), [(0.1, RuleState.KEPT), (1.5, RuleState.BROKEN)], ids=["side_by_side", "later"]
)
def test_a_command_that_acts_for_several_has_a_moment_to_hear_of_it(seconds: float, state: RuleState) -> None:
    tape = RetryTape()
    tape.situation = AUTH
    tape.create()
    tape.create(actor="b", session="s2")
    tape.turn("hello", 401)
    tape.wait(seconds)
    tape.turn("hello", 401, session="s2")
    tape.run(AUTH, exit_code=1)

    assert STOPS(tape.evidence()).state is state


def test_a_command_that_goes_on_without_a_session_goes_on() -> None:
    tape = RetryTape()
    tape.situation = OTHER_AUTH
    tape.create(403)
    tape.turn("hello", 403, session="null")
    tape.run(OTHER_AUTH, exit_code=1)

    assert STOPS(tape.evidence()).state is RuleState.BROKEN


@pytest.mark.parametrize(
    ("seconds", "state"), [(0.01, RuleState.BROKEN), (0.2, RuleState.KEPT)], ids=["at_once", "started_anew"]
)
def test_a_client_that_is_started_anew_against_a_stand_in_that_serves_many_is_another_one(
    seconds: float, state: RuleState
) -> None:
    tape = RetryTape()
    tape.situation = OTHER_AUTH
    tape.create(403)
    tape.wait(seconds)
    tape.create(403)
    tape.run(OTHER_AUTH, exit_code=None)

    assert STOPS(tape.evidence()).state is state


def test_many_offenders_are_counted_and_the_first_of_them_shown() -> None:
    tape = refused()
    for index in range(200):
        tape.turn(f"hello {index}", 403)
    tape.run(AUTH)
    ruling = STOPS(tape.evidence())

    assert "200 such requests" in ruling.detail
    assert len(ruling.exchanges) == 50


def test_a_request_still_under_way_is_judged_by_when_it_began() -> None:
    tape = refused()
    tape.turn("hello", 403)
    tape.seen[-1] = replace(tape.seen[-1], ended_seconds=None, answer=None)
    tape.run(AUTH)

    assert STOPS(tape.evidence()).state is RuleState.BROKEN
