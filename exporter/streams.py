"""The standard streams of a command: always there, and silent once nobody reads them any more.

`brekwatch run … | head` must still take back what it booked, and its exit code must stay the verdict's.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """A descriptor that falls silent when its reader goes away; other trouble (a full disk) is raised, once."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self.unread = False
        self._gone = {errno.EPIPE, errno.EIO} if self.isatty() else {errno.EPIPE}  # EIO: a terminal that was closed

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as problem:
            _lead_to_nowhere(self.fileno())
            if problem.errno not in self._gone:
                raise
            self.unread = True
            return memoryview(data).nbytes


def prepare() -> None:
    """Call it first. A stream that was closed (`>&-`) leads to /dev/null, or a socket would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - by its number, for good
    sys.stdout = _output(1, sys.stdout)
    sys.stderr = _output(2, sys.stderr)


def is_read(stream: TextIO) -> bool:
    """Whether somebody may still read it. Once not, whoever only tells what is there already can stop."""
    binary = getattr(stream, "buffer", None)
    return not getattr(getattr(binary, "raw", None), "unread", False)


def _output(number: int, before: TextIO | None) -> TextIO:
    """The stream that takes over from `before`, which is None where Python found it closed."""
    binary = io.BufferedWriter(_Output(number))
    if not isinstance(before, io.TextIOWrapper):
        return io.TextIOWrapper(binary, encoding="utf-8", errors="backslashreplace")
    before.flush()
    return io.TextIOWrapper(
        binary,
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.line_buffering or before.write_through,
    )


def _lead_to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
