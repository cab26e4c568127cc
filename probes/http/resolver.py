"""Looks names up without ever holding up the loop, another name, or the end of the process.

`loop.getaddrinfo` shares the loop's few executor threads, and a process waits for those before it
ends: one dead name server would stop whoever else needs a thread, and then the exit.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohappyeyeballs import AddrInfoType

from probes.errors import LocalResourceError

Resolve = Callable[[str, int], Awaitable[Sequence[AddrInfoType]]]
LookUp = Callable[[str, int], Sequence[AddrInfoType]]


def _getaddrinfo(host: str, port: int) -> Sequence[AddrInfoType]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    host: str
    port: int
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Sequence[AddrInfoType]]

    def ask(self, look_up: LookUp) -> None:
        """On a thread: look up and hand the result to the loop, if it still runs and wants it."""
        if self.answer.cancelled():
            return
        found: Sequence[AddrInfoType] = ()
        error: Exception | None = None
        try:
            found = look_up(self.host, self.port)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the one who asked must hear it
            error = problem
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self._deliver, found, error)

    def _deliver(self, found: Sequence[AddrInfoType], error: Exception | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(found)
        else:
            self.answer.set_exception(error)


class Resolver:
    """Asks `look_up` on daemon threads, a few at once for each host; further questions wait their turn.

    Whoever asks may give up at any time. A thread ends when its host has no more questions.
    """

    def __init__(self, look_up: LookUp = _getaddrinfo, *, most_at_once: int = 8) -> None:
        self._look_up = look_up
        self._most_at_once = most_at_once
        self._lock = threading.Lock()
        self._questions: defaultdict[str, deque[_Question]] = defaultdict(deque)
        self._threads: defaultdict[str, int] = defaultdict(int)

    async def __call__(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """The addresses of a host, asked anew each time.

        Raises what `look_up` raises, and `LocalResourceError` where no thread can be started.
        """
        loop = asyncio.get_running_loop()
        question = _Question(host, port, loop, loop.create_future())
        with self._lock:
            self._questions[host].append(question)
            if self._threads[host] < self._most_at_once:
                self._start_thread(host)
        return await question.answer

    def _start_thread(self, host: str) -> None:
        thread = threading.Thread(target=self._work, args=(host,), name="brekwatch-resolver", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads[host]:
                self._questions.pop(host).clear()
                raise LocalResourceError("this machine can't start a thread to look a name up") from None
        else:
            self._threads[host] += 1

    def _work(self, host: str) -> None:
        while (question := self._next(host)) is not None:
            question.ask(self._look_up)

    def _next(self, host: str) -> _Question | None:
        with self._lock:
            if self._questions[host]:
                return self._questions[host].popleft()
            self._threads[host] -= 1
            if not self._threads[host]:
                del self._threads[host], self._questions[host]
            return None


@functools.cache
def shared_resolver() -> Resolver:
    """The process's one resolver: its bound is for all runs together."""
    return Resolver()
