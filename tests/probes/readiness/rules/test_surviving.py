"""What must not throw an integration off."""

from __future__ import annotations

import pytest
from support.retry_tapes import RetryTape

from probes.readiness.rules.surviving import RULES
from probes.readiness.words import AuditKind, Lost, RuleId, RuleState, SituationName

JUDGES = {rule.rule: rule.judge for rule in RULES}
STATUSES, UNKNOWN, ARTIFACTS = (
    JUDGES[rule]
    for rule in (RuleId.HANDLES_EVERY_STATUS, RuleId.SURVIVES_UNKNOWN_STATUS, RuleId.SURVIVES_MISSING_ARTIFACTS)
)
BOOKING, DECLINE, ODD = SituationName.NORMAL_BOOKING, SituationName.DECLINE, SituationName.UNKNOWN_STATUS
MISSING, EXTRA = SituationName.MISSING_ARTIFACTS, SituationName.EXTRA_FIELD
REVIEW = "payment_review_pending"
TO_BOOKED = (
    "shortlist",
    "guest_name_required",
    "payment_setup_required",
    "payment_confirmation_required",
    "booked",
)


def told(*statuses: str, situation: SituationName | None = BOOKING, kind: AuditKind = AuditKind.SANDBOX) -> RetryTape:
    tape = RetryTape(kind)
    tape.situation = situation
    tape.create()
    for index, status in enumerate(statuses):
        tape.turn(f"turn {index}", status)
    return tape


def test_whoever_goes_on_after_each_of_the_six_handles_them() -> None:
    tape = told(*TO_BOOKED)
    tape.turn("no", "error", session="s2")

    assert STATUSES(tape.evidence()).state is RuleState.KEPT


def test_statuses_that_were_never_told_are_named() -> None:
    ruling = STATUSES(told("shortlist", "guest_name_required", "error").evidence())

    assert ruling.state is RuleState.NOT_EXERCISED
    assert ruling.detail == "Never told: payment_setup_required, payment_confirmation_required, booked."


def test_a_status_after_which_nothing_followed_is_not_handled() -> None:
    tape = told(*TO_BOOKED[:4])
    tape.turn("yes", "booked", session="s2")
    tape.turn("no", "error", session="s3")
    ruling = STATUSES(tape.evidence())

    assert ruling.state is RuleState.NOT_EXERCISED
    assert ruling.detail == "Told, and nothing followed: payment_confirmation_required."


def test_a_snapshot_alone_is_no_going_on() -> None:
    tape = told("shortlist")
    tape.read("shortlist")

    assert "nothing followed: shortlist" in STATUSES(tape.evidence()).detail


@pytest.mark.parametrize("status", TO_BOOKED)
def test_a_command_that_fails_right_after_a_known_status_falls_over_it(status: str) -> None:
    tape = told("shortlist", status)
    tape.run(BOOKING, exit_code=1)
    ruling = STATUSES(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (3,))
    assert f"right after #3 told {status}" in ruling.detail


def test_a_command_that_fails_after_the_status_error_was_shown_one() -> None:
    tape = told("shortlist", "error", situation=DECLINE)
    tape.run(DECLINE, exit_code=1)

    assert STATUSES(tape.evidence()).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("trouble", [404, 500, Lost.BY_SERVER])
def test_a_command_that_fails_after_another_error_is_judged_by_what_it_sent(trouble: int | Lost) -> None:
    tape = told("shortlist")
    tape.turn("book it", trouble)
    tape.turn("book it", "guest_name_required")
    tape.run(BOOKING, exit_code=1)

    assert STATUSES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_command_that_fails_after_an_unknown_status_is_another_rules_matter() -> None:
    tape = told("shortlist", REVIEW)
    tape.run(BOOKING, exit_code=1)

    assert STATUSES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_command_that_fails_in_a_troubled_situation_does_not_fall_over_a_status() -> None:
    tape = told("shortlist", situation=MISSING)
    tape.run(MISSING, exit_code=1)

    assert STATUSES(tape.evidence()).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("exit_code", [0, None])
def test_a_command_that_ends_well_or_had_to_be_ended_does_not_fall_over(exit_code: int | None) -> None:
    tape = told("shortlist")
    tape.run(BOOKING, exit_code=exit_code, timed_out=exit_code is None)

    assert STATUSES(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_ending_well_after_an_unknown_status_survives_it() -> None:
    tape = told(REVIEW, situation=ODD)
    tape.run(ODD)

    assert UNKNOWN(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({"exit_code": 1}, "it ended with exit code 1"),
        ({"exit_code": -11}, "it ended with exit code -11"),
        ({"exit_code": None, "timed_out": True}, "it came to no end and had to be ended"),
    ],
    ids=["failed", "crashed", "hung"],
)
def test_falling_over_an_unknown_status_is_told(ends: dict[str, object], said: str) -> None:
    tape = told(REVIEW, situation=ODD)
    tape.run(ODD, **ends)  # type: ignore[arg-type]
    ruling = UNKNOWN(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2,))
    assert ruling.detail == f"In unknown_status it was told a status that no document knows, and {said}."


