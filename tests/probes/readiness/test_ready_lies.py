"""An API that breaks one promise of the guide and keeps the others: the check of that promise says so."""

from __future__ import annotations

from typing import Any

import pytest
from support.lies import Lie, clock_off_by, code, data, header, limited_once, status, text, wherever
from support.lying import DROP, Lying, Told, at, put
from support.readying import Readied, played, ready_target

from probes.readiness.words import CheckState, Verdict
from probes.sandbox.server import SandboxServer


async def asked(lie: Lie, *scenarios: str, target: dict[str, Any] | None = None, **options: Any) -> Readied:
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        lied_to = ready_target(sandbox, **{"base_url": server.base_url, **(target or {})})
        return await played(lied_to, scenarios=scenarios, **options)


def drop(name: str) -> Lie:
    return data(lambda told: told.pop(name))


LIES: dict[str, tuple[Lie, str, str, str]] = {
    "wrong key, other code": (wherever(403, code("forbidden")), "error_catalog", "wrong_key", "saw forbidden"),
    "wrong key, other status": (wherever(403, status(400)), "error_catalog", "wrong_key", "HTTP 400"),
    "the server breaks": (
        wherever(403, status(500)),
        "error_catalog",
        "scenario:error_catalog",
        "server_error",
    ),
    "missing key, other status": (wherever(401, status(403)), "error_catalog", "missing_key", "HTTP 403"),
    "missing key, no id": (
        wherever(401, header("x-request-id", None)),
        "error_catalog",
        "documented_headers",
        "header x-request-id",
    ),
    "two partners": (
        wherever(200, header("x-partner-id", "another"), path="/events"),
        "quick_search",
        "tenant",
        "demo-partner; another",
    ),
    "two tenants": (
        wherever(200, data(lambda told: told.update(tenantId="another")), path="/sessions/"),
        "quick_search",
        "tenant",
        "demo-tenant; another",
    ),
    "more left than there is": (
        wherever(200, header("x-ratelimit-remaining", "601"), path="/events"),
        "quick_search",
        "quota_headers",
        "601 of 600 left",
    ),
    "a limit in words": (
        wherever(200, header("x-ratelimit-limit", "many")),
        "quick_search",
        "quota_headers",
        "x-ratelimit-limit is no whole number",
    ),
    "no partner": (
        wherever(200, header("x-partner-id", None), path="/events"),
        "quick_search",
        "documented_headers",
        "missing_header (send_event): x-partner-id",
    ),
    "a retry-after in words": (limited_once("soon"), "quick_search", "retry_after", "1 of 1 can't be read"),
    "a field less": (
        wherever(200, drop("tenantId"), path="/sessions/"),
        "quick_search",
        "envelopes",
        "missing_field (get_session): data: tenantId",
    ),
    "a field of another type": (
        wherever(200, data(lambda told: told.update(events={})), path="/sessions/"),
        "quick_search",
        "envelopes",
        "wrong_type (get_session): data.events",
    ),
    "one id for all": (
        wherever(200, header("x-request-id", "always-the-same")),
        "quick_search",
        "correlation",
        "correlation_repeated",
    ),
    "another write's answer": (
        at(8, put("data.result.artifacts.booking.confirmationUrl", "https://elsewhere.example/2")),
        "idempotent_replay",
        "idempotency",
        "step confirm_again",
    ),
    "a write that is refused the second time": (
        at(4, put("data.result.status", "error")),
        "idempotent_replay",
        "idempotency",
        "step book_again: chat_status",
    ),
    "another actor is let in": (wherever(409, status(404)), "session_isolation", "isolation", "step other_actor"),
    "another's session is forbidden": (
        wherever(404, status(403), path="/sessions/"),
        "session_isolation",
        "isolation",
        "step unknown_session",
    ),
    "a newer file": (
        wherever(200, text("version: 1.0.0", "version: 2.0.0"), path="/openapi"),
        "contract_files",
        "contract_drift",
        "the API's version is",
    ),
    "no file": (wherever(200, status(404), path="/llms"), "contract_files", "contract_files", "HTTP 404"),
}


@pytest.mark.parametrize(("lie", "scenario", "check", "seen"), LIES.values(), ids=LIES)
async def test_a_broken_promise_is_told_by_its_own_check(lie: Lie, scenario: str, check: str, seen: str) -> None:
    readied = await asked(lie, scenario)

    assert readied.verdict is Verdict.NOT_READY
    assert readied.failed[0] == check
    assert seen in readied.check(check).seen
    assert readied.check(check).what_to_do
    assert all(proof.run_id and proof.step for proof in readied.check(check).proofs)
    assert readied.check(check).proofs


@pytest.mark.parametrize(("style", "prefix"), [("authorization", "bearer"), ("api-key", "api_key")])
async def test_a_header_style_that_is_refused_is_told(style: str, prefix: str) -> None:
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lambda _: None) as server:

        def refuse(told: Told) -> None:
            if style in server.received[-1][2]:
                told.status_code = 403
                refusal = {"success": False, "error": "No.", "code": "invalid_partner_api_key", "details": None}
                told.say({**refusal, "requestId": told.headers["x-request-id"]})

        server.lie = refuse
        target = ready_target(sandbox, base_url=server.base_url)
        readied = await played(target, scenarios=("auth_styles",))

    assert readied.failed == ["header_styles", "scenario:auth_styles"]
    assert f"step {prefix}: auth_rejected" in readied.check("header_styles").seen


