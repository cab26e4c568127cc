from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from support.desk import INCIDENT_ID, MINUTE, Drawer, a_failed_run, a_hit, an_incident, closed, of
from support.facts import NOON, REQUEST_ID, TRACE_ID
from support.web import raw
from support.webhooks import RIGHT, TOKEN, a_message, an_alert, labelled, taking, told

from exporter.web.alert_messages import MOST_ALERTS
from exporter.web.alerts import ALERTS_PATH, MOST_UNCOMMITTED
from exporter.web.connections import MOST_BODY_BYTES
from probes.errors import JournalError, LedgerUnavailableError
from probes.words import FailureKind

KEY = "sk_live_51H8xQzTyped"
JSON = {"content-type": "application/json"} | RIGHT


async def test_an_alert_is_tied_to_its_incident_and_answered_with_the_proof() -> None:
    drawer = Drawer(an_incident(), runs=[a_failed_run()])
    answer = await told(drawer, an_alert())

    assert answer.status_code == 200
    assert answer.json() == {
        "alerts": [
            {
                "fingerprint": "91e0a4c6b6a1f0d3",
                "alertname": "BrekServerErrors",
                "status": "firing",
                "incident_id": INCIDENT_ID,
                "incident_url": f"https://brekwatch.example/incidents/{INCIDENT_ID}",
                "request_ids": [REQUEST_ID],
                "trace_ids": [TRACE_ID],
            }
        ]
    }


async def test_an_alert_is_kept_with_what_names_it() -> None:
    drawer = Drawer(an_incident())
    await told(drawer, labelled(scenario="golden_path"))

    (seen,) = drawer.kept.values()
    assert (seen.name, seen.target, seen.scenario) == ("BrekServerErrors", "acme", "golden_path")
    assert (seen.status, seen.incident_id) == ("firing", INCIDENT_ID)
    assert seen.starts_at == datetime(2026, 11, 24, 12, 3, 0, 123456, tzinfo=UTC)
    assert (seen.ends_at, seen.received_at) == (None, NOON + 12 * MINUTE)


async def test_a_resolved_alert_has_an_end() -> None:
    drawer = Drawer(closed(an_incident()))
    await told(drawer, an_alert(status="resolved", endsAt="2026-11-24T13:09:00+01:00"))

    (seen,) = drawer.kept.values()
    assert seen.ends_at == NOON + 9 * MINUTE
    assert seen.incident_id == INCIDENT_ID


async def test_an_alert_neither_opens_nor_closes_an_incident() -> None:
    incident = an_incident()
    drawer = Drawer(incident)
    await told(drawer, an_alert(status="resolved"), labelled(target="other"))

    assert drawer.all == [incident]
    assert drawer.all[0].is_open


async def test_what_is_about_nothing_known_is_kept_without_an_incident() -> None:
    drawer = Drawer(an_incident())
    answer = await told(drawer, labelled(alertname="BrekWatchdog"), an_alert(labels={}, fingerprint="00"))

    assert [entry["incident_id"] for entry in answer.json()["alerts"]] == [None, None]
    assert [entry["incident_url"] for entry in answer.json()["alerts"]] == [None, None]
    assert {seen.name for seen in drawer.kept.values()} == {"BrekWatchdog", "unnamed"} - {"BrekWatchdog"} | {
        "BrekWatchdog"
    }


