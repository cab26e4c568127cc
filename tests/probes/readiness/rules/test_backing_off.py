"""How long an integration waits before it tries again, and whether it waits as long as it is asked to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from support.retry_tapes import RetryTape

from probes.readiness.evidence import Ruling
from probes.readiness.rules.backing_off import RULES
from probes.readiness.words import AuditKind, RuleId, RuleState, SituationName

BACKOFF, RETRY_AFTER = (rule.judge for rule in RULES)


def judged(*waits: float, in_a_row: bool = True, status_code: int = 503) -> Ruling:
    """Of one turn that fails so often, or of as many turns that fail once each."""
    tape = RetryTape()
    for index, seconds in enumerate(waits):
        text = "hello" if in_a_row else f"hello {index}"
        tape.turn(text, status_code)
        tape.wait(seconds)
        if not in_a_row:
            tape.turn(text)
    if in_a_row:
        tape.turn("hello")
    return BACKOFF(tape.evidence())


def test_the_two_rules_stand_in_this_order() -> None:
    assert [rule.rule for rule in RULES] == [RuleId.RETRY_BACKOFF, RuleId.HONOURS_RETRY_AFTER]


def test_growing_waits_are_back_off() -> None:
    ruling = judged(0.5, 1.1, 1.9)

    assert (ruling.state, ruling.detail) == (RuleState.KEPT, "3 waits were seen, from 0.50 s to 1.90 s.")


def test_two_repeats_at_once_are_no_back_off() -> None:
    ruling = judged(0.004, 0.005)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (1, 2, 3))


def test_many_repeats_without_a_wait_are_no_back_off_on_a_slow_machine_either() -> None:
    ruling = judged(*[0.03, 0.045] * 4, in_a_row=False)

    assert ruling.state is RuleState.BROKEN


def test_a_slow_machine_that_repeats_at_once_is_told_by_three_repeats() -> None:
    tape = RetryTape()
    for text, count in (("hello", 2), ("yes", 1)):
        for _ in range(count):
            tape.turn(text, 500)
            tape.wait(0.031)
        tape.turn(text)

    assert BACKOFF(tape.evidence()).state is RuleState.BROKEN


def test_one_short_wait_proves_nothing() -> None:
    assert judged(0.001).state is RuleState.NOT_EXERCISED


def test_two_short_waits_that_jitter_may_give_prove_nothing() -> None:
    assert judged(0.02, 0.03).state is RuleState.NOT_EXERCISED


def test_one_long_wait_is_kept_and_says_that_it_is_one() -> None:
    ruling = judged(0.8)

    assert (ruling.state, ruling.detail) == (RuleState.KEPT, "One wait was seen, of 0.80 s.")


def test_the_same_wait_in_a_row_is_neither_exponential_nor_jittered() -> None:
    ruling = judged(1.0, 1.01, 1.002)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (1, 2, 3, 4))


def test_few_first_waits_that_are_alike_say_nothing_of_growth() -> None:
    assert judged(1.0, 1.01, 1.002, in_a_row=False).state is RuleState.KEPT


def test_many_first_waits_that_are_alike_have_no_jitter() -> None:
    assert judged(*[1.0, 1.01, 1.002] * 2, in_a_row=False).state is RuleState.BROKEN


def test_two_waits_that_are_alike_may_be_chance() -> None:
    assert judged(1.0, 1.001).state is RuleState.KEPT


def test_short_waits_that_are_alike_need_more_of_them() -> None:
    assert judged(0.06, 0.061, 0.062).state is RuleState.KEPT


@pytest.mark.parametrize("base", [0.1, 0.5, 1.0])
def test_full_jitter_is_hardly_ever_accused(base: float) -> None:
    chance = random.Random(7)  # noqa: S311 - chance, no secret
    accused = sum(
        judged(*(chance.uniform(0, base * 2**nth) for nth in range(count))).state is RuleState.BROKEN
        for count in (2, 3, 4)
        for _ in range(200)
    )

    assert accused <= 12


def test_more_than_ten_repeats_of_one_request_are_too_many() -> None:
    ruling = judged(*(0.1 * 1.6**nth for nth in range(11)))

    assert (ruling.state, ruling.detail) == (
        RuleState.BROKEN,
        "One request was sent again 11 times: stop after a few.",
    )


def test_ten_repeats_are_borne() -> None:
    assert judged(*(0.1 * 1.6**nth for nth in range(10))).state is RuleState.KEPT


def test_waits_that_were_asked_for_do_not_count() -> None:
    tape = RetryTape()
    for _ in range(4):
        tape.turn("hello", 429, retry_after=1)
        tape.wait(1.0)
    tape.turn("hello")

    assert BACKOFF(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_repeat_after_a_refusal_is_no_back_off() -> None:
    assert judged(0.001, 0.001, 0.001, status_code=400).state is RuleState.NOT_EXERCISED


def test_what_comes_minutes_later_is_no_retry() -> None:
    assert judged(301.0).state is RuleState.NOT_EXERCISED


def test_a_request_that_was_under_way_already_is_no_repeat() -> None:
    tape = RetryTape()
    for _ in range(3):
        tape.turn("hello", 503, took=0.5)
        tape.wait(-0.4)

    assert BACKOFF(tape.evidence()).state is RuleState.NOT_EXERCISED


def limited(seconds: float, *, retry_after: object = 1, text: str = "hello", session: str = "s1") -> Ruling:
    tape = RetryTape()
    tape.turn("hello", 429, retry_after=retry_after)
    tape.wait(seconds)
    tape.turn(text, session=session)
    return RETRY_AFTER(tape.evidence())


def test_a_repeat_after_the_wait_honours_it() -> None:
    assert limited(1.0).state is RuleState.KEPT


def test_a_repeat_a_blink_too_early_honours_it() -> None:
    assert limited(0.96).state is RuleState.KEPT


def test_a_repeat_too_early_does_not() -> None:
    ruling = limited(0.9)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (1, 2))
    assert ruling.detail == "#1 asked to wait 1 s, and #2 came after 0.90 s: 1 of 1 wait too short."


def test_another_turn_of_the_session_too_early_does_not_either() -> None:
    assert limited(0.1, text="something else").state is RuleState.BROKEN


def test_a_turn_of_another_session_is_free_to_come() -> None:
    assert limited(0.1, session="s2").state is RuleState.NOT_EXERCISED


def test_a_snapshot_meanwhile_is_free_to_come() -> None:
    tape = RetryTape()
    tape.turn("hello", 429, retry_after=1)
    tape.read()
    tape.wait(1.0)
    tape.turn("hello")

    assert RETRY_AFTER(tape.evidence()).state is RuleState.KEPT


def test_nothing_sent_after_it_shows_nothing() -> None:
    tape = RetryTape()
    tape.turn("hello", 429, retry_after=1)

    assert RETRY_AFTER(tape.evidence()).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("retry_after", [None, 0, "soon"], ids=["none", "zero", "not_to_be_read"])
def test_where_no_wait_was_asked_for_none_is_missed(retry_after: object) -> None:
    assert limited(0.0, retry_after=retry_after).state is RuleState.NOT_EXERCISED


def test_a_turn_under_way_when_the_answer_came_is_not_too_early() -> None:
    tape = RetryTape()
    tape.turn("hello", 429, retry_after=1, took=0.5)
    tape.wait(-0.1)
    tape.turn("hello again", took=0.5)
    tape.wait(1.0)
    tape.turn("hello")

    assert RETRY_AFTER(tape.evidence()).state is RuleState.KEPT


def test_a_creation_is_bound_too() -> None:
    tape = RetryTape()
    tape.create(429, retry_after=2)
    tape.wait(0.5)
    tape.create()

    assert RETRY_AFTER(tape.evidence()).state is RuleState.BROKEN


def test_other_situations_are_other_conversations() -> None:
    tape = RetryTape(AuditKind.SANDBOX)
    tape.turn("hello", 429, retry_after=1)
    tape.turn("hello")
    tape.seen[1] = replace(tape.seen[1], situation=SituationName.DECLINE)

    assert RETRY_AFTER(tape.evidence()).state is RuleState.NOT_EXERCISED
