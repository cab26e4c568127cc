"""What a command says while it is played to: its last lines are kept, without secrets, and shown if wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from probes.redaction import printable

MOST_LINES = 20
_LONGEST_LINE = 500
_MOST_BYTES = 64 * 1024  # of a line: far more than is shown of it, so that no secret is cut where it would be seen


class Output:
    """Takes bytes as they come, whatever they are. `show` is told each line as it ends."""

    def __init__(self, scrub: Callable[[str], str], *, show: Callable[[str], None] | None = None) -> None:
        self._scrub = scrub
        self._show = show
        self._line = bytearray()
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._add(piece)
            self._end_line()
        self._add(rest)

    def close(self) -> None:
        """There is no more: what stands in the last line is one."""
        if self._line:
            self._end_line()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last ones that held anything, at most 20."""
        return tuple(self._lines)

    def _add(self, piece: bytes) -> None:
        self._line += piece[: max(0, _MOST_BYTES - len(self._line))]

    def _end_line(self) -> None:
        text = printable(self._scrub(self._line.decode("utf-8", "replace").rstrip()), _LONGEST_LINE)
        self._line.clear()
        if text:
            self._lines.append(text)
        if self._show is not None:
            self._show(text)
