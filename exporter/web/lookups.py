"""Asks the journal beside the event loop, few at a time, so that no crowd of them holds up a measurement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from probes.off_loop import off_loop

AT_ONCE = 2
MOST_WAITING = 16
RETRY_SECONDS = "5"
WITHIN_SECONDS = 8.0  # a connection ends two seconds later, without a word (`exporter.web.connections`)

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class TooManyError(Exception):
    """More is looked for than can be answered in time; the text says so to people."""

    def __init__(self, text: str = "too many look for something now: try again in a moment") -> None:
        super().__init__(text)


class Lookups(Generic[Asked, Told]):
    """Shares the journal among those who ask. A look-up that nobody waits for any more still ends before the next."""

    def __init__(self, find: Callable[[Asked], Told], *, within_seconds: float = WITHIN_SECONDS) -> None:
        self._find = find
        self._within_seconds = within_seconds
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[Told]] = set()

    async def get(self, asked: Asked) -> Told:
        """What the journal knows. Raises TooManyError, and whatever finding raises."""
        if len(self._under_way) >= AT_ONCE + MOST_WAITING:
            raise TooManyError
        task = asyncio.create_task(self._in_turn(asked), name="find")
        self._under_way.add(task)
        task.add_done_callback(self._settled)
        done, _ = await asyncio.wait([task], timeout=self._within_seconds)
        if not done:
            raise TooManyError("it takes longer than an answer may: try again in a moment, or ask for less")
        return task.result()

    def _settled(self, task: asyncio.Task[Told]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be left to be told

    async def _in_turn(self, asked: Asked) -> Told:
        async with self._turn:
            return await off_loop(lambda: self._find(asked), name="find")