async def test_what_is_tolerated_passes_with_a_note() -> None:
    readied = await asked(wherever(200, data(lambda told: told.update(news=1)), path="/sessions/"), "quick_search")

    assert (readied.verdict, readied.failed) == (Verdict.READY, [])
    assert "undocumented_field: data: news" in readied.check("scenario:quick_search").what_to_do


def nameless(told: Told) -> None:
    """Without a moment in ids and events."""
    told.body = told.body.replace(b"sess_", b"sess-").replace(b"recordedAt", b"recordedOn")


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
async def test_clocks_that_disagree_can_not_be_told_apart(seconds: float) -> None:
    readied = await asked(wherever(200, clock_off_by(seconds), nameless), "quick_search")

    assert readied.state("clock_skew") is CheckState.CANNOT_TELL
    assert ("ahead of" if seconds > 0 else "behind") in readied.check("clock_skew").seen
    assert "NTP" in readied.check("clock_skew").what_to_do


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
async def test_a_date_header_against_the_ids_and_our_clock_is_the_apis_fault(seconds: float) -> None:
    readied = await asked(wherever(200, clock_off_by(seconds)), "quick_search")

    assert (readied.verdict, readied.failed) == (Verdict.NOT_READY, ["clock_skew"])
    assert "sessionId or recordedAt agrees with it" in readied.check("clock_skew").seen
    assert readied.check("clock_skew").proofs[0].request_id is not None


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "Thu, 99 Foo 2026 00:00:00 GMT", f"Thu, 26 Nov 2026 00:00:00 +{10**14}", f"1 Nov {10**30} 0:0"],
)
async def test_a_date_that_can_not_be_read_is_no_clock(date: str) -> None:
    readied = await asked(wherever(200, header("date", date)), "quick_search")

    assert readied.state("clock_skew") is CheckState.PASSED
    assert "sessionId" in readied.check("clock_skew").seen


async def test_a_number_in_an_id_that_is_no_present_time_is_no_clock() -> None:
    def old(told: Told) -> None:
        for name in ("sessionId", "events"):
            if name in str(told.body):
                told.body = told.body.replace(b"sess_", b"sess-").replace(b"recordedAt", b"recordedOn")

    readied = await asked(wherever(200, old, path="/sessions"), "quick_search")

    assert readied.state("clock_skew") is CheckState.NOT_EXERCISED


@pytest.mark.parametrize(
    ("retry_after", "seen"),
    [("0", "in 1 of 1 answers 429"), (None, "no retry-after in 1 answers 429; it isn't promised")],
)
async def test_a_retry_after_that_can_be_read_or_is_not_sent_passes(retry_after: str | None, seen: str) -> None:
    readied = await asked(limited_once(retry_after), "quick_search")

    assert readied.state("retry_after") is CheckState.PASSED
    assert seen in readied.check("retry_after").seen
    assert readied.verdict is Verdict.READY
    assert "degraded" in readied.check("scenario:quick_search").seen


@pytest.mark.parametrize(
    ("lie", "seen"),
    [
        (lambda _: None, "1 repeated turns were the same event once more"),
        (at(2, put("data.event.id", "evt_1771456966999")), "1 of 1 repeats were new events; it isn't promised"),
    ],
    ids=["honoured", "not"],
)
async def test_whether_a_text_turns_key_is_honoured_is_told_and_fails_nothing(lie: Lie, seen: str) -> None:
    readied = await asked(lie, "idempotent_replay")

    assert readied.state("text_turn_key") is CheckState.PASSED
    assert readied.check("text_turn_key").seen == seen


async def test_a_key_of_another_partner_than_the_configured_one_is_told() -> None:
    readied = await asked(lambda _: None, "quick_search", target={"partner": "somebody"})

    assert readied.failed == ["tenant"]
    assert "the partner somebody" in readied.check("tenant").expected


async def test_a_partner_that_is_not_configured_is_compared_with_nothing() -> None:
    readied = await asked(lambda _: None, "quick_search", target={"partner": "brekwatch"})

    assert readied.state("tenant") is CheckState.PASSED


async def test_isolation_of_tenants_needs_another_tenants_key() -> None:
    readied = await asked(lambda _: None, "session_isolation", target={"other_api_key": None})

    assert (readied.verdict, readied.failed) == (Verdict.READY, [])
    assert readied.state("isolation") is CheckState.NOT_EXERCISED
    assert "other_api_key" in readied.check("isolation").what_to_do


async def test_a_slow_answer_breaks_the_asked_budget_alone() -> None:
    within = await asked(lambda _: None, "quick_search")
    beyond = await asked(lambda _: None, "quick_search", latency_budget_seconds=0.000_001)
    objective = await asked(lambda _: None, "quick_search", objectives={"quick_search": 0.000_001})

    assert (within.failed, beyond.failed, objective.failed) == ([], ["latency"], ["latency"])
    assert beyond.check("latency").proofs[0].request_id
    assert "quick_search took" in beyond.check("latency").seen


async def test_a_dropped_value_is_no_field_less_where_it_is_optional() -> None:
    readied = await asked(at(1, put("data.result.artifacts.shortlist", DROP)), "auth_styles")

    assert readied.state("envelopes") is CheckState.PASSED
