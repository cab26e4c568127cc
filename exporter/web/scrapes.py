"""Renders metrics in a thread, once for all scrapes that ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from exporter.recorder.exposition import OPENMETRICS, TEXT, wants_openmetrics

Rendering = tuple[bytes, str]


class Scrapes:
    """Shares one rendering of each format among the scrapes that wait for it."""

    def __init__(self, render: Callable[[str], Rendering]) -> None:
        self._render = render
        self._under_way: dict[str, asyncio.Task[Rendering]] = {}

    async def get(self, accept: str) -> Rendering:
        """The body and its content type for this Accept header. A scrape that goes away ends nobody else's."""
        wanted = OPENMETRICS if wants_openmetrics(accept) else TEXT
        task = self._under_way.get(wanted)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._render, wanted), name="render metrics")
            self._under_way[wanted] = task
            task.add_done_callback(lambda _: self._under_way.pop(wanted, None))
        return await asyncio.shield(task)
