"""The one event loop of a command."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

T = TypeVar("T")


def run_loop(main_task: Coroutine[Any, Any, T]) -> T:
    """Runs a command's main task to its end. asyncio is imported here, so that `--help` stays quick."""
    import asyncio

    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        return runner.run(main_task)


def _new_event_loop() -> AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # it is not made for every platform
        import asyncio

        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
