"""Real receivers on loopback: what reaches them, how it is signed and escaped, and what they can't do to us."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources

import jsonschema_rs
import pytest
from support.facts import NOON, REQUEST_ID, TRACE_ID
from support.hostile import (
    Hostile,
    Script,
    closed_port,
    drip_body,
    drip_header,
    endless_body,
    flood_1xx,
    redirects,
    silence,
)
from support.incidents import a_failed_run, an_incident, ended
from support.receivers import Ear, Kept, a_receiver, bodies, head_of, settings_for, takes

from alerts.delivery import slack, webhook
from alerts.delivery.documents import Writer
from alerts.delivery.links import Links
from alerts.delivery.notices import Event, notices_of
from alerts.delivery.outbox import Outbox
from alerts.delivery.posting import Answer, Request, send
from probes.incident import IncidentChange
from probes.redaction import Secret
from probes.settings import Settings
from probes.words import Channel, NoticeKind, NoticeState

SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
LINKS = Links(external_url="https://brekwatch.example", grafana_url="https://grafana.example")
WRITER = Writer(scrub=str, links=LINKS)
SCHEMA = json.loads(resources.files("alerts").joinpath("schemas", "notice.schema.json").read_text())


def new_outbox(settings: Settings, kept: Kept, ear: Ear) -> Outbox:
    return Outbox(
        settings,
        keeping=kept,
        listener=ear,
        scrub=str,
        send=lambda request: send(request, seconds=0.5),
        now=lambda: datetime.now(UTC),
        uniform=lambda _, most: most / 2,
    )


def tell(outbox: Outbox, kept: Kept) -> None:
    notices = outbox.notices([an_incident(at=datetime.now(UTC))], a_failed_run())
    outbox.take(notices, kept.keep_incidents(IncidentChange(notices=notices)))


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_webhook_is_told_the_cause_the_proof_and_where_to_go_on() -> None:
    kept, ear = Kept(), Ear()
    async with Hostile(takes()) as server:
        receiver = a_receiver(url=f"{server.url}/hook", secret=SECRET)
        outbox = new_outbox(settings_for(receiver, external_url="https://brekwatch.example"), kept, ear)
        outbox.start()
        tell(outbox, kept)
        await until(lambda: NoticeState.DELIVERED in kept.states())
        await outbox.aclose()
    (document,) = bodies(server)

    jsonschema_rs.validate(SCHEMA, document)
    assert document["evidence"]["request_ids"] == [REQUEST_ID]
    assert document["evidence"]["trace_ids"] == [TRACE_ID]
    assert document["links"]["incident"] == f"https://brekwatch.example/incidents/{document['incident_id']}"
    assert document["links"]["runbook"] == "https://brekwatch.example/runbooks/BrekServerErrors"
    assert document["summary"] == "Failing: quick_search on acme-1, server_error at send_event"


async def test_what_a_webhook_is_sent_carries_the_signature_of_standard_webhooks() -> None:
    async with Hostile(takes()) as server:
        receiver = a_receiver(url=server.url, secret=SECRET)
        answer = await send(webhook.request(receiver, {"version": 1}, notice_id="msg_1", at=NOON))
    head, content = head_of(server), server.received[0].partition(b"\r\n\r\n")[2]
    signed = b"msg_1." + head["webhook-timestamp"].encode() + b"." + content
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    assert answer.taken
    assert head["webhook-id"] == "msg_1"
    assert int(head["webhook-timestamp"]) == NOON.timestamp()
    assert head["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def test_the_signature_is_that_of_the_standard_s_own_example() -> None:
    content = b'{"test": 2432232314}'

    signature = webhook.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", content)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_no_base64_signs_with_its_bytes() -> None:
    signature = webhook.signature(Secret("a plain secret"), "msg_1", "1", b"{}")
    signed = hmac.digest(b"a plain secret", b"msg_1.1.{}", hashlib.sha256)

    assert signature == "v1," + base64.b64encode(signed).decode()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(silence, "no answer (timeout)", id="hangs"),
        pytest.param(drip_header, "no answer (timeout)", id="drips its head"),
        pytest.param(flood_1xx, "no answer (protocol)", id="floods with interim answers"),
        pytest.param(takes("500 Oops"), "it answered 500", id="fails"),
        pytest.param(redirects("http://127.0.0.2:9/"), "it redirects, which is never followed", id="redirects"),
    ],
)
async def test_a_receiver_that_takes_nothing_is_left_in_time(script: Script, words: str) -> None:
    async with Hostile(script) as server:
        answer = await send(Request(url=Secret(server.url), content=b"{}"), seconds=0.5)

    assert not answer.taken
    assert words in str(answer)


@pytest.mark.parametrize(
    "script", [pytest.param(endless_body, id="without end"), pytest.param(drip_body, id="byte by byte")]
)
async def test_what_a_receiver_says_is_not_read_to_the_end(script: Script) -> None:
    async with Hostile(script) as server:
        answer = await send(Request(url=Secret(server.url), content=b"{}"), seconds=0.5)

    assert answer.taken


async def test_where_a_receiver_redirects_to_nothing_is_sent() -> None:
    async with Hostile(takes()) as elsewhere, Hostile(redirects(f"{elsewhere.url}/")) as server:
        answer = await send(Request(url=Secret(server.url), content=b"{}"), seconds=1)

    assert answer.refused
    assert elsewhere.received == []


async def test_a_proxy_variable_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Hostile(takes()) as proxy, Hostile(takes()) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        answer = await send(Request(url=Secret(server.url), content=b"{}"), seconds=1)

    assert answer.taken
    assert proxy.received == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("9999999999", 3600.0),
        ("-1", None),
        ("NaN", None),
        ("1e999", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2099 00:00:00 GMT", 3600.0),
        ("soon", None),
    ],
)
async def test_the_wait_that_is_asked_for_is_bounded(header: str, seconds: float | None) -> None:
    async with Hostile(takes("429 Too Many Requests", f"retry-after: {header}")) as server:
        answer = await send(Request(url=Secret(server.url), content=b"{}"))

    assert answer.retry_after_seconds == seconds


async def test_a_receiver_that_hangs_delays_no_other() -> None:
    kept, ear = Kept(), Ear()
    async with Hostile(silence) as hanging, Hostile(takes()) as server:
        receivers = a_receiver("hangs", hanging.url), a_receiver("fine", server.url)
        outbox = new_outbox(settings_for(*receivers), kept, ear)
        outbox.start()
        tell(outbox, kept)
        await until(lambda: server.received, 0.4)
        await outbox.aclose()

    assert sorted(kept.states()) == [NoticeState.DELIVERED, NoticeState.WAITING]


async def test_no_address_and_no_secret_is_told_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    kept, ear = Kept(), Ear()
    url = f"http://127.0.0.1:{closed_port()}/services/T0/B0/canary-of-the-path"
    receiver = a_receiver("chat", url, channel=Channel.SLACK), a_receiver("hook", url, secret=Secret("canary-secret"))
    outbox = new_outbox(settings_for(*receiver), kept, ear)
    outbox.start()
    tell(outbox, kept)
    await until(lambda: len(ear.faults) == 2)
    await outbox.aclose()
    everything = f"{caplog.text} {ear.faults} {kept.notices} {outbox.problem()} {receiver!r}"

    assert "canary" not in everything
    assert ear.faults[0].startswith("the receiver chat (slack) can't be told: no answer (connect)")


NASTY = [
    "<!channel> look",
    "<!here|x> <@U123> <#C123>",
    "<https://evil.example|click me>",
    "https://evil.example/steal",
    "[click](https://evil.example)",
    "@everyone @channel @here",
    "`code` ends ```here```",
    "*bold* _it_ ~no~",
    "&lt;!channel&gt;",
    "two\nlines\r\nand \u2028 more",
    "right\u202eto left",
    "bell \x07 and \x1b[2J",
    "a\u200bb zero width",
    "=cmd()|'/c calc'!A0",
    "{{7*7}} ${7*7} {% x %}",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_what_a_server_says_is_plain_text_in_a_chat(text: str) -> None:
    run = a_failed_run(observed=text, expected=text)
    document = WRITER.incident(NoticeKind.OPENED, an_incident(), at=NOON, evidence=WRITER.evidence(run))
    content = slack.request(a_receiver(channel=Channel.SLACK), document, notice_id="n").content
    assert content is not None
    message = json.loads(content)
    said = message["blocks"][0]["text"]["text"]
    theirs = [line for line in said.split("\n") if line.startswith(("expected", "observed"))]

    assert len(theirs) == 2
    assert all(line.count("`") == 2 and line.endswith("`") for line in theirs)
    assert not any(sign in line for line in theirs for sign in ("<", ">", "@", "://", "\u202e", "\u200b", "\x1b", "\r"))
    assert len(said) < 3000
    assert message["blocks"][0]["text"]["verbatim"] is True


def test_a_chat_is_given_the_links_of_a_configuration_and_no_others() -> None:
    document = WRITER.incident(NoticeKind.OPENED, an_incident(), at=NOON)
    content = slack.request(a_receiver(channel=Channel.SLACK), document, notice_id="n").content
    bare = Writer(scrub=str, links=Links()).incident(NoticeKind.OPENED, an_incident(), at=NOON)
    without = slack.request(a_receiver(channel=Channel.SLACK), bare, notice_id="n").content

    assert b"<https://brekwatch.example/runbooks/BrekServerErrors|runbook>" in (content or b"")
    assert b"<https" not in (without or b"")


def test_every_document_keeps_to_the_published_schema() -> None:
    run = a_failed_run()
    events = [
        Event(incident=an_incident(), kind=NoticeKind.OPENED, due_at=NOON),
        Event(incident=an_incident(), kind=NoticeKind.REMINDER, due_at=NOON),
        Event(incident=an_incident(), kind=NoticeKind.FLAPPING, due_at=NOON),
        Event(incident=ended(an_incident(), NOON), kind=NoticeKind.RESOLVED, due_at=NOON),
    ]
    notices = notices_of(events, [a_receiver()], run=run, at=NOON, writer=WRITER)

    assert len(notices) == 4
    for notice in notices:
        jsonschema_rs.validate(SCHEMA, json.loads(notice.document))


def test_an_answer_that_redirects_or_denies_is_refused_and_trouble_is_not() -> None:
    refused = [code for code in range(200, 600) if Answer(status_code=code).refused]

    assert {301, 307, 400, 401, 403, 404, 410} <= set(refused)
    assert not {200, 204, 408, 425, 429, 500, 503} & set(refused)
