"""What is sent again, and what never is (decision 4)."""

from __future__ import annotations

import time
from itertools import takewhile

import orjson
import pytest
from support.facts import an_answer
from support.guide import GuideServer, gateway_error
from support.playing import Heard, play, target_for
from support.wire import Received, Reply

from probes.ledger import MemoryLedger
from probes.model import Exchange, Run
from probes.redaction import Secret
from probes.retries import pause_seconds
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.scenario_files import shipped
from probes.words import BookingState, FailureKind, FindingKind, Operation, Outcome

REFUSALS = {
    "server_error": Reply(status_code=503, body={"success": False, "error": "Later.", "requestId": "r"}),
    "rate_limited": gateway_error(429, "rate_limited"),
}
WRITES = ("command_book_", "action_book_", "action_confirm_", "action_cancel_")
CONSENT_ASKED = {"payment_confirmation_required", "booked"}


async def refused(name: str, number: int, times: int, refusal: Reply) -> tuple[Run, int]:
    """A run whose request of that number is refused so often; and how often it came, the same bytes in a row."""

    def refuses(received: Received) -> Reply | None:
        tried = len(server.received) - number
        first = server.received[number - 1] if tried >= 0 else None
        return refusal if first and first.said == received.said and tried < times else None

    async with GuideServer(refuses=refuses) as server:
        run = await play(name, target_for(server, other_api_key=Secret(server.other_api_key)))
    said = [received.said for received in server.received[number - 1 :]]
    return run, sum(1 for _ in takewhile(lambda each: each == said[0], said))


async def exchanges_of(name: str) -> list[tuple[str | None, Exchange]]:
    """The step and the exchange of each request, where all is well; no step for a snapshot that was read after one."""
    async with GuideServer() as server:
        run = await play(name, target_for(server, other_api_key=Secret(server.other_api_key)))
    return [
        (result.name if exchange in result.own_exchanges else None, exchange)
        for result in run.steps
        for exchange in result.exchanges
    ]


def may_be_sent_again(exchange: Exchange, earlier: list[tuple[str | None, Exchange]]) -> bool:
    """By decision 4: no write kind, no turn once consent was asked for, nothing at the portal."""
    if exchange.operation is not Operation.SEND_EVENT:
        return exchange.operation is not Operation.ATTACH_CARD
    body = orjson.loads(exchange.request_body)
    answers = (before.answer for _, before in earlier)
    shown = {answer.chat_status for answer in answers if answer and answer.session_id == body.get("sessionId")}
    return not shown & CONSENT_ASKED and not str(body.get("kind")).startswith(WRITES)


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("name", shipped())
async def test_each_request_that_books_nothing_is_sent_at_most_twice_again_and_no_other(name: str, reason: str) -> None:
    expected, seen = {}, {}
    exchanges = await exchanges_of(name)
    bodies = [exchange.request_body for _, exchange in exchanges]
    for number, (step, exchange) in enumerate(exchanges, start=1):
        if step is None:
            continue
        again = may_be_sent_again(exchange, exchanges[: number - 1])
        for times in (1, 2, 3):
            run, came = await refused(name, number, times, REFUSALS[reason])
            own = next(each.own_exchanges for each in run.steps if each.name == step)
            outcome = Outcome.DEGRADED if again and times < 3 else Outcome.FAILED
            attempts = min(times + 1, 3) if again else 1
            went_on = outcome is Outcome.DEGRADED
            repeated = (
                bool(exchange.request_body) and bodies[number : number + 1] == [exchange.request_body] and went_on
            )
            expected[step, times] = (outcome, reason, attempts + repeated, attempts, 1)
            seen[step, times] = (run.outcome, run.reason, came, len(own), len({each.request_body for each in own}))

    assert seen == expected


async def test_a_retry_waits_for_its_back_off() -> None:
    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=Heard(), uniform=lambda *_: 0.12)
        run = await runner.play(shipped()["quick_search"], target_for(sandbox))

    assert run.steps[1].duration_seconds > 0.24


