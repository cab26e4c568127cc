"""What Alertmanager is told: all that is open, again and again, to every instance; real ones and their words for it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.alertmanager import alertmanager
from support.facts import NOON
from support.hostile import Hostile, closed_port, silence
from support.incidents import an_incident, ended
from support.receivers import Ear, a_receiver, bodies, head_of, settings_for, takes

from alerts.delivery.alertmanager import Board, alert_of
from alerts.delivery.alertmanagers import Alertmanagers
from alerts.delivery.documents import Document, Writer
from alerts.delivery.links import Links
from alerts.delivery.posting import send
from probes.incident import Incident
from probes.redaction import Secret
from probes.settings import Receiver
from probes.words import Blame, Channel, NoticeKind, Telling

WRITER = Writer(scrub=str, links=Links(external_url="https://brekwatch.example"))


def document_of(incident: Incident) -> Document:
    return WRITER.incident(NoticeKind.OPENED, incident, at=NOON)


def told_by(ear: Ear, *urls: str, token: str | None = None) -> Alertmanagers:
    receiver = Receiver(
        name="am",
        channel=Channel.ALERTMANAGER,
        urls=tuple(map(Secret, urls)),
        secret=None if token is None else Secret(token),
    )
    return Alertmanagers(
        settings_for(receiver, a_receiver()),
        listener=ear,
        send=lambda request: send(request, seconds=2),
        now=lambda: datetime.now(UTC),
        held=lambda _: False,
        document_of=document_of,
    )


async def until_told(ear: Ear, telling: Telling, times: int = 1, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while sum(each == (Channel.ALERTMANAGER, telling, 1) for each in ear.told) < times:
            await asyncio.sleep(0.01)


async def test_real_ones_hold_an_incident_for_an_alert_until_it_ends_even_if_one_dies(tmp_path: Path) -> None:
    ear, incident = Ear(), an_incident(at=datetime.now(UTC))
    async with alertmanager(tmp_path / "one") as one, alertmanager(tmp_path / "two") as two:
        posts = told_by(ear, one.url, two.url)
        posts.start()
        posts.incidents_changed((incident,), (incident,))
        await until_told(ear, Telling.DELIVERED, 2)
        both = [len(await one.alerts()), len(await two.alerts())]
        (alert,) = await two.alerts()
        await one.kill()
        posts.incidents_changed((ended(incident, datetime.now(UTC)),), ())
        await until_told(ear, Telling.DELIVERED, 3)
        left = await two.alerts()
        await posts.aclose()

    assert both == [1, 1]
    assert alert["labels"]["alertname"] == "BrekIncident"
    assert alert["annotations"]["runbook_url"] == "https://brekwatch.example/runbooks/BrekServerErrors"
    assert alert["generatorURL"] == f"https://brekwatch.example/incidents/{incident.incident_id}"
    assert timedelta(minutes=3) < datetime.fromisoformat(alert["endsAt"]) - datetime.now(UTC) < timedelta(minutes=5)
    assert left == []


async def test_an_instance_that_hangs_or_is_gone_delays_no_other() -> None:
    ear, incident = Ear(), an_incident()
    async with Hostile(silence) as hanging, Hostile(takes()) as server:
        posts = told_by(ear, hanging.url, f"http://127.0.0.1:{closed_port()}", server.url, token="a-token-for-it")
        posts.start()
        posts.incidents_changed((incident,), (incident,))
        await until_told(ear, Telling.DELIVERED, seconds=1.5)
        await posts.aclose()
    (posted,) = bodies(server)

    assert head_of(server)["authorization"] == "Bearer a-token-for-it"
    assert [alert["labels"]["target"] for alert in posted] == ["acme-1"]
    assert posts.problem() is None
    assert "a-token" not in str(ear.faults)


async def test_where_nothing_is_open_nothing_is_posted() -> None:
    async with Hostile(takes()) as server:
        posts = told_by(Ear(), server.url)
        posts.start()
        posts.incidents_changed((), ())
        await asyncio.sleep(0.1)
        await posts.aclose()

    assert server.received == []


def test_labels_stay_as_they_were_at_the_beginning() -> None:
    board, incident = Board(lambda _: False), an_incident()
    board.change([incident], [], document_of, NOON)
    board.change([an_incident(blame=Blame.NETWORK)], [], document_of, NOON)
    (alert,) = board.alerts(NOON)

    assert alert.labels["blame"] == "api"


def test_labels_stay_as_they_were_at_the_beginning_through_a_restart() -> None:
    board = Board(lambda _: False)
    incident = an_incident(blame=Blame.NETWORK, detected_blame=Blame.API)
    board.change([incident], [], document_of, NOON)
    (alert,) = board.alerts(NOON)

    assert alert.labels["blame"] == "api"


def test_labels_are_our_own_words_alone() -> None:
    alert = alert_of(an_incident(), document_of(an_incident()))

    assert json.loads(json.dumps(alert.posted(NOON)))["labels"] == {
        "alertname": "BrekIncident",
        "target": "acme-1",
        "kind": "server_error",
        "operation": "send_event",
        "blame": "api",
        "severity": "page",
        "location": "local",
    }


def test_what_ended_is_told_for_five_minutes_with_its_end() -> None:
    board, incident = Board(lambda _: False), an_incident()
    board.change([incident], [], document_of, NOON)
    board.change([], [ended(incident, NOON)], document_of, NOON)
    soon = board.alerts(NOON + timedelta(minutes=4))
    later = board.alerts(NOON + timedelta(minutes=6))

    assert [alert.posted(NOON)["endsAt"] for alert in soon] == [NOON.isoformat()]
    assert later == []


def test_what_opens_in_a_maintenance_is_posted_after_it() -> None:
    held = {"acme-1"}
    board = Board(lambda target: target in held)
    board.change([an_incident()], [], document_of, NOON)
    within = board.alerts(NOON)
    held.clear()
    board.change([an_incident()], [], document_of, NOON)

    assert within == []
    assert len(board.alerts(NOON)) == 1


def test_what_was_posted_before_a_maintenance_goes_on_in_it() -> None:
    held: set[str] = set()
    board = Board(lambda target: target in held)
    board.change([an_incident()], [], document_of, NOON)
    held.add("acme-1")
    board.change([an_incident()], [], document_of, NOON)

    assert len(board.alerts(NOON)) == 1


def test_what_was_a_ticket_and_is_a_page_now_is_another_alert() -> None:
    board, incident = Board(lambda _: False), an_incident(blame=Blame.CONVERSATION)
    board.change([incident], [], document_of, NOON)
    golden = replace(incident, hits=(*incident.hits, replace(incident.hits[0], scenario="golden_path")))
    news = board.change([golden], [], document_of, NOON)
    again = board.change([golden], [], document_of, NOON)

    assert (news, again) == (True, False)
    assert {alert.labels["severity"]: alert.ended_at for alert in board.alerts(NOON)} == {"ticket": NOON, "page": None}


def test_a_clock_that_is_set_back_makes_no_alert_that_ends_before_it_starts() -> None:
    before = NOON - timedelta(hours=1)
    alert = alert_of(an_incident(), document_of(an_incident()))
    posted = [alert.posted(before), replace(alert, ended_at=before).posted(before)]

    assert [each["startsAt"] <= each["endsAt"] for each in posted] == [True, True]
