"""Notices that a secret's file has changed, and asks for a reload: a rotated key needs no restart and no signal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from exporter.service import Service
from probes.files.secret_values import Stamp, stamp
from probes.off_loop import off_loop

_EVERY_SECONDS = 1.0

Stamps = Mapping[Path, Stamp | None]


@asynccontextmanager
async def watching(
    service: Service, asked: asyncio.Event, *, every_seconds: float = _EVERY_SECONDS
) -> AsyncIterator[None]:
    """Inside, `asked` is set once for each change of a file that the settings in force were read from."""

    async def watch() -> None:
        changes = SecretChanges()
        while True:
            await asyncio.sleep(every_seconds)
            in_force = service.settings.secret_files
            now = await off_loop(partial(_stamps, tuple(in_force)), name="secret files")
            if changes.are_new(in_force, now):
                asked.set()

    task = asyncio.create_task(watch(), name="secret files")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _stamps(paths: Iterable[Path]) -> Stamps:
    return {path: stamp(path) for path in paths}


class SecretChanges:
    """Tells each change once, and not before the file was the same twice: half a key must not come into force."""

    def __init__(self) -> None:
        self._last: Stamps = {}
        self._told: Stamps = {}

    def are_new(self, in_force: Stamps, now: Stamps) -> bool:
        """Whether a file that has settled is neither the one that was read nor one that was told before."""
        settled = {path: seen for path, seen in now.items() if path in self._last and self._last[path] == seen}
        self._last = now
        fresh = any(
            seen not in (in_force[path], self._told.get(path, in_force[path])) for path, seen in settled.items()
        )
        if fresh:
            self._told = now
        return fresh
