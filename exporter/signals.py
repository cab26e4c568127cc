"""SIGINT, SIGTERM, and SIGHUP: told once, a command ends in good order, and nothing later can disturb its ending.

SIGHUP tells that the terminal is gone, or, where a command has something to read again, to read it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_HANG_UP = getattr(signal, "SIGHUP", None)


@asynccontextmanager
async def stop_signals(*, patience: int = 1) -> AsyncIterator[asyncio.Event]:
    """An event that the first signal sets.

    After `patience` signals the next one cancels what the block waits for, and the block is left without an error;
    further ones change nothing.
    """
    stop = asyncio.Event()
    task = asyncio.current_task()
    count = 0

    def told() -> None:
        nonlocal count
        stop.set()
        count += 1
        if count == patience + 1 and task is not None:
            task.cancel()

    with _heard(told, (*_STOPPING, *_hang_up_that_ends())):
        try:
            yield stop
            await asyncio.sleep(0)  # a cancellation that was asked for a moment ago comes out here, not later
        except asyncio.CancelledError:
            if count <= patience:
                raise
        finally:
            task = None


@contextmanager
def hang_ups() -> Iterator[asyncio.Event]:
    """An event that each SIGHUP sets, where the platform has one. Whoever answers it, clears it."""
    asked = asyncio.Event()
    with _heard(asked.set, [] if _HANG_UP is None else [_HANG_UP]):
        yield asked


def _hang_up_that_ends() -> Iterator[signal.Signals]:
    """SIGHUP, unless it is ignored (nohup) or asks for something else (`hang_ups`)."""
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is signal.SIG_DFL:
        yield _HANG_UP


@contextmanager
def _heard(told: Callable[[], None], numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Each of these signals calls `told` on the running loop.

    Not by the loop's own handlers: those fall back to Python's at the end, and a second Ctrl-C would then be a
    traceback. Once a signal has come, the process is about to end, and ignores them from here on.
    """
    loop = asyncio.get_running_loop()
    came = False

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal came
        came = True
        loop.call_soon_threadsafe(told)

    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if came else handler)