async def test_a_message_that_comes_again_is_kept_once() -> None:
    drawer = Drawer(an_incident())
    answers = [await told(drawer, an_alert(), an_alert()) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert [len(answer.json()["alerts"]) for answer in answers] == [1, 1, 1]
    assert len(drawer.kept) == 1


async def test_alerts_of_several_targets_find_each_their_own() -> None:
    drawer = Drawer(an_incident(), an_incident(incident_id="of-other", cause=of(FailureKind.SERVER_ERROR, "other")))
    answer = await told(drawer, an_alert(), labelled(target="other") | {"fingerprint": "11"})

    assert [entry["incident_id"] for entry in answer.json()["alerts"]] == [INCIDENT_ID, "of-other"]


async def test_an_incident_that_has_long_been_open_is_found_beside_newer_ones() -> None:
    old = an_incident(first_failed_at=NOON - 999 * MINUTE, detected_at=NOON - 990 * MINUTE)
    newer = closed(an_incident(incident_id="newer", cause=of(FailureKind.TIMEOUT)))
    answer = await told(Drawer(old, newer), an_alert())

    assert answer.json()["alerts"][0]["incident_id"] == INCIDENT_ID


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer " + "x" * 9_000,
    ],
)
async def test_nobody_tells_anything_without_the_right_token(header: str | None) -> None:
    drawer = Drawer(an_incident())
    async with taking(drawer) as (_, client):
        headers = {} if header is None else {"authorization": header}
        answer = await client.post(ALERTS_PATH, json=a_message(an_alert()), headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="brekwatch"'
    assert drawer.kept == {}


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_configured_token_nobody_tells_anything_and_the_way_is_said(token: str | None) -> None:
    drawer = Drawer(an_incident())
    async with taking(drawer, token=token) as (_, client):
        headers = {"authorization": f"Bearer {token or 'x'}"}
        answer = await client.post(ALERTS_PATH, json=a_message(an_alert()), headers=headers)

    assert answer.status_code == 403
    assert "service.webhook_token" in answer.text
    assert drawer.kept == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"content-type": "text/html"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
        {"content-encoding": "br"},
    ],
)
async def test_what_is_no_plain_json_is_refused(changes: dict[str, str]) -> None:
    drawer = Drawer()
    async with taking(drawer) as (_, client):
        answer = await client.post(ALERTS_PATH, content=orjson.dumps(a_message(an_alert())), headers=JSON | changes)

    assert answer.status_code == 415
    assert drawer.kept == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 5_000, "no JSON"),
        (b'{"version": NaN}', "no JSON"),
        (b"[]", 'version is "4"'),
        (orjson.dumps(a_message(version="3")), 'version is "4"'),
        (orjson.dumps(a_message(version=4)), 'version is "4"'),
        (b'{"version": "4"}', "no list of alerts"),
        (orjson.dumps(a_message(alerts={})), "no list of alerts"),
        (orjson.dumps(a_message("x")), "alerts[0]"),
        (orjson.dumps(a_message(an_alert(), an_alert(labels=[]))), "alerts[1]"),
        (orjson.dumps(a_message(an_alert(fingerprint="../../etc"))), "alerts[0]"),
        (orjson.dumps(a_message(an_alert(fingerprint="a" * 65))), "alerts[0]"),
        (orjson.dumps(a_message(an_alert(status="closed"))), "alerts[0]"),
        (orjson.dumps(a_message(an_alert(startsAt="yesterday"))), "startsAt"),
        (orjson.dumps(a_message(an_alert(startsAt="2026-11-24T12:00:00"))), "startsAt"),
        (orjson.dumps(a_message(an_alert(startsAt="0001-01-01T00:00:00+14:00"))), "startsAt"),
        (orjson.dumps(a_message(an_alert(startsAt="9999-12-31T23:59:59-14:00"))), "startsAt"),
        (orjson.dumps(a_message(*[1] * (MOST_ALERTS + 1))), "max_alerts"),
    ],
)
async def test_what_will_never_be_right_is_a_400_that_says_why_and_keeps_nothing(body: bytes, said: str) -> None:
    drawer = Drawer(an_incident())
    async with taking(drawer) as (_, client):
        answer = await client.post(ALERTS_PATH, content=body, headers=JSON)

    assert answer.status_code == 400
    assert said in answer.json()["problem"]
    assert drawer.kept == {}


async def test_labels_are_bounded_made_printable_and_scrubbed() -> None:
    drawer = Drawer()
    labels = {"alertname": f"<b>\x1b[2J\u202e\x00{KEY}" + "x" * 500, "target": KEY, "scenario": ["a"], "kind": 7}
    answer = await told(drawer, an_alert(labels=labels, annotations={"summary": KEY}), secrets=(KEY,))

    (seen,) = drawer.kept.values()
    assert len(seen.name) <= 128
    assert not any(bad in seen.name for bad in ("\x1b", "\u202e", "\x00", KEY))
    assert (seen.target, seen.scenario) == ("***", None)
    assert KEY not in answer.text
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "problem",
    [JournalError("the journal can't be read"), LedgerUnavailableError("it can't be written"), TimeoutError()],
    ids=["unread", "unkept", "late"],
)
async def test_what_can_t_be_kept_now_is_a_503_so_that_it_is_told_again(problem: Exception) -> None:
    drawer = Drawer(an_incident())
    if isinstance(problem, JournalError):
        drawer.trouble = problem
    else:
        drawer.unkept = problem
    answer = await told(drawer, an_alert())

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["problem"]
    assert drawer.closings == 1