def test_only_the_answers_of_the_situation_in_which_it_fell_are_named() -> None:
    tape = told(REVIEW, situation=BOOKING)
    tape.run(BOOKING)
    tape.situation = ODD
    tape.turn("hello", REVIEW, session="s2")
    tape.run(ODD, exit_code=1)

    assert UNKNOWN(tape.evidence()).exchanges == (3,)


def test_failing_before_it_was_told_shows_nothing() -> None:
    tape = told("shortlist", situation=ODD)
    tape.run(ODD, exit_code=1, reached=False)

    assert UNKNOWN(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_failing_after_an_error_that_was_shown_is_judged_by_what_was_sent() -> None:
    tape = told(REVIEW, situation=ODD)
    tape.turn("help", 500)
    tape.run(ODD, exit_code=1)

    assert UNKNOWN(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("text", "kind"),
    [("yes, use this card", None), ("", "action_book_option"), ("", "action_confirm_payment_card")],
    ids=["consent", "booking", "confirmation"],
)
def test_a_write_after_an_unknown_status_is_told_whatever_the_command_says(text: str, kind: str | None) -> None:
    tape = told(REVIEW, situation=ODD)
    tape.turn(text, "booked", kind=kind)
    tape.run(ODD)
    ruling = UNKNOWN(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2, 3))


def test_a_write_after_a_snapshot_that_told_no_better_is_told() -> None:
    tape = told(REVIEW, situation=None, kind=AuditKind.PROXY)
    tape.read()
    tape.turn("", "booked", kind="action_confirm_payment_card")

    assert UNKNOWN(tape.evidence()).state is RuleState.BROKEN


def test_a_write_after_news_is_fine() -> None:
    tape = told(REVIEW, "payment_confirmation_required", situation=None, kind=AuditKind.PROXY)
    tape.turn("yes, use this card", "booked")

    assert UNKNOWN(tape.evidence()).state is RuleState.KEPT


def test_cancelling_after_an_unknown_status_is_fine() -> None:
    tape = told(REVIEW, situation=None, kind=AuditKind.PROXY)
    tape.turn("", "error", kind="action_cancel_booking")

    assert UNKNOWN(tape.evidence()).state is RuleState.KEPT


def test_a_write_of_another_session_is_its_own() -> None:
    tape = told(REVIEW, situation=None, kind=AuditKind.PROXY)
    tape.turn("yes, use this card", "booked", session="s2")

    assert UNKNOWN(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_a_write_that_was_under_way_already_knew_nothing_of_it() -> None:
    tape = told(situation=None, kind=AuditKind.PROXY)
    tape.turn("hello", REVIEW, took=0.5)
    tape.wait(-0.4)
    tape.turn("yes, use this card", "booked")

    assert UNKNOWN(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_known_statuses_show_nothing_of_unknown_ones() -> None:
    assert UNKNOWN(told(*TO_BOOKED).evidence()).state is RuleState.NOT_EXERCISED


def test_ending_well_without_artifacts_survives_their_lack() -> None:
    tape = told("shortlist", situation=MISSING)
    tape.run(MISSING)

    assert ARTIFACTS(tape.evidence()).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("situation", "what"),
    [(MISSING, "answers without their artifacts"), (EXTRA, "fields that no document names")],
)
def test_falling_over_what_is_missing_or_new_is_told(situation: SituationName, what: str) -> None:
    tape = told("shortlist", situation=situation)
    tape.run(situation, exit_code=1)
    ruling = ARTIFACTS(tape.evidence())

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, (2,))
    assert ruling.detail == f"In {situation} it was told {what}, and it ended with exit code 1."


def test_extra_fields_alone_say_nothing_of_missing_ones() -> None:
    tape = told("guest_name_required", situation=EXTRA)
    tape.run(EXTRA)

    assert ARTIFACTS(tape.evidence()).state is RuleState.NOT_EXERCISED


def test_failing_without_having_met_them_shows_nothing() -> None:
    tape = told("shortlist", situation=MISSING)
    tape.run(MISSING, exit_code=1, reached=False)

    assert ARTIFACTS(tape.evidence()).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize(
    ("status", "artifacts", "state"),
    [
        ("shortlist", None, RuleState.KEPT),
        ("shortlist", {"shortlist": []}, RuleState.KEPT),
        ("shortlist", {"shortlist": [{"id": "1"}]}, RuleState.NOT_EXERCISED),
        ("payment_setup_required", {"payment": {}}, RuleState.KEPT),
        ("payment_setup_required", {"payment": {"setupUrl": "https://x.example"}}, RuleState.NOT_EXERCISED),
        ("guest_name_required", None, RuleState.NOT_EXERCISED),
    ],
)
def test_through_the_proxy_going_on_without_artifacts_shows_it(
    status: str, artifacts: object, state: RuleState
) -> None:
    tape = told(situation=None, kind=AuditKind.PROXY)
    tape.turn("hello", status, artifacts=artifacts)
    tape.turn("next", "guest_name_required")

    assert ARTIFACTS(tape.evidence()).state is state


def test_through_the_proxy_ending_without_artifacts_shows_nothing() -> None:
    tape = told(situation=None, kind=AuditKind.PROXY)
    tape.turn("hello", "shortlist")

    assert ARTIFACTS(tape.evidence()).state is RuleState.NOT_EXERCISED