async def test_a_retry_after_beyond_the_deadline_ends_the_step_at_once() -> None:
    began = time.monotonic()
    async with SandboxServer(faults=["rate_limited@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox), step_deadline_seconds=0.9)

    assert run.reason == FailureKind.RATE_LIMITED
    assert len(run.steps[1].exchanges) == 1
    assert time.monotonic() - began < 0.5


async def test_a_kept_connection_that_dies_unheard_is_dialled_anew_with_a_finding() -> None:
    """Reset at every search: the first died on a kept connection, so it is sent once more, then it is a failure."""
    async with SandboxServer(faults=["reset@search"]) as sandbox:
        run = await play("quick_search", target_for(sandbox))
        searches = [request.body for request in sandbox.requests if request.path.endswith("/events")]

    assert run.reason == FailureKind.RESET
    assert len(searches) == 2
    assert searches[0] == searches[1]
    assert FindingKind.KEPT_CONNECTION_DIED in {finding.kind for finding in run.findings}


@pytest.mark.parametrize("fault", [FaultName.SERVER_ERROR, FaultName.HANG, FaultName.RESET, FaultName.WRONG_STATUS])
async def test_a_confirmation_whose_answer_is_lost_is_never_sent_again_and_is_looked_up(fault: FaultName) -> None:
    async with SandboxServer(faults=[f"{fault}@confirm"]) as sandbox:
        run = await play("golden_path", target_for(sandbox), step_deadline_seconds=0.2)
        confirmations = [request for request in sandbox.requests if b"yes, use this card" in request.body]
        booked = sandbox.bookings

    assert len(confirmations) == 1
    assert len(booked) == 1
    assert run.outcome is Outcome.FAILED
    assert run.bookings[0].state is BookingState.MADE
    assert run.steps[-1].exchanges[-1].operation is Operation.GET_SESSION


async def test_a_refusal_that_asks_for_consent_is_not_answered_by_the_same_turn_again() -> None:
    """A server that is in trouble after the turn took effect."""
    said: list[Received] = []

    def refuses(received: Received) -> Reply | None:
        if received.turn != 1:
            return None
        said.append(received)
        result = {"status": "payment_confirmation_required", "artifacts": {}}
        return Reply(status_code=503, body={"data": {"sessionId": received.body["sessionId"], "result": result}})

    async with GuideServer(refuses=refuses) as server:
        run = await play("quick_search", target_for(server))

    assert run.reason == FailureKind.SERVER_ERROR
    assert len(said) == 1


async def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    arrivals: list[float] = []

    def refuses(received: Received) -> Reply | None:
        arrivals.append(time.monotonic())
        refusal = gateway_error(429, "rate_limited")
        refusal.headers["retry-after"] = "1"
        return refusal if len(arrivals) == 1 else None

    async with GuideServer(refuses=refuses) as server:
        run = await play("quick_search", target_for(server))

    assert (run.outcome, run.reason) == (Outcome.DEGRADED, FailureKind.RATE_LIMITED)
    assert 1.0 <= arrivals[1] - arrivals[0] < 2.0
    assert run.steps[0].duration_seconds >= 1.0


@pytest.mark.parametrize(
    ("status_code", "attempt", "retry_after", "pause"),
    [
        (503, 1, None, 1.0),
        (503, 2, None, 2.0),
        (503, 3, None, None),
        (429, 1, 3.0, 3.0),
        (429, 1, 0.0, 1.0),
        (429, 1, 10.0, None),
        (500, 1, 9.99, 9.99),
        (400, 1, 1.0, None),
        (404, 1, None, None),
    ],
)
def test_a_pause_grows_gives_way_to_the_servers_wish_and_fits_into_the_deadline(
    status_code: int, attempt: int, retry_after: float | None, pause: float | None
) -> None:
    answer = an_answer(status_code, retry_after_seconds=retry_after)

    assert pause_seconds(answer, attempt=attempt, left=10.0, uniform=lambda _, most: most) == pause


def test_a_pause_is_drawn_from_nothing_to_its_most() -> None:
    asked: list[tuple[float, float]] = []
    pause_seconds(an_answer(503), attempt=1, left=10.0, uniform=lambda *bounds: asked.append(bounds) or 0.0)

    assert asked == [(0.0, 1.0)]
