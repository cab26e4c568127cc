"""Work that may block, done beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def off_loop(work: Callable[[], T], *, name: str) -> T:
    """What `work` gives or raises, from a daemon thread of this name: what hangs there holds up nobody, nor the exit.

    Whoever gives up waiting leaves it running.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so that nobody's giving up can cancel it under the thread

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(future)
