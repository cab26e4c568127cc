"""Bookings that an answer hides, and consents that production must never hear: what scenarios of one's own may try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from support.lying import DROP, Lying, Told
from support.playing import play, scenario_of, target_for

from probes.model import Run
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.scenario import Act, CreateSession, Expect, ReadSession, Repeat, Say, Step, WrongCall
from probes.scenario_files import shipped
from probes.words import BookingState, Environment, FailureKind, Leaves, Operation, OtherKey, OtherSession, Outcome

TO_CONSENT = shipped()["golden_path"].steps[:-1]
CONFIRM = Step(name="confirm", action=Act(kind="action_confirm_payment_card"), expect=Expect(chat_statuses=("booked",)))
CONFIRM_LATE = (  # the first session, by a call, once there is a second one
    Step(name="second", action=CreateSession()),
    replace(
        CONFIRM,
        action=WrongCall(
            operation=Operation.SEND_EVENT,
            body={
                "sessionId": "{{ create_session.sessionId }}",
                "kind": "action_confirm_payment_card",
                "idempotencyKey": "of-the-first",
            },
        ),
    ),
)
REFUSAL = {"success": False, "error": "no", "requestId": "r"}


def _refuse(told: Told, status_code: int = 400) -> None:
    told.status_code = status_code
    told.say(REFUSAL)


def _at_turn(number: int, change: Callable[[Told], None]) -> Callable[[Told], None]:
    return lambda told: change(told) if told.path.endswith("/events") and told.turn == number else None


async def played(
    lie: Callable[[Told], None], *steps: Step, environment: Environment = Environment.SANDBOX
) -> tuple[Run, SandboxServer, list[bytes]]:
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        other = Secret(sandbox.other_api_key or "")
        target = target_for(sandbox, base_url=server.base_url, other_api_key=other, environment=environment)
        run = await play(scenario_of(*steps, leaves=Leaves.BOOKING), target)
        if environment is Environment.PRODUCTION:
            run = await play(scenario_of(*steps, leaves=Leaves.SESSION), target)
    return run, sandbox, [body for _, path, _, body in server.received if path.endswith("/events")]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CONFIRM, expect=Expect(status_codes=(400,)), omit=("idempotencyKey",)),
        replace(CONFIRM, expect=Expect(status_codes=(400,)), other_actor=True),
        replace(
            CONFIRM,
            expect=Expect(status_codes=(400,)),
            action=WrongCall(
                operation=Operation.SEND_EVENT,
                body={"sessionId": "{{ session_id }}", "kind": "action_confirm_payment_card"},
            ),
        ),
    ],
    ids=["without_a_key", "as_another_actor", "by_a_call"],
)
async def test_a_write_that_is_refused_and_booked_all_the_same_fails_and_is_taken_back(wrong: Step) -> None:
    """The server acts as if all had been right with the request, and says 400."""
    async with SandboxServer() as sandbox, _Obeying(sandbox.base_url, _at_turn(5, _refuse)) as server:
        target = target_for(sandbox, base_url=server.base_url)
        run = await play(scenario_of(*TO_CONSENT, wrong, leaves=Leaves.BOOKING), target)
        cancelled = [booking.cancelled for booking in sandbox.bookings]

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.UNEXPECTED_BOOKING)
    assert [booking.state for booking in run.bookings] == [BookingState.UNEXPECTED, BookingState.CANCELLED]
    assert cancelled == [True]


class _Obeying(Lying):
    """Mends the wrong request before the sandbox sees it, as a server would that doesn't look."""

    async def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        if path.endswith("/events"):
            told = orjson.loads(body)
            told.setdefault("idempotencyKey", f"mended-{len(self.received)}")
            told.pop("actor", None)
            body = orjson.dumps(told)
        return await super()._forward(method, path, headers, body)


