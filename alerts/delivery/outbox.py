"""Tells the receivers of incidents, each in its own time, until they took it or a day is over.

What is to be said is committed with the incident that it is about (`Journal.keep_incidents`), and sent then; where the
journal can't commit, 5 s later all the same. What was not delivered is read again after a restart. Ids are stable, so
that being told twice does no harm.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from alerts.delivery.documents import Document, Writer, moment, readable
from alerts.delivery.flapping import Flaps
from alerts.delivery.line import Line, Means
from alerts.delivery.links import Links
from alerts.delivery.notices import BY_EVENT, Event, event_kind, notice_id, notice_of, notices_of
from alerts.delivery.pacing import Uniform
from alerts.delivery.posting import Send
from alerts.delivery.waiting import earlier
from probes.incident import Incident, IncidentChange, Notice
from probes.listening import Listener
from probes.model import MonitorFault, Run
from probes.settings import Maintenance, Receiver, Settings
from probes.words import Channel, FaultKind, NoticeKind, NoticeState, Severity, Telling

_LOOKS_EVERY_SECONDS = 1.0
_LAST_WORDS_SECONDS = 2.0


class Keeping(Protocol):
    """What keeps notices: the journal."""

    def keep_incidents(self, change: IncidentChange) -> asyncio.Future[None]:
        """Commit a change whole."""

    def settle_notice(self, notice: Notice) -> asyncio.Future[None]:
        """Commit a notice as it now stands."""


class Outbox(Listener):
    """What is to be told, and the tasks that tell it, between `start` and `aclose`."""

    def __init__(
        self,
        settings: Settings,
        *,
        keeping: Keeping | None,
        listener: Listener,
        scrub: Callable[[str], str],
        send: Send,
        now: Callable[[], datetime],
        uniform: Uniform,
    ) -> None:
        self._keeping = keeping
        self._listener = listener
        self._scrub = scrub
        self._now = now
        self._means = Means(
            now=now, uniform=uniform, send=send, held=self.in_maintenance, external_url=lambda: self._external_url
        )
        self._flaps = Flaps()
        self._lines: dict[str, Line] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._open: dict[str, Incident] = {}
        self._evidence: dict[str, Document | None] = {}
        self._reminded: dict[tuple[str, str], int] = {}
        self._complained: dict[str, int] = {}
        self._shown: Counter[Channel] = Counter()
        self._watch: asyncio.Task[None] | None = None
        self._location = settings.service.location
        self._apply(settings)

    def _apply(self, settings: Settings) -> None:
        service = settings.service
        self._external_url = service.external_url
        self._maintenance = settings.maintenance
        self._writer = Writer(
            scrub=self._scrub, links=Links(external_url=service.external_url, grafana_url=service.grafana_url)
        )
        wanted = {each.name: each for each in settings.receivers if each.channel in BY_EVENT}
        for name, line in list(self._lines.items()):
            if name not in wanted:
                self._end(name)
            elif line.receiver != wanted[name]:
                line.change(wanted[name])
        for name, receiver in wanted.items():
            if name not in self._lines:
                self._lines[name] = Line(receiver, means=self._means, told=self)
                if self._watch is not None:
                    self._begin(name)

    def remember(self, waiting: Iterable[Notice], recent: Iterable[Incident]) -> None:
        """Know what an earlier process did not deliver, and what was told of in the last hour."""
        self._flaps.restore(recent)
        for notice in waiting:
            self._take_again(notice)

    def start(self) -> None:
        """Begin to tell."""
        for name in self._lines:
            self._begin(name)
        self._watch = asyncio.create_task(self._look_on(), name="outbox")

    def reload(self, settings: Settings) -> None:
        """From now on these receivers; what one that is gone was to be told is given up."""
        self._apply(settings)

    async def aclose(self) -> None:
        """What is due may still be said within a moment; the rest waits in the journal."""
        if self._watch is None:
            return
        last_words = [asyncio.create_task(line.last_words()) for line in self._lines.values()]
        if last_words:
            await asyncio.wait(last_words, timeout=_LAST_WORDS_SECONDS)
        tasks = [self._watch, *self._tasks.values(), *last_words]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        self._watch = None

    def notices(self, changed: Iterable[Incident], run: Run | None) -> tuple[Notice, ...]:
        """What this change makes to be said; to be kept with it, and then handed to `take`."""
        at = self._now()
        events = [event for incident in changed if (event := self._event(incident, run, at)) is not None]
        receivers = [line.receiver for line in self._lines.values()]
        return notices_of(events, receivers, run=run, at=at, writer=self._writer)

    def _event(self, incident: Incident, run: Run | None, at: datetime) -> Event | None:
        kind = event_kind(incident, run)
        if kind is None:
            return None
        if kind is NoticeKind.OPENED and run is not None:
            self._evidence[incident.incident_id] = self._writer.evidence(run)
        kind, due_at = self._flaps.place(incident.cause, kind, at)
        number = incident.failed_runs if kind is NoticeKind.WORSENED else 0
        return Event(incident=incident, kind=kind, due_at=due_at, number=number)

    def take(self, notices: Iterable[Notice], kept: asyncio.Future[None] | None) -> None:
        """Tell these once `kept` is done, or 5 s later without that; at once where there is no journal."""
        if kept is not None:
            kept.add_done_callback(_looked_at)
        for notice in notices:
            line = self._lines.get(notice.receiver)
            if line is not None:
                line.take(notice, kept=kept)

    def _take_again(self, notice: Notice) -> None:
        """One that an earlier process left. Another location's are its own."""
        now = self._now()
        document = readable(notice)
        if document is None:
            self.settled(replace(notice, state=NoticeState.GIVEN_UP, settled_at=now))
            detail = f"a notice for {notice.receiver} that was kept can't be read, and is not told"
            self._listener.monitor_fault(MonitorFault(kind=FaultKind.DELIVERY, detail=detail))
            return
        if document.get("location", self._location) != self._location:
            return
        line = self._lines.get(notice.receiver)
        if line is None:
            self.settled(replace(notice, state=NoticeState.SUPERSEDED, settled_at=now))
        else:
            ahead = max(notice.created_at - now, timedelta())
            line.take(earlier(notice, ahead) if ahead else notice, kept=None)

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """Know what is open: that is what receivers are reminded of."""
        now = self._now()
        self._open = {incident.incident_id: incident for incident in still_open}
        self._evidence = {key: found for key, found in self._evidence.items() if key in self._open}
        for incident in still_open:
            for name, line in self._lines.items():
                self._reminded.setdefault((incident.incident_id, name), _periods(incident, line.receiver, now))
        self._reminded = {key: number for key, number in self._reminded.items() if key[0] in self._open}

    def document_of(self, incident: Incident) -> Document:
        """An open incident in words, with the proof of the run that opened it, where that is still known."""
        evidence = self._evidence.get(incident.incident_id)
        return self._writer.incident(NoticeKind.OPENED, incident, at=self._now(), evidence=evidence)

    def problem(self) -> str | None:
        """Why receivers can't be called told; None while they are."""
        return next((problem for line in self._lines.values() if (problem := line.problem())), None)

    def in_maintenance(self, target: str) -> bool:
        """Whether nobody is woken for it now."""
        return is_in_maintenance(self._maintenance, target, self._now())

    def settled(self, notice: Notice) -> None:
        """Keep it as it now stands; where that fails, the journal tells of itself."""
        if self._keeping is not None:
            self._keeping.settle_notice(notice).add_done_callback(_looked_at)

    def tried(self, receiver: Receiver, telling: Telling, count: int) -> None:
        """Tell the listeners."""
        self._listener.notice_told(receiver.channel, telling, count)

    def in_trouble(self, receiver: Receiver, problem: str, lost: int) -> None:
        """A fault of the monitor; where something was lost, the other receivers hear of it."""
        detail = f"the receiver {receiver.name} ({receiver.channel}) can't be told: {problem}"
        if lost:
            detail += f"; {lost} notices were given up"
            self._tell_the_others(receiver, detail)
        self._listener.monitor_fault(MonitorFault(kind=FaultKind.DELIVERY, detail=detail))

    def _tell_the_others(self, broken: Receiver, detail: str) -> None:
        at = self._now()
        hour = int(at.timestamp() // 3600)
        if self._complained.get(broken.name) == hour:
            return
        self._complained[broken.name] = hour
        others = [name for name in self._lines if name != broken.name]
        document = {
            "version": 1,
            "type": f"receiver.{NoticeKind.UNDELIVERED}",
            "timestamp": moment(at),
            "severity": str(Severity.PAGE),
            "receiver": broken.name,
            "location": self._location,
            "links": {},
            "summary": f"Undelivered: the receiver {broken.name} was not told of incidents",
            "lines": [detail],
            "description": detail,
        }
        notices = tuple(
            Notice(
                notice_id=notice_id(broken.name, name, NoticeKind.UNDELIVERED, hour),
                receiver=name,
                kind=NoticeKind.UNDELIVERED,
                incident_id=None,
                document=json.dumps(document, ensure_ascii=False),
                created_at=at,
                due_at=at,
            )
            for name in others
        )
        self._keep_and_take(notices)

    def _keep_and_take(self, notices: tuple[Notice, ...]) -> None:
        if notices:
            kept = None if self._keeping is None else self._keeping.keep_incidents(IncidentChange(notices=notices))
            self.take(notices, kept)

    def _remind(self) -> None:
        """Of each incident that is still open, a reminder for each period that is over."""
        now = self._now()
        notices = []
        for (incident_id, name), number in list(self._reminded.items()):
            line, incident = self._lines.get(name), self._open[incident_id]
            periods = number if line is None else _periods(incident, line.receiver, now)
            if line is None or periods <= number:
                continue
            self._reminded[incident_id, name] = periods
            quiet = self.in_maintenance(incident.cause.target) or self._flaps.flaps(incident.cause, now)
            if not quiet and not line.has_opening(incident_id):
                notices.append(self._reminder(incident, name, periods, now))
        self._keep_and_take(tuple(notices))

    def _reminder(self, incident: Incident, receiver: str, number: int, at: datetime) -> Notice:
        event = Event(incident=incident, kind=NoticeKind.REMINDER, due_at=at, number=number)
        evidence = self._evidence.get(incident.incident_id)
        document = self._writer.incident(event.kind, incident, at=at, evidence=evidence)
        return notice_of(event, receiver, document, at=at)

    async def look(self) -> None:
        """All that is due at this moment, without the tasks: for whoever moves the clock by hand."""
        self._remind()
        for line in list(self._lines.values()):
            while await line.step() <= 0:
                continue
        self._show()

    async def _look_on(self) -> None:
        while True:
            self._remind()
            self._show()
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)

    def _show(self) -> None:
        due: Counter[Channel] = Counter(dict.fromkeys(BY_EVENT, 0))
        for line in self._lines.values():
            due[line.receiver.channel] += line.due
        for channel, count in due.items():
            if self._shown[channel] != count:
                self._listener.notices_waiting(channel, count)
        self._shown = due

    def _begin(self, name: str) -> None:
        task = asyncio.create_task(self._lines[name].run(), name=f"receiver {name}")
        task.add_done_callback(partial(self._ended, name))
        self._tasks[name] = task

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            detail = f"what tells the receiver {name} ended: {type(error).__name__}"
            self._listener.monitor_fault(MonitorFault(kind=FaultKind.BUG, detail=detail, error=error))
            self._begin(name)

    def _end(self, name: str) -> None:
        line, task = self._lines.pop(name), self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        line.drop()


def is_in_maintenance(windows: Iterable[Maintenance], target: str, now: datetime) -> bool:
    """Whether a target is in one of these."""
    return any(target in each.targets and each.starts_at <= now < each.ends_at for each in windows)


def _periods(incident: Incident, receiver: Receiver, now: datetime) -> int:
    return (now - incident.detected_at) // timedelta(seconds=receiver.remind_seconds)


def _looked_at(kept: asyncio.Future[None]) -> None:
    """What the journal can't keep it tells itself; an error that nobody fetches would be told as a bug."""
    if not kept.cancelled():
        kept.exception()
