"""What the options of a step put on the wire, and how their answers are judged."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest
from support.lying import DROP, Lying, Told, at, put
from support.playing import Heard, play, scenario_of, target_for

from probes.ledger import MemoryLedger
from probes.model import Run, Target
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.scenario import (
    Act,
    CreateSession,
    Expect,
    Fetch,
    ReadSession,
    Repeat,
    Say,
    Scenario,
    Step,
    WrongCall,
)
from probes.words import (
    BookingState,
    Environment,
    FailureKind,
    Operation,
    OtherKey,
    OtherSession,
    Outcome,
    Published,
    SkipReason,
)

CREATE = Step(name="create_session", action=CreateSession())
SEARCH = Step(name="search", action=Say(text="find me a {{ city }} hotel from {{ checkin }} to {{ checkout }}"))
KEY_HEADERS = {"x-partner-api-key", "authorization", "api-key"}
Received = list[tuple[str, str, dict[str, str], bytes]]


def _honestly(_: Told) -> None:
    """No lie."""


@asynccontextmanager
async def served(lie: Callable[[Told], None] = _honestly) -> AsyncIterator[tuple[SandboxServer, Lying, Target]]:
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        other = Secret(sandbox.other_api_key or "")
        yield sandbox, server, target_for(sandbox, base_url=server.base_url, other_api_key=other)


async def sent_by(*steps: Step, target_changes: dict[str, Any] | None = None) -> tuple[Run, Received]:
    async with served() as (_, server, target):
        run = await play(scenario_of(*steps), replace(target, **(target_changes or {})))
    return run, server.received


async def test_a_repeat_sends_the_same_bytes_and_the_same_key() -> None:
    again = Step(name="again", action=Repeat(step="search", request=SEARCH.action))  # type: ignore[arg-type]
    run, received = await sent_by(CREATE, SEARCH, again)

    assert run.outcome is Outcome.PASSED
    assert received[1] == received[2]
    assert [change.to_status for change in run.transitions] == ["shortlist"]


async def test_a_repeat_that_is_answered_with_another_status_is_a_turn_of_its_own() -> None:
    again = Step(name="again", action=Repeat(step="search", request=SEARCH.action))  # type: ignore[arg-type]
    async with served(at(2, put("data.result.status", "error"))) as (_, _, target):
        run = await play(scenario_of(CREATE, SEARCH, again), target)

    assert [(change.from_status, change.to_status) for change in run.transitions] == [
        ("none", "shortlist"),
        ("shortlist", "error"),
    ]


async def test_a_repeat_that_books_once_more_is_an_unexpected_booking() -> None:
    def book_twice(told: Told) -> None:
        if told.path.endswith("/events") and told.turn == 8:
            body: Any = told.json
            body["data"]["result"]["artifacts"]["booking"] |= {"bookingId": "bk_2", "confirmationUrl": "https://x/2"}
            told.say(body)

    async with served(book_twice) as (_, _, target):
        run = await play("idempotent_replay", target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ARTIFACT)
    assert run.failed_step is not None
    assert run.failed_step.name == "confirm_again"
    states = [booking.state for booking in run.bookings]
    assert states[:2] == [BookingState.MADE, BookingState.UNEXPECTED]


@pytest.mark.parametrize(
    ("auth", "shown"), [(OtherKey.NONE, None), (OtherKey.WRONG, "brekwatch-no-such-key"), (OtherKey.OTHER, "other")]
)
async def test_another_key_takes_the_place_of_the_targets_own(auth: OtherKey, shown: str | None) -> None:
    heard = Heard()
    async with served() as (sandbox, server, target):
        step = Step(name="theirs", action=CreateSession(), auth=auth, expect=Expect(status_codes=(200, 201, 401, 403)))
        await play(scenario_of(step), target, listener=heard)

    keys = {name: value for name, value in server.received[0][2].items() if name in KEY_HEADERS}
    wanted = sandbox.other_api_key if shown == "other" else shown
    assert keys == ({"x-partner-api-key": wanted} if wanted else {})
    assert [exchange.own_key for exchange in heard.exchanges] == [False]


async def test_a_session_of_another_tenant_or_of_nobody_does_not_become_ours() -> None:
    theirs = Step(name="theirs", action=CreateSession(), auth=OtherKey.OTHER)
    run, received = await sent_by(
        CREATE,
        theirs,
        Step(name="ours", action=ReadSession()),
        Step(
            name="of_theirs",
            action=ReadSession(),
            session=OtherSession.OTHER,
            expect=Expect(status_codes=(404,), codes=("session_not_found",)),
        ),
        Step(
            name="of_nobody",
            action=ReadSession(),
            session=OtherSession.UNKNOWN,
            expect=Expect(status_codes=(404,), codes=("session_not_found",)),
        ),
        SEARCH,
    )

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    read = {path.rpartition("/")[2] for _, path, _, _ in received if "/sessions/" in path}
    assert len(read) == 3
    assert all(re.fullmatch(r"sess_\d{13}_[a-z0-9]{8}", session_id) for session_id in read)


async def test_a_step_in_another_tenants_session_that_did_not_begin_is_not_sent() -> None:
    def refuse(told: Told) -> None:
        if len(server.received) == 2:
            told.status_code = 403
            told.say({"success": False, "error": "no", "code": "x", "details": None, "requestId": "r"})

    theirs = Step(
        name="theirs", action=CreateSession(), auth=OtherKey.OTHER, expect=Expect(status_codes=(200, 201, 403))
    )
    read = Step(name="read", action=ReadSession(), session=OtherSession.OTHER, expect=Expect(status_codes=(404,)))
    async with served(refuse) as (_, server, target):
        run = await play(scenario_of(CREATE, theirs, read), target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ARTIFACT)
    assert len(server.received) == 2


async def test_without_another_tenants_key_its_steps_are_a_named_gap_and_nothing_is_sent_for_them() -> None:
    theirs = Step(name="theirs", action=CreateSession(), auth=OtherKey.OTHER)
    read = Step(name="read", action=ReadSession(), session=OtherSession.OTHER, expect=Expect(status_codes=(404,)))
    run, received = await sent_by(CREATE, theirs, read, SEARCH, target_changes={"other_api_key": None})

    assert [step.outcome for step in run.steps] == [
        Outcome.PASSED,
        Outcome.SKIPPED,
        Outcome.SKIPPED,
        Outcome.PASSED,
    ]
    assert (run.outcome, run.detail) == (
        Outcome.PASSED,
        "not tried: theirs, read (no other_api_key is configured)",
    )
    assert len(received) == 2


@pytest.mark.parametrize("omitted", ["sessionId", "actor", "actor.actorId", "text", "idempotencyKey"])
async def test_what_is_omitted_is_not_sent_and_all_else_is(omitted: str) -> None:
    wanted = Expect(status_codes=(200, 400), envelopes=())
    step = Step(name="turn", action=Say(text="hello"), omit=(omitted,), expect=wanted)
    _, received = await sent_by(CREATE, step)

    body = orjson.loads(received[1][3])
    full = {"sessionId", "actor", "text", "idempotencyKey"}
    assert set(body) == full - {omitted}
    assert body.get("actor", {}) == ({} if omitted.startswith("actor") else body["actor"])


async def test_another_actor_speaks_in_our_session() -> None:
    step = Step(
        name="stranger", action=Say(text="hi"), other_actor=True, expect=Expect(status_codes=(409,), codes=("none",))
    )
    run, received = await sent_by(CREATE, step)

    ours, theirs = (orjson.loads(body)["actor"]["actorId"] for _, _, _, body in received)
    assert run.outcome is Outcome.PASSED
    assert theirs != ours


async def test_a_wrong_call_is_sent_as_it_stands_with_its_templates_filled() -> None:
    odd = WrongCall(operation=Operation.SEND_EVENT, body={"sessionId": "{{ session_id }}", "text": 5})
    broken = WrongCall(operation=Operation.CREATE_SESSION, body='{"actor": ')
    run, received = await sent_by(
        CREATE,
        Step(name="odd", action=odd, expect=Expect(status_codes=(400,))),
        Step(name="broken", action=broken, expect=Expect(status_codes=(400,), codes=("invalid_request",))),
    )

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert orjson.loads(received[1][3])["text"] == 5
    assert orjson.loads(received[1][3])["sessionId"].startswith("sess_")
    assert received[2][1].endswith("/sessions")
    assert received[2][3] == b'{"actor": '


async def test_the_ledger_knows_of_a_write_whose_key_was_left_out() -> None:
    ledger = MemoryLedger()
    step = Step(
        name="keyless", action=Act(kind="action_book_option"), omit=("idempotencyKey",),
        expect=Expect(status_codes=(400,)),
    )  # fmt: skip
    async with served() as (_, _, target):
        await play(scenario_of(CREATE, step), target, ledger=ledger)

    assert [intent.idempotency_key.split(":")[2:] for intent in ledger.intents] == [["keyless", "001"]]


async def test_the_ledger_knows_a_wrong_call_by_its_own_key_and_session() -> None:
    ledger = MemoryLedger()
    call = WrongCall(operation=Operation.SEND_EVENT, body={"idempotencyKey": "mine", "text": 5})
    async with served() as (_, server, target):
        step = Step(name="odd", action=call, expect=Expect(status_codes=(400,)))
        await play(scenario_of(CREATE, step), target, ledger=ledger)

    (intent,) = ledger.intents
    assert intent.idempotency_key == "mine"
    assert intent.session_id.startswith("sess_")
    assert intent.body == server.received[1][3]


async def test_a_published_document_is_fetched_without_any_key() -> None:
    run, received = await sent_by(Step(name="openapi", action=Fetch(document=Published.OPENAPI)))

    assert run.outcome is Outcome.PASSED
    assert received[0][1] == "/openapi/partner-core-chat-v1.yaml"
    assert not KEY_HEADERS & set(received[0][2])


@pytest.mark.parametrize(
    ("document", "body", "observed"),
    [
        (Published.OPENAPI, b"<!doctype html><title>hi</title>", "no mapping"),
        (Published.OPENAPI, b"openapi: 3.0.3\npaths: {/x/core-chat/sessions: {post: {}}}", "POST /events"),
        (Published.OPENAPI, b"paths: {}", "no version of OpenAPI"),
        (Published.LLMS, b"nothing here", "POST /sessions"),
        (Published.LLMS, b" <html>POST /sessions, POST /events, GET /sessions/{id}</html>", "markup"),
    ],
)
async def test_a_document_that_does_not_name_the_endpoints_fails_its_step(
    document: Published, body: bytes, observed: str
) -> None:
    def replaced(told: Told) -> None:
        told.body = body

    async with served(replaced) as (_, _, target):
        run = await play(scenario_of(Step(name="it", action=Fetch(document=document))), target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ENVELOPE)
    assert run.detail is not None
    assert observed in run.detail


async def test_an_early_done_that_shows_the_old_setup_url_fails() -> None:
    first: list[str] = []

    def same_url(told: Told) -> None:
        body: Any = told.json
        payment = body.get("data", {}).get("result", {}).get("artifacts", {}).get("payment")
        if payment and "setupUrl" in payment:
            first.append(payment["setupUrl"])
            payment["setupUrl"] = first[0]
            told.say(body)

    async with served(same_url) as (_, _, target):
        run = await play("done_before_card", target)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ARTIFACT)
    assert run.detail == ("too_early: expected payment.setupUrl other than in step name, saw the same once more")


async def test_a_replay_without_the_compared_value_fails() -> None:
    async with served(at(8, put("data.result.artifacts.booking.confirmationUrl", DROP))) as (_, _, target):
        run = await play("idempotent_replay", target)

    assert run.detail == "confirm_again: expected booking.confirmationUrl, saw it is not there"


@pytest.mark.parametrize(
    ("auth", "wanted", "told", "kind"),
    [
        (OtherKey.NONE, 401, 403, FailureKind.STATUS_CODE),
        (OtherKey.WRONG, 403, 401, FailureKind.STATUS_CODE),
        (None, 200, 403, FailureKind.AUTH_REJECTED),
        (None, 200, 401, FailureKind.AUTH_MISSING),
    ],
)
async def test_only_an_answer_to_our_own_key_says_something_of_the_credentials(
    auth: OtherKey | None, wanted: int, told: int, kind: FailureKind
) -> None:
    def answer(told_: Told) -> None:
        told_.status_code = told
        told_.say({"success": False, "error": "no", "code": "x", "details": None, "requestId": "r"})

    heard = Heard()
    async with served(answer) as (_, _, target):
        step = Step(name="it", action=CreateSession(), auth=auth, expect=Expect(status_codes=(wanted,)))
        run = await play(scenario_of(step), target, listener=heard)

    assert (run.outcome, run.reason) == (Outcome.FAILED, kind)
    assert [exchange.key_rejected for exchange in heard.exchanges] == [auth is None]


async def test_trying_the_other_header_styles_is_no_rejection_of_the_key() -> None:
    def refuse_bearer(told: Told) -> None:
        if told.path.endswith("/sessions") and len(server.received) == 4:
            told.status_code = 403
            told.say({"success": False, "error": "no", "code": "x", "details": None, "requestId": "r"})

    heard = Heard()
    async with served(refuse_bearer) as (_, server, target):
        run = await play("auth_styles", target, listener=heard)

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.AUTH_REJECTED)
    assert run.failed_step is not None
    assert run.failed_step.name == "bearer"
    assert not any(exchange.key_rejected for exchange in heard.exchanges)


def _calling(body: dict[str, object] | str) -> Scenario:
    call = WrongCall(operation=Operation.SEND_EVENT, body=body)
    return scenario_of(CREATE, Step(name="call", action=call, expect=Expect(status_codes=(200, 400))))


@pytest.mark.parametrize(
    "body",
    [
        '{"kind": "action_confirm_payment_card"}',
        {"kind": ["action_confirm_payment_card"]},
        {"kind": "action_confirm_payment_card"},
        {"kind": "{{ session_id }}", "text": {"a": 1}},
    ],
)
async def test_in_production_a_call_that_writes_or_can_not_be_read_is_not_sent(body: dict[str, object] | str) -> None:
    async with served() as (sandbox, _, _):
        run = await play(_calling(body), target_for(sandbox, environment=Environment.PRODUCTION))

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    assert not any(request.path.endswith("/events") for request in sandbox.requests)


async def test_in_production_a_call_that_books_nothing_is_sent() -> None:
    async with served() as (sandbox, _, _):
        target = target_for(sandbox, environment=Environment.PRODUCTION)
        run = await play(_calling({"sessionId": "{{ session_id }}"}), target)

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
