"""Whatever bytes a server answers, the run has a verdict in time, and nothing of ours breaks."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guide import GuideServer
from support.mutants import mutants
from support.playing import Heard, play, target_for
from support.wire import Received, Reply

from exporter.recorder import Recorder
from exporter.run_json import runs_as_json
from probes import answers, bookings, contract
from probes.correlation import SeenIds, Sender, correlate
from probes.expectations import Wanted, judge
from probes.listening import Listeners
from probes.model import Exchange, Phases, Run
from probes.origin import Origin
from probes.scenario import Expect
from probes.words import Leaves, Operation, Outcome

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SESSION = "sess_1771456953407_g7p6233d"
_TRACE = f"demo-tenant:partner_api:partner-chat:{SESSION}:evt_1771456966998"
_RESULT = {
    "traceId": _TRACE,
    "status": "shortlist",
    "message": {"text": "Three hotels."},
    "artifacts": {
        "shortlist": [{"optionId": "1375108c"}],
        "payment": {"setupUrl": "https://pay.example/psu_1771456992743_e2634ddd"},
        "booking": {"bookingId": "b1", "status": "confirmed", "confirmationUrl": "https://pay.example/b1"},
    },
}
_EVENT = {"eventId": "evt_1", "kind": "search_query", "resultStatus": "shortlist", "recordedAt": "2026-02-18T23:22:46Z"}
_ACTOR = {"actorId": "partner_user_001"}
_REFUSAL = {"success": False, "error": "No.", "code": "session_not_found", "details": None, "requestId": "8f6f7d9d"}
GOLDEN: tuple[Any, ...] = (
    {"data": {"sessionId": SESSION}},
    {"data": {"sessionId": SESSION, "event": {"id": "evt_1771456966998", "kind": "search_query"}, "result": _RESULT}},
    {"data": {"sessionId": SESSION, "tenantId": "demo-tenant", "actor": _ACTOR, "events": [_EVENT, _EVENT]}},
    _REFUSAL,
)


def _whole(value: Any) -> Any:
    """Without halves of characters and endless numbers, which JSON can't be written with."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case int() if abs(value) > 2**63:
            return 0
        case _:
            return value


def _json(value: Any) -> bytes:
    return orjson.dumps(_whole(value), option=orjson.OPT_NON_STR_KEYS)


_TRAPS = (
    *(b"", b"null", b"[]", b'{"data": NaN}', b'{"data": {}, "data": {}}', b"[" * 90_000, b"9" * 5_000, b'"\xff"'),
    *(b'{"data": {"sessionId": "\\ud83d"}}', b"\xef\xbb\xbf{}", b"\x1f\x8b\x08\x00", b'{"a": 1}{"a": 2}', b"\x00" * 99),
    b'{"data": {"result": {"status": 1e999}}}',
)
_BODIES = (
    st.sampled_from(GOLDEN)
    .flatmap(mutants)
    .map(lambda value: orjson.dumps(_whole(value), option=orjson.OPT_NON_STR_KEYS))
    | st.sampled_from(GOLDEN).map(orjson.dumps)
    | st.sampled_from(_TRAPS)
    | st.binary(max_size=60)
    | st.tuples(st.sampled_from(GOLDEN), st.integers(0, 300)).map(lambda cut: orjson.dumps(cut[0])[: cut[1]])
)


_STATUS_LINES = st.sampled_from(
    ["HTTP/1.1 200 OK"] * 12
    + [
        f"HTTP/1.1 {code} Odd"
        for code in (201, 204, 299, 304, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599, 600, 999)
    ]
    + ["HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1 099 x", "HTTP/2 200", "ICY 200 OK", "HTTP/1.1 2OO", "", "\xff\x00"]
)
_NUMBERS = ("", "0", "-1", "60", "NaN", "1e3", "9999999999", "9" * 400, "\xb2", "1, 2", "Thu, 01 Jan 1970 00:00:00 GMT",
            "Sun, 99 Xyz 99999 99:99:99 GMT", "Wed, 21 Oct 2099 07:28:00 GMT")  # fmt: skip
