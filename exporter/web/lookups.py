"""Looks ids up beside the event loop, few at a time, so that no crowd of them holds up a measurement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from probes.journal.kept import Found
from probes.off_loop import off_loop

AT_ONCE = 2
MOST_WAITING = 16


class TooManyError(Exception):
    """More look-ups wait than will be answered in time."""


class Lookups:
    """Shares the journal among those who ask. A look-up that nobody waits for any more still ends before the next."""

    def __init__(self, find: Callable[[str], Found]) -> None:
        self._find = find
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[Found]] = set()

    async def get(self, text: str) -> Found:
        """What the journal knows. Raises TooManyError, and whatever finding raises."""
        if len(self._under_way) >= AT_ONCE + MOST_WAITING:
            raise TooManyError
        task = asyncio.create_task(self._in_turn(text), name="find")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _in_turn(self, text: str) -> Found:
        async with self._turn:
            return await off_loop(lambda: self._find(text), name="find")
