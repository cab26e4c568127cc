"""Exceptions that nobody caught, told as faults of the monitor: in its log, its metrics and its crash reports.

Python prints them itself where nobody listens, a traceback past the scrubber, and nobody would count them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from probes.errors import UsageError
from probes.model import MonitorFault
from probes.redaction import bounded
from probes.words import FaultKind

Tell = Callable[[MonitorFault], None]

_LONGEST_DETAIL = 300


@contextmanager
def unexpected_told(tell: Tell) -> Iterator[None]:
    """Tells of those of the running loop's callbacks and tasks, of threads, of finalizers, and of the block itself.

    The block's own goes on; a `UsageError` is for whoever configured it, and no fault. `tell` is called on the loop.
    """
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler(), threading.excepthook, sys.unraisablehook

    def on_a_thread(error: BaseException | None, where: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nobody left to tell
            loop.call_soon_threadsafe(tell, _fault(where, error))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        on_a_thread(args.exc_value, f"thread {'' if args.thread is None else args.thread.name}")

    loop.set_exception_handler(lambda _, context: tell(_of_loop(context)))
    threading.excepthook = of_thread
    sys.unraisablehook = lambda args: on_a_thread(args.exc_value, args.err_msg or "a finalizer")
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        tell(_fault("the service ended", error))
        raise
    finally:
        loop.set_exception_handler(before[0])
        threading.excepthook, sys.unraisablehook = before[1:]


def _of_loop(context: dict[str, Any]) -> MonitorFault:
    error = context.get("exception")
    return _fault(str(context.get("message", "the event loop")), error if isinstance(error, BaseException) else None)


def _fault(where: str, error: BaseException | None) -> MonitorFault:
    what = "" if error is None else f"nobody caught {type(error).__name__}: "
    return MonitorFault(kind=FaultKind.BUG, detail=what + bounded(where, _LONGEST_DETAIL), error=error)
