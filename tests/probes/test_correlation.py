"""The ids that support asks for: there, agreeing, each for one request alone; and no word of what documents allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.guide import GuideServer
from support.lying import DROP, Lying, Told, at, put
from support.playing import Heard, play, scenario_of, target_for

from exporter.recorder import Recorder
from probes.correlation import SeenIds, Sender
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.model import Exchange, Run
from probes.origin import Origin
from probes.redaction import Secret
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario import CreateSession, Expect, Repeat, Say, Step
from probes.scenario_files import shipped
from probes.words import NO_CODE, CorrelationId, CorrelationState, FindingKind, Operation, Outcome

ELSEWHERE = Origin.of("https://elsewhere.invalid")
HERE = Origin.of("http://127.0.0.1:3000")
CREATE = Step(name="create_session", action=CreateSession())
SEARCH = Step(name="search", action=Say(text="find me a hotel"))
TWICE = scenario_of(CREATE, SEARCH, Step(name="again", action=Repeat(step="search", request=SEARCH.action)))
CORRELATION_KINDS = {
    FindingKind.CORRELATION_MISSING,
    FindingKind.CORRELATION_MISMATCH,
    FindingKind.CORRELATION_REPEATED,
}


def told_of(run: Run) -> list[tuple[FindingKind, str]]:
    return [(each.kind, each.detail) for each in run.findings if each.kind in CORRELATION_KINDS]


async def played(lie: Callable[[Told], None], scenario: Any = "quick_search", **options: Any) -> tuple[Run, Heard]:
    heard = Heard()
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play(scenario, target_for(sandbox, base_url=server.base_url), listener=heard, **options)
    return run, heard


def exchange_of(heard: Heard, operation: Operation, nth: int = 0) -> Exchange:
    return [exchange for exchange in heard.exchanges if exchange.operation is operation][nth]


@pytest.mark.parametrize("server", [SandboxServer, GuideServer], ids=["sandbox", "guide"])
async def test_of_a_sound_server_nothing_is_told_whatever_is_played_there(
    server: type[SandboxServer | GuideServer],
) -> None:
    heard = Heard()
    async with server() as sound:
        target = target_for(sound, other_api_key=Secret(sound.other_api_key or ""))
        runner = Runner(ledger=MemoryLedger(), listener=heard)
        runs = [await runner.play(scenario, target) for scenario in shipped().values()]

    assert {run.outcome for run in runs} == {Outcome.PASSED}
    assert [told_of(run) for run in runs] == [[]] * len(runs)
    states = {exchange.request_id_state for exchange in heard.exchanges}
    assert states == {CorrelationState.PRESENT, None}


async def test_a_header_and_a_body_that_disagree_are_told_with_both_values() -> None:
    def lie(told: Told) -> None:
        if told.turn == 1 and told.path.endswith("/events"):
            told.status_code = 404
            told.headers["x-request-id"] = "of-the-header"
            error = {"success": False, "error": "gone", "code": "session_not_found", "details": None}
            told.say({**error, "requestId": "of-the-body"})

    run, heard = await played(lie)

    assert told_of(run) == [
        (FindingKind.CORRELATION_MISMATCH, "x-request-id: of-the-header; requestId: of-the-body"),
    ]
    assert exchange_of(heard, Operation.SEND_EVENT).request_id_state is CorrelationState.MISMATCHED


def without_request_id(told: Told) -> None:
    told.headers.pop("x-request-id", None)


async def test_a_missing_header_is_told_for_each_operation_that_lacks_it() -> None:
    run, heard = await played(without_request_id)

    assert told_of(run) == [(FindingKind.CORRELATION_MISSING, "no readable x-request-id; requestId: none")] * 3
    assert {exchange.request_id_state for exchange in heard.exchanges} == {CorrelationState.MISSING}


async def test_a_missing_trace_id_is_told_with_the_session_and_event_that_it_should_have_named() -> None:
    run, heard = await played(at(1, put("data.result.traceId", DROP)))
    turn = exchange_of(heard, Operation.SEND_EVENT)

    assert turn.answer is not None
    assert told_of(run) == [
        (
            FindingKind.CORRELATION_MISSING,
            f"no readable traceId; session: {turn.answer.session_id}; event: {turn.answer.event_id}",
        )
    ]
    assert turn.trace_id_state is CorrelationState.MISSING


def with_trace(change: Callable[[list[str]], list[str]]) -> Callable[[Told], None]:
    def lie(body: Any) -> None:
        result = body["data"]["result"]
        result["traceId"] = ":".join(change(result["traceId"].split(":")))

    return at(1, lie)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda parts: ["", *parts[1:]], id="no tenant"),
        pytest.param(lambda parts: [parts[0], "", *parts[2:]], id="no source"),
        pytest.param(lambda parts: [*parts[:2], "", *parts[3:]], id="no channel"),
        pytest.param(lambda parts: parts[1:], id="four parts"),
        pytest.param(lambda parts: ["extra", *parts], id="six parts"),
        pytest.param(lambda parts: [*parts[:3], "sess_other", parts[4]], id="another session"),
        pytest.param(lambda parts: [*parts[:4], "evt_other"], id="another event"),
        pytest.param(lambda parts: [*parts[:3], parts[4], parts[3]], id="session and event swapped"),
    ],
)
async def test_a_trace_id_that_is_not_as_documented_is_told_with_what_it_should_name(
    change: Callable[[list[str]], list[str]],
) -> None:
    run, heard = await played(with_trace(change))
    turn = exchange_of(heard, Operation.SEND_EVENT)

    assert run.outcome is Outcome.PASSED
    assert turn.trace_id_state is CorrelationState.MISMATCHED
    ((kind, detail),) = told_of(run)
    assert kind is FindingKind.CORRELATION_MISMATCH
    assert turn.answer is not None
    for each in (turn.answer.trace_id, turn.answer.session_id, turn.answer.event_id):
        assert str(each) in detail


async def test_tenant_source_and_channel_may_be_anything_since_no_document_says_whose_copies_they_are() -> None:
    run, _ = await played(with_trace(lambda parts: ["any-tenant", "any-source", "any-channel", *parts[3:]]))

    assert told_of(run) == []


async def test_a_request_id_that_two_requests_of_a_run_had_is_told_with_the_other_one() -> None:
    def lie(told: Told) -> None:
        if told.path.endswith(("/sessions", "/events")):
            told.headers["x-request-id"] = "the-same"

    run, heard = await played(lie)

    assert told_of(run) == [
        (FindingKind.CORRELATION_REPEATED, "x-request-id: the-same; had before by step create_session, attempt 1"),
    ]
    assert exchange_of(heard, Operation.CREATE_SESSION).request_id_state is CorrelationState.PRESENT
    assert exchange_of(heard, Operation.SEND_EVENT).request_id_state is CorrelationState.REPEATED


async def test_two_attempts_without_a_key_are_two_requests() -> None:
    def lie(told: Told) -> None:
        if told.method == "GET":
            told.status_code = 500
            told.headers["x-request-id"] = "stuck"
            told.say({"success": False, "error": "oh", "requestId": "stuck"})

    run, _ = await played(lie)

    assert told_of(run) == [
        (FindingKind.CORRELATION_REPEATED, "x-request-id: stuck; had before by step snapshot, attempt 1"),
        (FindingKind.CORRELATION_REPEATED, "x-request-id: stuck; had before by step snapshot, attempt 2"),
    ]


async def test_a_trace_id_of_another_turn_is_told_as_repeated_and_as_not_its_own() -> None:
    first: list[str] = []

    def stale(body: Any) -> None:
        result = body["data"]["result"]
        first.append(result["traceId"])
        result["traceId"] = first[0]

    def lie(told: Told) -> None:
        at(1, stale)(told)
        at(2, stale)(told)

    run, heard = await played(lie, "golden_path_to_payment")

    assert exchange_of(heard, Operation.SEND_EVENT, 1).trace_id_state is CorrelationState.MISMATCHED
    assert [kind for kind, _ in told_of(run)] == [FindingKind.CORRELATION_MISMATCH, FindingKind.CORRELATION_REPEATED]
    assert told_of(run)[1][1] == f"traceId: {first[0]}; had before by step search, attempt 1"


async def test_a_whole_answer_that_comes_again_for_another_turn_is_told_as_repeated() -> None:
    stored: list[Told] = []

    def lie(told: Told) -> None:
        if told.path.endswith("/events"):
            stored.append(told)
            told.body, told.headers = stored[0].body, stored[0].headers

    run, heard = await played(lie, scenario_of(CREATE, SEARCH, Step(name="more", action=Say(text="find me another"))))

    assert [kind for kind, _ in told_of(run)] == [FindingKind.CORRELATION_REPEATED] * 2
    turn = exchange_of(heard, Operation.SEND_EVENT, 1)
    assert (turn.request_id_state, turn.trace_id_state) == (CorrelationState.REPEATED, CorrelationState.REPEATED)


@pytest.mark.parametrize("with_headers", [True, False], ids=["headers too", "body alone"])
async def test_a_repeat_of_the_same_key_may_be_answered_with_what_was_stored(with_headers: bool) -> None:
    stored: list[Told] = []

    def lie(told: Told) -> None:
        if told.path.endswith("/events"):
            stored.append(told)
            told.body = stored[0].body
            told.headers = stored[0].headers if with_headers else told.headers

    run, heard = await played(lie, TWICE)

    assert len(stored) == 2
    assert told_of(run) == []
    assert exchange_of(heard, Operation.SEND_EVENT, 1).request_id_state is CorrelationState.PRESENT


def refusal(told: Told, header: str, body: str, status_code: int = 500) -> None:
    told.status_code = status_code
    told.headers["x-request-id"] = header
    told.say({"success": False, "error": "oh", "requestId": body})


async def test_a_retry_of_the_same_key_may_be_refused_with_the_body_of_the_first_attempt() -> None:
    attempts: list[str] = []

    def lie(told: Told) -> None:
        if told.path.endswith("/events"):
            attempts.append(f"attempt-{len(attempts) + 1}")
            refusal(told, attempts[-1], attempts[0])

    run, heard = await played(lie)

    assert len(attempts) == 3
    assert told_of(run) == []
    states = [each.request_id_state for each in heard.exchanges if each.operation is Operation.SEND_EVENT]
    assert states == [CorrelationState.PRESENT] * 3


async def test_the_body_of_another_key_is_a_mismatch_and_a_repetition() -> None:
    def lie(told: Told) -> None:
        if told.turn and told.path.endswith("/events"):
            refusal(told, f"header-{told.turn}", "stale", 404)

    expecting = Expect(status_codes=(404,), codes=(NO_CODE,))
    turns = [Step(name=name, action=Say(text="find me a hotel"), expect=expecting) for name in ("one", "two")]
    run, _ = await played(lie, scenario_of(CREATE, *turns))

    assert told_of(run) == [
        (FindingKind.CORRELATION_MISMATCH, "x-request-id: header-1; requestId: stale"),
        (FindingKind.CORRELATION_MISMATCH, "x-request-id: header-2; requestId: stale"),
        (FindingKind.CORRELATION_REPEATED, "requestId: stale; had before by step one, attempt 1"),
    ]


async def test_a_turn_that_left_its_key_out_may_not_be_answered_as_before() -> None:
    def lie(told: Told) -> None:
        if told.path.endswith("/events"):
            told.headers["x-request-id"] = "the-same"

    search = Step(name="search", action=SEARCH.action, omit=("idempotencyKey",))
    again = Step(name="again", action=Repeat(step="search", request=search.action))
    run, _ = await played(lie, scenario_of(CREATE, search, again))

    assert [kind for kind, _ in told_of(run)] == [FindingKind.CORRELATION_REPEATED]


async def test_an_id_of_an_earlier_run_is_told_with_that_run() -> None:
    recorder, heard = Recorder(), Heard()

    def lie(told: Told) -> None:
        if told.method == "GET":
            told.headers["x-request-id"] = "the-same"

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        target = target_for(sandbox, base_url=server.base_url)
        runner = Runner(ledger=MemoryLedger(), listener=Listeners(recorder, heard))
        first, second = [await runner.play(shipped()["quick_search"], target) for _ in range(2)]

    assert told_of(first) == []
    assert told_of(second) == [
        (
            FindingKind.CORRELATION_REPEATED,
            f"x-request-id: the-same; had before by step snapshot, attempt 1, of run {first.run_id}",
        )
    ]
    told = recorder.render("")[0].decode()
    repeated = (
        'brek_probe_correlation_total{id="request_id",operation="get_session",state="repeated",target="sandbox"} 1'
    )
    assert repeated in told


async def test_two_deployments_may_give_the_same_ids() -> None:
    def lie(told: Told) -> None:
        if told.path.endswith("/sessions"):
            told.headers["x-request-id"] = "1"

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as one, Lying(sandbox.base_url, lie) as two:
        runner = Runner(ledger=MemoryLedger(), listener=Heard())
        runs = [
            await runner.play(shipped()["quick_search"], target_for(sandbox, base_url=server.base_url))
            for server in (one, two)
        ]

    assert [told_of(run) for run in runs] == [[], []]


async def test_files_and_the_portal_promise_no_ids_and_are_not_judged() -> None:
    def lie(told: Told) -> None:
        if not told.path.startswith("/api"):
            told.headers["x-request-id"] = "the-same"

    run, heard = await played(lie, "contract_files")

    assert told_of(run) == []
    assert {exchange.request_id_state for exchange in heard.exchanges} == {None}


def test_the_newest_ids_are_kept_and_the_oldest_forgotten() -> None:
    seen = SeenIds(most=3)
    sender = Sender(origin=HERE, run_id="r1", step="search", attempt=1)
    for each in ("a", "b", "c", "a", "d"):
        seen.keep(CorrelationId.REQUEST_ID, each, sender)

    known = [each for each in "abcd" if seen.sender(CorrelationId.REQUEST_ID, each, HERE)]
    assert known == ["a", "c", "d"]
    assert seen.sender(CorrelationId.TRACE_ID, "a", HERE) is None
    assert seen.sender(CorrelationId.REQUEST_ID, "a", ELSEWHERE) is None
