"""Now and then, each target's published OpenAPI file beside our transcription of Brek's documents.

Listeners are told all differences at each comparison, those that stay too: the counter of findings rises every six
hours for as long as the file differs. An alert on its increase over seven hours (`BrekContractDrift`)
so stays up while there is something to do, and ends by itself once the file, or our transcription, was mended.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

from probes.drift import differences
from probes.errors import LocalResourceError, UnreadableDocumentError
from probes.listening import Listener
from probes.model import Exchange, Finding, MonitorFault, Target
from probes.openapi import parse
from probes.published import fetch
from probes.words import FaultKind, Published

EVERY_SECONDS = 6 * 3600.0
_FIRST_AFTER_SECONDS = (10.0, 40.0)  # after a first scrape, which must see the counters at 0; and not all at once
_FETCH_SECONDS = 30.0
_MOST_AT_ONCE = 4  # a file may be a MiB, and reading it holds a thread that others wait for


class DriftWatch:
    """Compares until it is closed. A file that can't be had is told, too; it is no finding, and no fault of ours."""

    def __init__(
        self,
        listener: Listener,
        *,
        every_seconds: float = EVERY_SECONDS,
        first_after_seconds: tuple[float, float] = _FIRST_AFTER_SECONDS,
        fetch_seconds: float = _FETCH_SECONDS,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._listener = listener
        self._every_seconds = every_seconds
        self._first_after_seconds = first_after_seconds
        self._fetch_seconds = fetch_seconds
        self._uniform = uniform
        self._turn = asyncio.Semaphore(_MOST_AT_ONCE)
        self._watched: dict[str, tuple[Target, asyncio.Task[None]]] = {}

    def watch(self, targets: Iterable[Target]) -> None:
        """Watch these and no others; one that is watched already, as it is, goes on undisturbed."""
        wanted = {target.name: target for target in targets}
        for name, (target, task) in tuple(self._watched.items()):
            if wanted.get(name) != target:
                task.cancel()
                del self._watched[name]
        for name, target in wanted.items():
            if name not in self._watched:
                task = asyncio.create_task(self._watch(target), name=f"drift watch {name}")
                self._watched[name] = (target, task)

    async def aclose(self) -> None:
        """Watch nothing any more; a comparison under way is given up."""
        tasks = [task for _, task in self._watched.values()]
        self.watch(())
        if tasks:
            await asyncio.wait(tasks)

    async def _watch(self, target: Target) -> None:
        await asyncio.sleep(self._uniform(*self._first_after_seconds))
        while True:
            try:
                async with self._turn:
                    await self._compare(target)
            except LocalResourceError as error:
                self._tell_fault(target, FaultKind.POOL, str(error), error)
            except Exception as error:  # noqa: BLE001 - ours: the watch goes on
                self._tell_fault(target, FaultKind.BUG, f"{type(error).__name__} while comparing contracts", error)
            await asyncio.sleep(self._every_seconds)

    async def _compare(self, target: Target) -> None:
        exchange = await fetch(target, Published.OPENAPI, seconds=self._fetch_seconds)
        if exchange.answer is None or not exchange.expected:
            self._listener.contract_unread(target.name, _why_unread(exchange))
            return
        try:
            findings = await asyncio.to_thread(_differences, exchange.answer.content)
        except UnreadableDocumentError as problem:
            self._listener.contract_unread(target.name, str(problem))
        else:
            self._listener.contract_compared(target.name, findings)

    def _tell_fault(self, target: Target, kind: FaultKind, detail: str, error: Exception) -> None:
        self._listener.monitor_fault(MonitorFault(kind=kind, detail=detail, target=target.name, error=error))


def _differences(content: bytes) -> tuple[Finding, ...]:
    """For a thread: a large file takes seconds, in which the loop would measure nothing."""
    return differences(parse(content))


def _why_unread(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return f"{exchange.path}: {exchange.failure.kind}: {exchange.failure.observed}"
    return f"{exchange.path}: HTTP {exchange.status_code}"
