"""What a run believes to have booked, and takes back, whatever it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.lying import Lying, Told, at, put
from support.playing import play, target_for

from probes.model import Portal, Run
from probes.sandbox.server import SandboxServer
from probes.words import BookingState, Environment, FailureKind, FindingKind, Outcome


async def booked_and_told(lie: Callable[[Told], None], scenario: str = "golden_path") -> tuple[Run, int, int]:
    """The run, how many bookings were made, and how many of them still stand."""
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play(scenario, target_for(sandbox, base_url=server.base_url))
    return run, len(sandbox.bookings), sum(not booking.cancelled for booking in sandbox.bookings)


def states(run: Run) -> list[BookingState]:
    return [booking.state for booking in run.bookings]


def answer_cancel(status_code: int, body: bytes, content_type: str = "application/json") -> Callable[[Told], None]:
    def lie(told: Told) -> None:
        if b"action_cancel_booking" in told.request:
            told.status_code, told.body, told.headers["content-type"] = status_code, body, content_type

    return lie


def a_turn(status: str, booking: str = "") -> bytes:
    artifacts = f', "artifacts": {{"booking": {{"status": "{booking}"}}}}' if booking else ""
    result = f'{{"traceId": "t", "status": "{status}", "message": {{"text": ""}}{artifacts}}}'
    return f'{{"data": {{"sessionId": "SESSION", "event": {{"id": "e", "kind": "k"}}, "result": {result}}}}}'.encode()


@pytest.mark.parametrize(
    ("status_code", "body", "state"),
    [
        pytest.param(200, a_turn("booked", "cancelled"), BookingState.CANCELLED, id="booked-but-told-cancelled"),
        pytest.param(200, a_turn("error", "cancelled"), BookingState.CANCELLED, id="error-but-told-cancelled"),
        pytest.param(200, a_turn("cancelled"), BookingState.CANCELLED, id="a-status-of-its-own"),
        pytest.param(200, a_turn("booked"), BookingState.LEFT, id="booked-still"),
        pytest.param(200, a_turn("error"), BookingState.UNCLEAR, id="flow-halted"),
        pytest.param(200, b"{}", BookingState.UNCLEAR, id="empty-object"),
        pytest.param(200, b'{"data": NaN}', BookingState.UNCLEAR, id="not-json"),
        pytest.param(
            200, b'{"success": false, "error": "no", "requestId": "r"}', BookingState.UNCLEAR, id="error-as-200"
        ),
        pytest.param(404, b'{"success": false, "error": "no", "requestId": "r"}', BookingState.LEFT, id="404"),
        pytest.param(500, b"", BookingState.UNCLEAR, id="500"),
    ],
)
async def test_a_booking_counts_as_cancelled_only_on_evidence(
    status_code: int, body: bytes, state: BookingState
) -> None:
    def lie(told: Told) -> None:
        session_id = told.request.partition(b'"sessionId":"')[2].partition(b'"')[0]
        answer_cancel(status_code, body.replace(b"SESSION", session_id))(told)

    run, _, _ = await booked_and_told(lie)
    findings = {finding.kind for finding in run.findings}

    assert run.outcome is Outcome.PASSED
    assert states(run) == [BookingState.MADE, state]
    assert bool(findings & {FindingKind.CANCEL_REFUSED, FindingKind.CANCEL_UNCLEAR}) is (
        state is not BookingState.CANCELLED
    )


@pytest.mark.parametrize("status_code", [400, 401, 404, 408, 409, 418, 429, 500])
async def test_a_booking_behind_a_refused_confirmation_is_found_and_taken_back(status_code: int) -> None:
    def lie(told: Told) -> None:
        if b"yes, use this card" in told.request:
            told.status_code, told.body = status_code, b'{"success": false, "error": "no", "requestId": "r"}'

    run, made, standing = await booked_and_told(lie)

    assert run.outcome is Outcome.FAILED
    assert (made, standing) == (1, 0)
    assert states(run) == [BookingState.MADE, BookingState.CANCELLED]


@pytest.mark.parametrize("fault", ["auth_rejected", "auth_missing", "rate_limited"])
async def test_a_refused_confirmation_that_booked_nothing_is_no_booking(fault: str) -> None:
    async with SandboxServer(faults=[f"{fault}@confirm"]) as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert run.outcome is Outcome.FAILED
    assert run.bookings == ()
    assert not any(b"action_cancel_booking" in request.body for request in sandbox.requests)


async def test_a_server_error_without_a_trace_in_the_snapshot_is_unclear() -> None:
    """A gateway that gave up says nothing of what the server behind it does a moment later."""
    async with SandboxServer(faults=["server_error_before@confirm"]) as sandbox:
        run = await play("golden_path", target_for(sandbox))

    assert run.outcome is Outcome.FAILED
    assert states(run) == [BookingState.UNCLEAR]
    assert [step.name for step in run.cleanup] == ["cancel"]
    assert run.findings == ()


async def test_a_booking_in_a_strangers_answer_is_not_ours_to_cancel() -> None:
    def lie(told: Told) -> None:
        at(5, put("data.sessionId", "sess_1771456953407_stranger"))(told)
        at(5, put("data.result.artifacts.booking.bookingId", "BK-OF-A-STRANGER"))(told)

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play("golden_path", target_for(sandbox, base_url=server.base_url))
        sent = b"".join(body for _, _, _, body in server.received)

    assert run.reason == FailureKind.IDENTITY
    assert states(run) == [BookingState.MADE, BookingState.CANCELLED]
    assert b"STRANGER" not in sent
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param({"events": None}, id="no-history"),
        pytest.param({"sessionId": "sess_1771456953407_stranger"}, id="of-a-stranger"),
    ],
)
async def test_a_snapshot_that_tells_nothing_leaves_a_lost_confirmation_unclear(snapshot: dict[str, object]) -> None:
    def lie(told: Told) -> None:
        if told.method == "GET":
            body: Any = told.json
            body["data"].update(snapshot)
            told.say(body)

    async with SandboxServer(faults=["server_error@confirm"]) as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play("golden_path", target_for(sandbox, base_url=server.base_url))

    assert states(run)[0] is BookingState.UNCLEAR
    assert [booking.cancelled for booking in sandbox.bookings] == [True]


async def test_a_booking_that_only_a_snapshot_shows_is_unexpected_and_taken_back() -> None:
    """The decline is answered with `error`, but a card was charged all the same."""

    def lie(told: Told) -> None:
        if told.method == "GET":
            body = told.json
            body["data"]["events"][-1]["resultStatus"] = "booked"  # type: ignore[index]
            told.say(body)

    run, _, _ = await booked_and_told(lie, "decline_payment")

    assert run.reason == FailureKind.UNEXPECTED_BOOKING
    assert states(run)[0] is BookingState.UNEXPECTED
    assert [step.name for step in run.cleanup] == ["cancel"]


async def test_an_unexpected_booking_is_told_as_such_behind_any_other_failure() -> None:
    def lie(told: Told) -> None:
        at(1, put("data.result.status", "booked"))(told)
        if told.turn == 1:
            told.headers["content-type"] = "text/plain"

    run, _, _ = await booked_and_told(lie)

    assert run.reason == FailureKind.NOT_JSON
    assert states(run)[0] is BookingState.UNEXPECTED


async def test_a_connection_that_the_server_closes_in_silence_fails_nothing() -> None:
    """HTTP allows it between any two answers, so what is never sent again is never sent on a used connection."""
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lambda _: None, answers_a_connection=1) as server:
        target = target_for(
            sandbox,
            base_url=server.base_url,
            portal=Portal(attach_url=f"{server.base_url}/portal/api/attach", setup_origins=(sandbox.base_url,)),
        )
        run = await play("golden_path", target)

    assert run.outcome is Outcome.PASSED
    assert states(run) == [BookingState.MADE, BookingState.CANCELLED]


@pytest.mark.parametrize("status", ["payment_confirmation_required", "booked"])
async def test_nothing_is_repeated_once_a_failing_answer_has_asked_for_consent(status: str) -> None:
    def lie(told: Told) -> None:
        if b"guest name is" in told.request:
            at(3, put("data.result.status", status))(told)
            told.status_code = 503

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play("golden_path", target_for(sandbox, base_url=server.base_url))
        names = [body for _, _, _, body in server.received if b"guest name is" in body]

    assert run.reason == FailureKind.SERVER_ERROR
    assert len(names) == 1


async def test_in_production_a_failing_answer_that_asks_for_consent_is_the_apis_failure() -> None:
    def lie(told: Told) -> None:
        at(1, put("data.result.status", "payment_confirmation_required"))(told)
        if told.turn == 1:
            told.status_code = 500

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        target = target_for(sandbox, base_url=server.base_url, environment=Environment.PRODUCTION)
        run = await play("quick_search", target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.SERVER_ERROR)


@pytest.mark.parametrize("fault", ["hang", "reset", "server_error"])
async def test_a_lost_answer_to_no_is_settled_by_the_snapshot_and_cancels_nothing(fault: str) -> None:
    async with SandboxServer(faults=[f"{fault}@decline"]) as sandbox:
        run = await play("decline_payment", target_for(sandbox), step_deadline_seconds=0.2)

    assert run.outcome is Outcome.FAILED
    assert run.bookings == ()
    assert not any(b"action_cancel_booking" in request.body for request in sandbox.requests)


async def test_a_cancel_that_our_own_guard_refuses_is_no_finding_about_the_api() -> None:
    def lie(told: Told) -> None:
        at(1, put("data.result.status", "booked"))(told)

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        target = target_for(sandbox, base_url=server.base_url, environment=Environment.PRODUCTION)
        run = await play("quick_search", target)

    assert run.reason == FailureKind.UNEXPECTED_BOOKING
    assert states(run) == [BookingState.UNEXPECTED, BookingState.LEFT]
    assert not {finding.kind for finding in run.findings} & {FindingKind.CANCEL_REFUSED, FindingKind.CANCEL_UNCLEAR}
