"""Are we online at all? Asked when a run lost its connection, so that our own dead uplink is never the API's outage.

The references are addresses of the operator's choice (`service.reference`) that take TCP connections. When none of them
does, the run can't tell anything about the API (design decision 9).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probes.errors import LocalResourceError
from probes.http.attempt import Lost, Stopwatch
from probes.http.dialling import Dialler
from probes.http.parser import Bounds
from probes.http.resolver import shared_resolver
from probes.listening import Listener
from probes.model import Exchange, Failure, RunStart
from probes.origin import Origin
from probes.words import TRANSPORT_KINDS, FailureKind

ANSWERED_KINDS = frozenset({FailureKind.TLS, FailureKind.PROTOCOL})
"""Losses that prove that somebody was there to answer."""
LOST_KINDS = TRANSPORT_KINDS - ANSWERED_KINDS
_PATIENCE_SECONDS = 0.8  # a run must end within a second of its deadline
_OFFLINE_SECONDS = 5.0
_ONLINE_SECONDS = 1.0  # shorter, for a wrong "online" would blame the API


def may_be_ours(failure: Failure | None) -> bool:
    """Whether this failure looks the same if our own network is down."""
    return failure is not None and failure.kind in LOST_KINDS


@dataclass(frozen=True, slots=True)
class _Answer:
    offline: bool
    at: float


class Connectivity(Listener):
    """Tries the references, all at once, as soon as a run loses a connection; many runs share one answer."""

    def __init__(self, references: Sequence[str] = (), *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._references: list[Origin] = []
        self._answer: _Answer | None = None
        self._trying: asyncio.Task[bool] | None = None
        self._dialler = Dialler(
            resolve=shared_resolver(), ssl_context=ssl.create_default_context, bounds=Bounds(), clock=time.perf_counter
        )
        self.expect(references)

    def expect(self, references: Sequence[str]) -> None:
        """What is configured now. What others said is then no answer any more."""
        wanted = [Origin.of(f"http://{reference}") for reference in references]
        if wanted != self._references:
            self._references, self._answer, self._trying = wanted, None, None

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """A lost connection: the answer is wanted by the end of the run, so it is looked for at once."""
        if self._references and may_be_ours(exchange.failure) and self._known() is None:
            self._try()

    async def offline(self) -> bool:
        """Whether all references are unreachable now; False where there are none. Takes 0.8 seconds at most."""
        if not self._references:
            return False
        known = self._known()
        return await asyncio.shield(self._try()) if known is None else known

    @property
    def references(self) -> str:
        """The addresses, for people."""
        return ", ".join(f"{origin.host}:{origin.port}" for origin in self._references)

    def _known(self) -> bool | None:
        if self._answer is None:
            return None
        keeps = _OFFLINE_SECONDS if self._answer.offline else _ONLINE_SECONDS
        return self._answer.offline if self._monotonic() - self._answer.at < keeps else None

    def _try(self) -> asyncio.Task[bool]:
        """The trial under way, or a new one."""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try_all(), name="references")
        return self._trying

    async def _try_all(self) -> bool:
        trials = [asyncio.create_task(self._reaches(origin)) for origin in self._references]
        offline = True
        try:
            for trial in asyncio.as_completed(trials):
                if await trial:
                    offline = False
                    break
        finally:
            for trial in trials:
                trial.cancel()
        if asyncio.current_task() is self._trying:  # else others are asked by now
            self._answer = _Answer(offline, self._monotonic())
        return offline

    async def _reaches(self, origin: Origin) -> bool:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        try:
            connection = await self._dialler.dial(origin, deadline=deadline, watch=Stopwatch(time.perf_counter))
        except (Lost, LocalResourceError):
            return False
        connection.abort()
        return True
