"""Makes pages in a thread, one after the other: those who ask for the same at the same time share one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from probes.off_loop import off_loop

Asked = TypeVar("Asked", bound=Hashable)
Made = TypeVar("Made")


class Renderings(Generic[Asked, Made]):
    """However many ask, one thread works: a crowd of readers must not hold up a measurement."""

    def __init__(self, render: Callable[[Asked], Made]) -> None:
        self._render = render
        self._turn = asyncio.Semaphore(1)
        self._under_way: dict[Asked, asyncio.Task[Made]] = {}

    async def get(self, asked: Asked) -> Made:
        """What is made of it; who goes away ends it for nobody else."""
        task = self._under_way.get(asked)
        if task is None:
            task = asyncio.create_task(self._in_turn(asked), name="render page")
            self._under_way[asked] = task
            task.add_done_callback(lambda _: self._under_way.pop(asked, None))
        return await asyncio.shield(task)

    async def _in_turn(self, asked: Asked) -> Made:
        async with self._turn:
            return await off_loop(lambda: self._render(asked), name="render page")
