"""The receivers that are Alertmanagers, each instance told by a task of its own, between `start` and `aclose`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from alerts.delivery.alertmanager import Board, Documents, Instance
from alerts.delivery.posting import Send
from alerts.delivery.waiting import Held
from probes.incident import Incident
from probes.listening import Listener
from probes.model import MonitorFault
from probes.settings import Receiver, Settings
from probes.words import Channel, FaultKind, Telling

_LOOKS_EVERY_SECONDS = 5.0


class Alertmanagers(Listener):
    """Keeps all of them told of all that is open."""

    def __init__(
        self,
        settings: Settings,
        *,
        listener: Listener,
        send: Send,
        now: Callable[[], datetime],
        held: Held,
        document_of: Documents,
    ) -> None:
        self._listener = listener
        self._send = send
        self._now = now
        self._document_of = document_of
        self._board = Board(held)
        self._open: tuple[Incident, ...] = ()
        self._receivers: tuple[Receiver, ...] = ()
        self._instances: list[Instance] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._failing: set[str] = set()
        self._runs = False
        self.reload(settings)

    def start(self) -> None:
        """Begin to tell."""
        self._runs = True
        self._begin()

    def reload(self, settings: Settings) -> None:
        """From now on these. What is open is told to the new ones at once."""
        wanted = tuple(each for each in settings.receivers if each.channel is Channel.ALERTMANAGER)
        if wanted == self._receivers:
            return
        self._receivers = wanted
        self._stop()
        self._instances = [
            Instance(receiver, url, self._board, send=self._send, now=self._now)
            for receiver in wanted
            for url in receiver.urls
        ]
        if self._runs:
            self._begin()

    async def aclose(self) -> None:
        """Say no more; Alertmanager goes on with what it knows for some minutes."""
        self._runs = False
        stopped = self._stop()
        if stopped:
            await asyncio.wait(stopped)

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """Tell at once what opened or ended."""
        self._open = still_open
        if self._instances:
            self._update([incident for incident in changed if not incident.is_open])

    def problem(self) -> str | None:
        """Why a receiver can't be called told: one instance that takes it is enough, for they tell each other."""
        for receiver in self._receivers:
            problems = [each.problem() for each in self._instances if each.receiver == receiver]
            if problems and all(problems):
                return problems[0]
        return None

    def _update(self, ended: list[Incident]) -> None:
        if self._board.change(self._open, ended, self._document_of, self._now()):
            for instance in self._instances:
                instance.woken.set()

    def _begin(self) -> None:
        self._tasks = [asyncio.create_task(each.run(self._tell), name="alertmanager") for each in self._instances]
        if self._instances:
            self._tasks.append(asyncio.create_task(self._look_on(), name="alertmanagers"))

    def _stop(self) -> list[asyncio.Task[None]]:
        stopped, self._tasks = self._tasks, []
        for task in stopped:
            task.cancel()
        return stopped

    async def _look_on(self) -> None:
        """What is still open when a maintenance ends is posted then."""
        while True:
            self._update([])
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)

    def _tell(self, receiver: Receiver, telling: Telling, problem: str) -> None:
        self._listener.notice_told(Channel.ALERTMANAGER, telling, 1)
        if telling is Telling.DELIVERED:
            self._failing.discard(receiver.name)
        elif receiver.name not in self._failing:
            self._failing.add(receiver.name)
            detail = f"an instance of the receiver {receiver.name} (alertmanager) can't be told: {problem}"
            self._listener.monitor_fault(MonitorFault(kind=FaultKind.DELIVERY, detail=detail))
