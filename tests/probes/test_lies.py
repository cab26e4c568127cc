"""A server that lies: each changed answer is caught, no URL of a server is followed, no key leaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

import orjson
import pytest
from support.lying import Lying, Told, at, put
from support.playing import Heard, play, target_for

from exporter.run_json import runs_as_json
from probes import answers
from probes.expectations import Wanted, judge
from probes.model import Answer, Exchange, Phases, Run
from probes.redaction import Scrubber, Secret
from probes.sandbox.server import SandboxServer
from probes.scenario import Expect
from probes.words import FailureKind, FindingKind, Leaves, Operation, Outcome


async def play_with(lie: Callable[[Told], None], scenario: str = "golden_path") -> Run:
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        return await play(scenario, target_for(sandbox, base_url=server.base_url))


async def test_another_session_in_an_answer_is_an_identity_failure() -> None:
    run = await play_with(at(2, put("data.sessionId", "sess_1771456953407_stranger")))

    assert run.reason == FailureKind.IDENTITY


async def test_an_undocumented_field_is_a_finding_and_no_failure() -> None:
    run = await play_with(at(1, put("data.result.surprise", 1)))

    assert run.outcome is Outcome.PASSED
    assert [(finding.kind, finding.detail) for finding in run.findings] == [
        (FindingKind.UNDOCUMENTED_FIELD, "data.result: surprise")
    ]


@pytest.mark.parametrize("name", ["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-partner-id"])
async def test_a_promised_header_that_is_missing_is_a_finding_and_no_failure(name: str) -> None:
    def lie(told: Told) -> None:
        told.headers.pop(name, None)

    run = await play_with(lie, "quick_search")

    assert run.outcome is Outcome.PASSED
    assert (FindingKind.MISSING_HEADER, name) in {(finding.kind, finding.detail) for finding in run.findings}


@pytest.mark.parametrize("status_code", [200, 201])
async def test_a_create_may_answer_200_or_201(status_code: int) -> None:
    def lie(told: Told) -> None:
        if told.path.endswith("/sessions"):
            told.status_code = status_code

    run = await play_with(lie, "quick_search")

    assert run.outcome is Outcome.PASSED
    assert run.steps[0].exchanges[0].status_code == status_code


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        pytest.param(b"<html>login</html>", "text/html", FailureKind.NOT_JSON, id="html"),
        pytest.param(b"", "application/json", FailureKind.NOT_JSON, id="empty"),
        pytest.param(b'{"data": NaN}', "application/json", FailureKind.NOT_JSON, id="NaN"),
        pytest.param(b'{"data": {}, "data": {}}', "application/json", FailureKind.NOT_JSON, id="duplicate-key"),
        pytest.param(b"[" * 100_000, "application/json", FailureKind.NOT_JSON, id="deep"),
        pytest.param(b"9" * 5_000, "application/json", FailureKind.NOT_JSON, id="huge-number"),
        pytest.param(b"[]", "application/json", FailureKind.ENVELOPE, id="list"),
        pytest.param(b'{"data": null}', "application/json", FailureKind.ENVELOPE, id="null"),
        pytest.param(b'{"data": {"sessionId": "s"}}', "text/plain", FailureKind.NOT_JSON, id="content-type"),
        pytest.param(b'"\xff"', "application/json", FailureKind.NOT_JSON, id="not-utf8"),
        pytest.param(
            b'{"data": {"x": "%s"}}' % (b"a" * 1_100_000), "application/json", FailureKind.BODY_TOO_LARGE, id="large"
        ),
    ],
)
async def test_a_success_with_a_strange_body_has_its_kind(body: bytes, content_type: str, kind: FailureKind) -> None:
    def lie(told: Told) -> None:
        told.body, told.headers["content-type"] = body, content_type

    run = await play_with(lie, "quick_search")

    assert (run.outcome, run.reason) == (Outcome.FAILED, kind)


class Recorder:
    """A host that nobody has business with: keeps every byte that reaches it."""

    def __init__(self) -> None:
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.2", 0)
        self.url = f"http://127.0.0.2:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_nothing_goes_to_where_it_leads(status_code: int) -> None:
    async with Recorder() as elsewhere:

        def lie(told: Told) -> None:
            told.status_code, told.headers["location"] = status_code, f"{elsewhere.url}/x"

        run = await play_with(lie, "quick_search")

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.REDIRECT)
    assert elsewhere.connections == 0


SETUP_URLS = (
    "{elsewhere}/setup/psu_1771456992743_e2634ddd",
    "{portal}@127.0.0.2/setup/psu_1771456992743_e2634ddd",
    "http://127.0.0.2\\@{portal_host}/setup/psu_1771456992743_e2634ddd",
    "//127.0.0.2/setup/psu_1771456992743_e2634ddd",
    "http://2130706434/setup/psu_1771456992743_e2634ddd",
    "http://0x7f.2/psu_1771456992743_e2634ddd",
    "http://[::ffff:127.0.0.2]/psu_1771456992743_e2634ddd",
    "javascript:alert(1)//psu_1771456992743_e2634ddd",
    "file:///etc/passwd",
    "{portal}/setup/",
    "{portal}/setup/psu_1_aaaa?token=psu_1_bbbb",
    "https://{portal_host}/setup/psu_1771456992743_e2634ddd",
    "not a url",
    "{portal}/setup/psu_1771456992743_e2634ddd\n",
)


@pytest.mark.parametrize("url", SETUP_URLS)
async def test_a_setup_url_that_leads_elsewhere_fails_the_step_and_is_never_fetched(url: str) -> None:
    async with Recorder() as elsewhere, SandboxServer() as sandbox:
        filled = url.format(elsewhere=elsewhere.url, portal=sandbox.base_url, portal_host=sandbox.base_url[7:])
        lie = at(3, put("data.result.artifacts.payment.setupUrl", filled))
        async with Lying(sandbox.base_url, lie) as server:
            run = await play("golden_path", target_for(sandbox, base_url=server.base_url))
        attached = [request for request in sandbox.requests if b"portalToken" in request.body]

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.PORTAL)
    assert elsewhere.connections == 0
    assert attached == []
    assert run.failed_step is not None
    assert run.failed_step.failure is not None
    assert "psu_" not in run.failed_step.failure.observed


async def test_the_partner_key_never_goes_to_the_portal() -> None:
    async with SandboxServer() as sandbox:
        await play("golden_path", target_for(sandbox))
        (attach,) = [request for request in sandbox.requests if b"portalToken" in request.body]

    assert sandbox.api_key not in str(attach.headers)
    assert sandbox.api_key.encode() not in attach.body


async def test_ids_that_disagree_are_findings_and_no_failure() -> None:
    def lie(told: Told) -> None:
        if told.path.endswith("/events"):
            at(1, put("data.result.traceId", "demo:partner_api:partner-chat:sess_other:evt_other"))(told)

    run = await play_with(lie, "quick_search")

    assert run.outcome is Outcome.PASSED
    assert FindingKind.CORRELATION_MISMATCH in {finding.kind for finding in run.findings}


@pytest.mark.parametrize(
    "place", [b'"status":"', b'"traceId":"', b'"text":"', b'"sessionId":"', b'"event":{"', b'"kind":"']
)
async def test_half_a_character_in_a_text_of_the_server_is_data(place: bytes) -> None:
    """As of an assistant's text that was cut in the middle of an emoji."""

    def lie(told: Told) -> None:
        if told.turn == 1 and told.path.endswith("/events"):
            told.body = told.body.replace(place, place + rb"\ud83d", 1)

    heard = Heard()
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        run = await play("quick_search", target_for(sandbox, base_url=server.base_url), listener=heard)

    assert run.outcome is not Outcome.UNKNOWN
    assert heard.faults == []
    assert orjson.dumps(runs_as_json([run], str))