_IDS = ("", "a b", "x" * 5_000, "<script>", "\xff\xfe", "8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b", '"}')
_TYPES = ("application/json", "application/problem+json", "text/html", "", "application/json; charset=utf-16", ";;;")
_HEADERS = st.lists(
    st.tuples(st.sampled_from(["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"]), st.sampled_from(_NUMBERS))
    | st.tuples(st.sampled_from(["x-request-id", "x-partner-id", "location", "set-cookie"]), st.sampled_from(_IDS))
    | st.tuples(st.just("content-type"), st.sampled_from(_TYPES))
    | st.sampled_from([("content-encoding", "gzip"), ("transfer-encoding", "chunked"), ("content-length", "7"),
                       ("content-length", "-1"), ("connection", "upgrade"), ("bad name", "x"), ("x", "\x01")]),
    max_size=5,
)  # fmt: skip


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """A whole answer as it stands on the wire, with a length that is right, wrong or not told."""
    body, headers = draw(_BODIES), [("content-type", "application/json"), *draw(_HEADERS)]
    if draw(st.integers(0, 3)):
        headers.append(("content-length", str(max(0, len(body) + draw(st.sampled_from([0, 0, 0, 0, 5, -3]))))))
    lines = [draw(_STATUS_LINES), *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def run_that_meets(wire: bytes, number: int) -> tuple[Run, list[str]]:
    """A quick search whose request of that number is answered with these bytes, told to all that listen."""
    heard = Heard()

    def refuses(received: Received) -> Reply | None:
        if len(server.received) != number:
            return None
        session_id = str(orjson.loads(received.content).get("sessionId", SESSION)) if number == 2 else SESSION
        return Reply(status_code=0, body=None, raw=wire.replace(SESSION.encode(), session_id.encode()))

    async with GuideServer(refuses=refuses) as server:
        listeners = Listeners(heard, Recorder())
        run = await play(
            "quick_search", target_for(server), listener=listeners, deadline_seconds=0.8, step_deadline_seconds=0.4
        )
    return run, [fault.detail for fault in heard.faults]


@settings(max_examples=600)
@given(wires(), st.sampled_from([1, 2, 2, 2, 3]))
def test_any_bytes_of_a_server_end_in_a_verdict_in_time(wire: bytes, number: int) -> None:
    began = time.monotonic()
    run, faults = asyncio.run(run_that_meets(wire, number))
    took = time.monotonic() - began

    assert run.outcome in {Outcome.PASSED, Outcome.DEGRADED, Outcome.FAILED}
    assert faults == []
    assert orjson.dumps(runs_as_json([run], str))
    assert took < 0.8 + 1.0


@settings(max_examples=1_500)
@given(st.sampled_from(GOLDEN).flatmap(mutants), st.sampled_from([200, 201, 400, 404, 500]))
def test_any_mutant_of_a_golden_answer_is_read_and_judged(body: Any, status_code: int) -> None:
    answer = answers.read(status_code, [("content-type", "application/json")], _json(body), now=NOON)
    expect = Expect(chat_statuses=("shortlist",), artifacts=("shortlist", "payment.setupUrl"))
    for operation in Operation:
        exchange = exchange_with(answer, operation)
        wanted = Wanted(expect=expect, operation=operation, leaves=Leaves.BOOKING, session_id=SESSION)
        found = contract.findings(operation, answer)
        failure = judge(exchange, wanted)

        assert len(found) <= 20
        assert failure is None or len(failure.observed) <= 250
    assert isinstance(bookings.booking_id_in(answer), str | None)


def exchange_with(answer: Any, operation: Operation) -> Exchange:
    sender = Sender(origin=Origin.of("http://127.0.0.1"), run_id="r1", step="search", attempt=1)
    ids = correlate(operation, answer, sender, SeenIds())
    return Exchange(
        operation=operation,
        attempt=1,
        method="POST",
        path="/",
        started_at=NOON,
        duration_seconds=0.0,
        phases=Phases(),
        expected=True,
        answer=answer,
        request_id_state=ids.request_id,
        trace_id_state=ids.trace_id,
    )