async def test_a_refused_write_that_booked_nothing_costs_one_look_and_passes() -> None:
    wrong = replace(CONFIRM, expect=Expect(status_codes=(400,)), omit=("idempotencyKey",))
    run, sandbox, _ = await played(lambda _: None, *TO_CONSENT, wrong)

    assert (run.outcome, run.detail, run.bookings) == (Outcome.PASSED, None, ())
    assert [exchange.operation for exchange in run.steps[-1].exchanges] == [
        Operation.SEND_EVENT,
        Operation.GET_SESSION,
    ]
    assert sandbox.bookings == ()


async def test_a_second_booking_is_told_from_the_first_by_its_confirmation_where_it_has_no_id() -> None:
    def without_ids(told: Told) -> None:
        if told.turn in {5, 6}:
            body: Any = told.json
            booking = body["data"]["result"]["artifacts"].get("booking")
            if booking:
                booking.pop("bookingId", None)
                booking.pop("id", None)
                booking["confirmationUrl"] += f"?{told.turn}"
                told.say(body)

    again = Step(name="again", action=Repeat(step="confirm", request=CONFIRM.action))  # type: ignore[arg-type]
    run, _, _ = await played(without_ids, *TO_CONSENT, CONFIRM, again)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.UNEXPECTED_BOOKING)
    states = [booking.state for booking in run.bookings]
    assert states[:2] == [BookingState.MADE, BookingState.UNEXPECTED]


async def test_a_booking_in_an_earlier_session_is_known_as_its_own_and_taken_back_there() -> None:
    run, sandbox, _ = await played(lambda _: None, *TO_CONSENT, *CONFIRM_LATE)

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert [booking.state for booking in run.bookings] == [BookingState.MADE, BookingState.CANCELLED]
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


async def test_a_booking_in_another_tenants_session_is_taken_back_with_that_tenants_key() -> None:
    first, *turns = TO_CONSENT
    theirs = [
        replace(step, auth=OtherKey.OTHER, session=OtherSession.OTHER) if isinstance(step.action, Say) else step
        for step in turns
    ]
    confirm = replace(CONFIRM, auth=OtherKey.OTHER, session=OtherSession.OTHER)
    run, sandbox, _ = await played(lambda _: None, replace(first, auth=OtherKey.OTHER), *theirs, confirm)

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


async def test_a_lost_answer_in_an_earlier_session_is_looked_up_there() -> None:
    lose = _at_turn(5, lambda told: _refuse(told, 500))
    run, sandbox, _ = await played(lose, *TO_CONSENT, *CONFIRM_LATE)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.SERVER_ERROR)
    assert [booking.state for booking in run.bookings] == [BookingState.MADE, BookingState.CANCELLED]
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


async def test_a_snapshot_that_shows_a_booking_which_no_step_made_fails() -> None:
    def invent(told: Told) -> None:
        if told.method == "GET":
            told.say(_with_event(told.json, "booked"))

    run, _, _ = await played(invent, *TO_CONSENT[:2], Step(name="read", action=ReadSession()))

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.UNEXPECTED_BOOKING)
    assert run.bookings[0].state is BookingState.UNEXPECTED


def _with_event(body: Any, status: str) -> Any:
    body["data"]["events"][-1]["resultStatus"] = status
    return body


CONSENT = Step(name="consent", action=Say(text="yes, use this card"))
SAID_YES = b"yes, use this card"


@pytest.mark.parametrize(
    "hide",
    [lambda told: _refuse(told, 500), lambda told: told.say(_with_status(told.json, "on_hold"))],
    ids=["server_error", "unknown_status"],
)
async def test_production_hears_no_consent_after_a_turn_whose_answer_hides_what_it_did(
    hide: Callable[[Told], None],
) -> None:
    book = Step(name="book", action=Say(text="book option 1"), expect=Expect(status_codes=(200, 500)))
    run, _, said = await played(_at_turn(2, hide), *TO_CONSENT[:2], book, CONSENT, environment=Environment.PRODUCTION)

    assert run.outcome is not Outcome.PASSED
    assert not any(SAID_YES in body for body in said)