async def test_while_the_journal_can_t_commit_only_a_few_messages_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.web.alerts._KEEP_SECONDS", 0.01)
    drawer = Drawer(an_incident())
    drawer.stuck = True
    async with taking(drawer) as (_, client):
        answers = [await client.post(ALERTS_PATH, json=a_message(an_alert()), headers=RIGHT) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {503}
    assert drawer.asked_to_keep == MOST_UNCOMMITTED


async def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes() -> None:
    async with taking(Drawer()) as (server, _), raw(server.port) as exchange:
        head = f"POST {ALERTS_PATH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        answer = await exchange(
            f"{head}content-type: application/json\r\ncontent-length: {100 * MOST_BODY_BYTES}\r\n\r\n".encode()
        )

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    drawer = Drawer(an_incident())
    async with taking(drawer) as (_, client):
        try:
            answer = await client.post(ALERTS_PATH, content=endless(), headers=JSON)
            refused = answer.status_code == 413
        except httpx.TransportError:
            refused = True
        healthy = await client.get("/healthz")

    assert refused
    assert sent < 16 * MOST_BODY_BYTES
    assert healthy.status_code == 200
    assert drawer.kept == {}


async def test_a_body_that_comes_in_pieces_may_be_no_longer_either() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield orjson.dumps(a_message(an_alert()))
        yield b" " * MOST_BODY_BYTES

    drawer = Drawer(an_incident())
    async with taking(drawer) as (_, client):
        answer = await client.post(ALERTS_PATH, content=pieces(), headers=JSON)

    assert answer.status_code == 413
    assert drawer.kept == {}


async def test_the_longest_body_that_is_allowed_is_taken() -> None:
    drawer = Drawer(an_incident())
    body = orjson.dumps(a_message(an_alert()))
    async with taking(drawer) as (_, client):
        longest = await client.post(ALERTS_PATH, content=body.ljust(MOST_BODY_BYTES), headers=JSON)
        longer = await client.post(ALERTS_PATH, content=body.ljust(MOST_BODY_BYTES + 1), headers=JSON)

    assert (longest.status_code, longer.status_code) == (200, 413)


async def test_without_a_token_a_long_body_is_not_read() -> None:
    async with taking(Drawer()) as (server, client), raw(server.port) as exchange:
        head = f"POST {ALERTS_PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        answer = await exchange(f"{head}content-length: {100 * MOST_BODY_BYTES}\r\n\r\n".encode())
        healthy = await client.get("/healthz")

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert healthy.status_code == 200


@pytest.mark.parametrize("request_line", ["GET /alerts", "POST /find", "POST /alerts/"])
async def test_no_other_request_may_be_longer(request_line: str) -> None:
    async with taking(Drawer()) as (server, client), raw(server.port) as exchange:
        head = f"{request_line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        answer = await exchange(f"{head}content-length: 900000\r\n\r\n".encode() + b" " * 200_000)
        healthy = await client.get("/healthz")

    assert not answer.startswith(b"HTTP/1.1 200 ")
    assert healthy.status_code == 200


async def test_a_body_that_drips_in_does_not_keep_a_connection_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.web.connections.ANSWER_SECONDS", 0.2)
    async with taking(Drawer()) as (server, _), raw(server.port) as exchange:
        head = f"POST {ALERTS_PATH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        answer = await exchange(f"{head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{".encode())

    assert answer == b""


async def test_ten_thousand_alerts_are_taken_beside_the_loop() -> None:
    drawer = Drawer(*(an_incident(incident_id=f"i{n:025}", cause=of(FailureKind.TIMEOUT)) for n in range(50)))
    alerts = [
        {"fingerprint": f"{n:x}", "status": "firing", "labels": {"target": "acme"}, "startsAt": "2026-11-24T12:03:00Z"}
        for n in range(MOST_ALERTS)
    ]
    body = orjson.dumps({"version": "4", "alerts": alerts})
    async with taking(drawer) as (server, client):
        asked = asyncio.create_task(client.post(ALERTS_PATH, content=body, headers=JSON))
        other = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)
        healthy = await asyncio.wait_for(other.get("/healthz"), 2)
        answer = await asked
        await other.aclose()

    assert len(body) <= MOST_BODY_BYTES
    assert (answer.status_code, healthy.status_code) == (200, 200)
    assert len(drawer.kept) == MOST_ALERTS


async def test_an_incident_that_hit_another_scenario_is_not_meant() -> None:
    drawer = Drawer(an_incident(hits=(a_hit(scenario="quick_search"),)))
    answer = await told(drawer, labelled(scenario="golden_path"))

    assert answer.json()["alerts"][0]["incident_id"] is None
