"""A program's own words for yes, wherever it says them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.audit_tapes import Tape, numbers

from probes.readiness.evidence import Ruling, SituationRun
from probes.readiness.rules.registry import RULES
from probes.readiness.words import RuleId, RuleState, SituationName
from probes.words import ChatStatus

JUDGES = {rule.rule: rule.judge for rule in RULES}
NORMAL, DECLINE = SituationName.NORMAL_BOOKING, SituationName.DECLINE
RUNS = tuple(
    SituationRun(situation=name, began_seconds=0.0, ended_seconds=60.0, exit_code=0) for name in (NORMAL, DECLINE)
)


def booked_with(words: str) -> Tape:
    """A normal booking that was confirmed so."""
    tape = Tape(NORMAL)
    tape.comes_to_payment()
    tape.says(words, told="booked")
    return tape


def ruling(tape: Tape, rule: RuleId, runs: tuple[SituationRun, ...] = RUNS) -> Ruling:
    return JUDGES[rule](replace(tape.evidence(), situations=runs))


@pytest.mark.parametrize("words", ["Yes please", "book it", "ok"])
def test_the_words_with_which_a_command_books_confirm_too_early_as_well(words: str) -> None:
    tape = booked_with(words)
    tape.situation = DECLINE
    tape.creates()
    tape.searches(told="guest_name_required")
    early = tape.says(words.upper(), told="guest_name_required")
    found = ruling(tape, RuleId.BRANCH_ON_STATUS)

    assert (found.state, found.exchanges) == (RuleState.BROKEN, numbers(early))


def test_the_words_with_which_a_command_books_are_a_write_after_an_error() -> None:
    tape = booked_with("Yes please")
    tape.situation = DECLINE
    tape.comes_to_payment()
    tape.says("no", told="error")
    late = tape.says("Yes please", told="error")
    found = ruling(tape, RuleId.NO_WRITE_AFTER_ERROR)

    assert (found.state, found.exchanges) == (RuleState.BROKEN, numbers(late))


def test_what_people_type_is_not_judged_by_what_booked_once() -> None:
    tape = booked_with("ok")
    tape.situation = DECLINE
    tape.creates()
    tape.searches(told="guest_name_required")
    tape.says("ok", told="guest_name_required")
    without_a_command = tuple(replace(run, exit_code=None) for run in RUNS)

    assert ruling(tape, RuleId.BRANCH_ON_STATUS, without_a_command).state is RuleState.KEPT


def test_words_that_never_booked_are_no_consent() -> None:
    tape = booked_with("yes, use this card")
    tape.creates()
    tape.searches()
    tape.says("ok", told="shortlist")

    assert ruling(tape, RuleId.BRANCH_ON_STATUS).state is RuleState.KEPT


def test_words_that_nobody_foresaw_are_a_write_where_they_booked() -> None:
    tape = Tape()
    tape.comes_to_payment()
    tape.says("sounds good to me", told="booked", key="")

    assert tape.ruling(RuleId.WRITE_HAS_IDEMPOTENCY_KEY).state is RuleState.ADVICE
    assert tape.ruling(RuleId.BRANCH_ON_STATUS).state is RuleState.KEPT


@pytest.mark.parametrize("words", ["confirm payment", "Please confirm the booking.", "I confirm the payment, thanks"])
def test_a_confirmation_that_names_the_payment_needs_no_yes(words: str) -> None:
    tape = Tape()
    tape.creates()
    tape.searches(told=ChatStatus.PAYMENT_SETUP_REQUIRED)
    early = tape.says(words, told=ChatStatus.PAYMENT_SETUP_REQUIRED)

    assert tape.ruling(RuleId.BRANCH_ON_STATUS).exchanges == numbers(early)


def test_a_polite_yes_is_one() -> None:
    tape = Tape()
    tape.comes_to_payment()
    tape.says("please go ahead", told=None, key="")

    assert tape.ruling(RuleId.WRITE_HAS_IDEMPOTENCY_KEY).state is RuleState.ADVICE
