"""Receivers of notices: a real one on loopback that answers as it is told, and one without a network for long times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support.facts import NOON
from support.hostile import Hostile, Script, answer_bytes, read_request

from alerts.delivery.outbox import Outbox
from alerts.delivery.posting import Answer, Request
from probes.incident import Incident, IncidentChange, Notice
from probes.listening import Listener
from probes.model import MonitorFault, Run
from probes.redaction import Secret
from probes.settings import Maintenance, Receiver, Service, Settings
from probes.words import Channel, NoticeState, Telling

TAKEN = Answer(status_code=200)
DOWN = Answer(problem="no answer (connect)")


def takes(status: str = "200 OK", *headers: str) -> Script:
    """Answers every request so, with an empty body."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(answer_bytes(b"", *headers, status=status))

    return script


def bodies(server: Hostile) -> list[dict[str, Any]]:
    """The JSON that each connection has brought so far."""
    return [json.loads(each.partition(b"\r\n\r\n")[2]) for each in server.received if each.partition(b"\r\n\r\n")[2]]


def head_of(server: Hostile, number: int = 0) -> dict[str, str]:
    """The headers of a connection's request."""
    lines = server.received[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}


def a_receiver(name: str = "oncall", url: str = "https://receiver.example/hook", **changes: Any) -> Receiver:
    return Receiver(**{"name": name, "channel": Channel.WEBHOOK, "urls": (Secret(url),)} | changes)


def settings_for(*receivers: Receiver, maintenance: tuple[Maintenance, ...] = (), **service: Any) -> Settings:
    return Settings(
        service=Service(journal="sqlite:///none.db", **service),
        targets={},
        scenarios={},
        receivers=receivers,
        maintenance=maintenance,
    )


class Kept:
    """Keeps notices in memory as a journal does: at once, or not before `commit`; settled ones never wait again."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.notices: dict[str, Notice] = {}
        self._at_once = at_once
        self._promises: list[asyncio.Future[None]] = []

    def keep_incidents(self, change: IncidentChange) -> asyncio.Future[None]:
        for notice in change.notices:
            self.notices.setdefault(notice.notice_id, notice)
        return self._promise()

    def settle_notice(self, notice: Notice) -> asyncio.Future[None]:
        self.notices[notice.notice_id] = notice
        return self._promise()

    def waiting(self) -> tuple[Notice, ...]:
        return tuple(each for each in self.notices.values() if each.state is NoticeState.WAITING)

    def states(self) -> list[NoticeState]:
        return [each.state for each in self.notices.values()]

    def commit(self) -> None:
        for promise in self._promises:
            if not promise.done():
                promise.set_result(None)

    def _promise(self) -> asyncio.Future[None]:
        promise: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._promises.append(promise)
        if self._at_once:
            promise.set_result(None)
        return promise


class Ear(Listener):
    """Remembers what listeners are told of deliveries."""

    def __init__(self) -> None:
        self.told: list[tuple[Channel, Telling, int]] = []
        self.waiting: dict[Channel, int] = {}
        self.faults: list[str] = []

    def notice_told(self, channel: Channel, telling: Telling, count: int) -> None:
        self.told.append((channel, telling, count))

    def notices_waiting(self, channel: Channel, count: int) -> None:
        self.waiting[channel] = count

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault.detail)


@dataclass
class Post:
    """An outbox whose time and receivers belong to the test: nothing is sent before `pass_time`."""

    settings: Settings
    kept: Kept = field(default_factory=Kept)
    answer: Callable[[Request], Answer] = lambda _: TAKEN
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.ear = Ear()
        self.sent: list[tuple[datetime, str, dict[str, Any]]] = []
        self.outbox = self.new_outbox()

    def new_outbox(self) -> Outbox:
        return Outbox(
            self.settings,
            keeping=self.kept,
            listener=self.ear,
            scrub=lambda text: text.replace("sk_test_canary", "***"),
            send=self._send,
            now=lambda: self.now,
            uniform=lambda _, most: most,
        )

    async def _send(self, request: Request) -> Answer:
        answer = self.answer(request)
        if answer.taken and request.content is not None:
            self.sent.append((self.now, request.url.reveal(), json.loads(request.content)))
        return answer

    def change(self, *changed: Incident, run: Run | None = None, still_open: tuple[Incident, ...] = ()) -> None:
        """What the incident code does with a change, in one callback."""
        notices = self.outbox.notices(changed, run)
        kept = self.kept.keep_incidents(IncidentChange(incidents=changed, notices=notices))
        self.outbox.incidents_changed(changed, still_open)
        self.outbox.take(notices, kept)

    async def pass_time(self, seconds: float = 0.0, *, step: float = 1.0) -> None:
        """Let so much time pass, and whatever is due be sent."""
        until = self.now + timedelta(seconds=seconds)
        while True:
            await asyncio.sleep(0)  # for what was kept to be heard of
            await self.outbox.look()
            if self.now >= until:
                return
            self.now = min(until, self.now + timedelta(seconds=step))

    @property
    def types(self) -> list[str]:
        return [document["type"] for _, _, document in self.sent]