@pytest.mark.parametrize(
    ("turn", "path", "value"),
    [
        (1, "data.result.artifacts.shortlist", "abc"),
        (1, "data.result.artifacts.shortlist", {"a": 1}),
        (3, "data.result.artifacts.payment.setupUrl", 5),
        (4, "data.result.artifacts.payment", "card"),
        (5, "data.result.artifacts.booking.confirmationUrl", ["x"]),
    ],
)
async def test_an_artifact_of_another_type_is_not_there(turn: int, path: str, value: object) -> None:
    run = await play_with(at(turn, put(path, value)))

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ARTIFACT)


@pytest.mark.parametrize("session_id", ["..", "x" * 100_000, "a b", "\u0000", "caf\u00e9"])
async def test_a_session_id_that_can_not_be_sent_back_is_a_failure_of_the_api(session_id: str) -> None:
    run = await play_with(at(0, put("data.sessionId", session_id)), "quick_search")

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.ENVELOPE)


@pytest.mark.parametrize("filler", [{}, 0, [0] * 60, None], ids=["objects", "numbers", "lists", "nulls"])
async def test_a_large_answer_that_breaks_everything_does_not_hold_up_the_loop(filler: object) -> None:
    many = 1_000_000 // len(orjson.dumps(filler) + b",")

    def lie(told: Told) -> None:
        if told.method == "GET":
            body: Any = told.json
            body["data"]["events"] = [filler] * many
            told.say(body)

    began = time.monotonic()
    run = await play_with(lie, "quick_search")
    took = time.monotonic() - began

    assert run.outcome is Outcome.FAILED
    assert took < 1.5


@pytest.mark.parametrize("before", range(150, 230))
def test_no_part_of_a_key_is_left_by_cutting_a_text(before: int) -> None:
    key = "k3y-0f-s0meb0dy-and-l0ng-en0ugh"
    error = "x" * 20 + " " + "y" * (before - 21) + key + " and more " * 40
    body = orjson.dumps({"success": False, "error": error})
    answer = answers.read(500, [("content-type", "application/json")], body, now=datetime.now(UTC))
    wanted = Wanted(expect=Expect(), operation=Operation.SEND_EVENT, leaves=Leaves.SESSION)
    failure = judge(an_exchange(answer), wanted)
    shown = Scrubber([Secret(key)]).text(failure.observed if failure else "")

    assert failure is not None
    assert not any(key[:length] in shown for length in range(6, len(key)))


def an_exchange(answer: Answer) -> Exchange:
    return Exchange(
        operation=Operation.SEND_EVENT,
        attempt=1,
        method="POST",
        path="/",
        started_at=datetime.now(UTC),
        duration_seconds=0,
        phases=Phases(),
        expected=False,
        answer=answer,
    )


async def test_an_answer_for_another_actor_is_an_identity_failure() -> None:
    def lie(told: Told) -> None:
        if told.method == "GET":
            body: Any = told.json
            body["data"]["actor"]["actorId"] = "somebody_else"
            told.say(body)

    run = await play_with(lie, "quick_search")

    assert run.reason == FailureKind.IDENTITY


async def test_a_request_id_that_differs_between_header_and_body_is_a_finding() -> None:
    def lie(told: Told) -> None:
        if told.turn == 1:
            told.status_code = 404
            error = {"success": False, "error": "gone", "code": "session_not_found", "details": None}
            told.say({**error, "requestId": "other"})

    run = await play_with(lie, "quick_search")

    assert run.reason == FailureKind.NOT_FOUND
    assert FindingKind.CORRELATION_MISMATCH in {finding.kind for finding in run.findings}
