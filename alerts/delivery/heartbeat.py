"""The dead man's switch: a ping every minute that stops when this monitor can't be trusted to notice and to tell.

It goes out only while no slot is overdue, a verdict was committed not long ago, the journal commits and receivers are
told. It says that the monitor works, not that the API does: a run that failed is a verdict too, and a key that was
revoked is told as an incident.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alerts.delivery.posting import Request, Send
from probes.listening import Listener
from probes.model import JournalState, MonitorFault, Run
from probes.redaction import Secret
from probes.settings import Settings
from probes.words import JUDGED_OUTCOMES, Channel, FaultKind, Telling

_EVERY_SECONDS = 60.0
_AGAIN_AFTER_SECONDS = 10.0
_SLACK_SECONDS = 60.0

Problem = Callable[[], str | None]


class Heartbeat(Listener):
    """Pings while all is well. `problems` say why it isn't; `clock` gives seconds that never go back."""

    def __init__(
        self,
        settings: Settings,
        *,
        problems: tuple[Problem, ...],
        listener: Listener,
        send: Send,
        clock: Callable[[], float],
    ) -> None:
        self._problems = problems
        self._listener = listener
        self._send = send
        self._clock = clock
        self._committed_at: float | None = None
        self._journal_problem: str | None = None
        self._told: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._runs = False
        self._url: Secret | None = None
        self.reload(settings)

    def reload(self, settings: Settings) -> None:
        """From now on this address, and this plan."""
        self._gap_seconds = 2 * min((probe.every_seconds for probe in settings.probes), default=0.0) + _SLACK_SECONDS
        if settings.service.heartbeat_url != self._url:
            self._url = settings.service.heartbeat_url
            self._stop()
            if self._runs:
                self.start()

    def start(self) -> None:
        """Begin to ping, where there is an address."""
        self._runs = True
        if self._url is not None:
            self._task = asyncio.create_task(self._beat(self._url), name="heartbeat")

    async def aclose(self) -> None:
        """No more pings."""
        self._runs = False
        task = self._stop()
        if task is not None:
            await asyncio.wait([task])

    def _stop(self) -> asyncio.Task[None] | None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task

    def remember(self, seconds: float) -> None:
        """So long ago the last verdict was committed, by an earlier process.

        A restart is no silence: who is due once an hour may have nothing to commit for as long. But one that dies
        before its first verdict, again and again, must not ping for ever.
        """
        self._committed_at = self._clock() - max(0.0, seconds)

    def run_kept(self, run: Run) -> None:
        """A verdict is committed."""
        if run.outcome in JUDGED_OUTCOMES:
            self._committed_at = self._clock()

    def journal_changed(self, state: JournalState) -> None:
        """Whether the journal commits."""
        self._journal_problem = state.problem

    def problem(self) -> str | None:
        """Why no ping goes out; None while one does."""
        if self._journal_problem is not None:
            return f"the journal can't commit: {self._journal_problem}"
        if self._committed_at is None:
            return "no verdict is committed yet"
        if (quiet := self._clock() - self._committed_at) > self._gap_seconds:
            return f"no verdict was committed for {quiet:.0f} s"
        return next((problem for ask in self._problems if (problem := ask())), None)

    async def ping(self, url: Secret) -> float:
        """Ping, if all is well; how many seconds until the next look."""
        if (problem := self.problem()) is not None:
            self._tell(None if self._committed_at is None else f"the heartbeat is held back: {problem}")
            return _AGAIN_AFTER_SECONDS
        answer = await self._send(Request(url=url))
        self._listener.notice_told(Channel.HEARTBEAT, Telling.DELIVERED if answer.taken else Telling.FAILED, 1)
        self._tell(None if answer.taken else f"the heartbeat can't be sent: {answer}")
        return _EVERY_SECONDS if answer.taken else _AGAIN_AFTER_SECONDS

    async def _beat(self, url: Secret) -> None:
        while True:
            seconds = await self.ping(url)
            await asyncio.sleep(seconds)

    def _tell(self, problem: str | None) -> None:
        """A fault when it begins, not once a minute."""
        if problem is not None and self._told is None:
            self._listener.monitor_fault(MonitorFault(kind=FaultKind.DELIVERY, detail=problem))
        self._told = problem