def _with_status(body: Any, status: str) -> Any:
    body["data"]["result"]["status"] = status
    return body


async def test_production_hears_no_consent_once_a_snapshot_showed_that_it_was_asked_for() -> None:
    def asked(told: Told) -> None:
        if told.method == "GET":
            body: Any = told.json
            body["data"]["events"][-1]["resultStatus"] = "payment_confirmation_required"
            told.say(body)

    read = Step(name="read", action=ReadSession())
    run, _, said = await played(asked, *TO_CONSENT[:2], read, CONSENT, environment=Environment.PRODUCTION)

    assert run.outcome is Outcome.SKIPPED
    assert not any(SAID_YES in body for body in said)


@pytest.mark.parametrize(
    "body",
    [
        {"sessionId": "sess_1771456953407_g7p6233d", "text": "yes, use this card", "idempotencyKey": "a"},
        {"sessionId": "{{ session_id }}", "kind": "ACTION_CONFIRM_PAYMENT_CARD", "idempotencyKey": "a"},
        {"sessionId": "{{ session_id }}", "kind": "action_confirm_payment_card ", "idempotencyKey": "a"},
        {"sessionId": "{{ session_id }}", "kind": "action_that_is_new", "idempotencyKey": "a"},
        {"sessionId": "{{ session_id }}", "text": "no", "payload": {"confirm": True}},
    ],
    ids=["session_of_a_stranger", "upper_case", "blank", "unknown_action", "no_with_a_payload"],
)
async def test_production_is_sent_no_call_that_may_consent_or_write(body: dict[str, object]) -> None:
    call = WrongCall(operation=Operation.SEND_EVENT, body=body)
    step = Step(name="call", action=call, expect=Expect(status_codes=(200, 400)))
    run, _, said = await played(lambda _: None, *TO_CONSENT[:1], step, environment=Environment.PRODUCTION)

    assert run.outcome is Outcome.SKIPPED
    assert said == []


async def test_a_no_whose_text_is_left_out_is_no_no() -> None:
    def asked(told: Told) -> None:
        if told.turn == 1:
            told.say(_with_status(told.json, "payment_confirmation_required"))

    mute = Step(name="mute", action=Say(text="no"), omit=("text",), expect=Expect(status_codes=(400,)))
    search = replace(TO_CONSENT[1], expect=Expect())
    run, _, said = await played(asked, TO_CONSENT[0], search, mute, environment=Environment.PRODUCTION)

    assert run.outcome is Outcome.SKIPPED
    assert len(said) == 1


async def test_a_repeat_of_an_earlier_turn_changes_nothing_of_where_the_session_is() -> None:
    search = TO_CONSENT[1]
    again = Step(name="again", action=Repeat(step="search", request=search.action))  # type: ignore[arg-type]
    run, _, _ = await played(lambda _: None, *TO_CONSENT[:3], again, TO_CONSENT[3])

    assert run.outcome is Outcome.PASSED
    assert [change.to_status for change in run.transitions] == [
        "shortlist",
        "guest_name_required",
        "payment_setup_required",
    ]


async def test_a_repeat_is_sent_only_once_when_it_might_book_by_now() -> None:
    again = Step(name="again", action=Repeat(step="search", request=TO_CONSENT[1].action))  # type: ignore[arg-type]
    run, _, said = await played(_at_turn(5, lambda told: _refuse(told, 503)), *TO_CONSENT, again)

    assert run.reason == FailureKind.SERVER_ERROR
    assert said.count(said[0]) == 2


@pytest.mark.parametrize("value", ["", "  ", DROP])
async def test_a_header_that_is_empty_is_not_there(value: object) -> None:
    def empty(told: Told) -> None:
        if value is DROP:
            told.headers.pop("x-request-id", None)
        else:
            told.headers["x-request-id"] = str(value)

    step = replace(TO_CONSENT[0], expect=Expect(headers=("x-request-id",)))
    run, _, _ = await played(empty, step)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ENVELOPE)
