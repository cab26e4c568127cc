"""`--card manual`: a person at the terminal adds the card, and says so with Enter.

The setup URL carries a token that no log, journal or file may hold. Here, on a person's own screen and nowhere else,
it is shown.
"""

from __future__ import annotations

import asyncio
import os
import termios
from typing import TextIO

from exporter.terminal import LiveRun
from probes.files.durations import spelled
from probes.origin import Origin
from probes.redaction import printable

_MOST_READ = 4096
_SKIP = "skip"


def at_a_terminal(*streams: TextIO) -> bool:
    """Whether a person can be asked: each of these is a terminal."""
    return all(stream.isatty() for stream in streams)


class PersonAtTerminal:
    """Asks for cards. `view` prints on a terminal; `asked` is the terminal that answers."""

    def __init__(self, view: LiveRun, asked: TextIO, *, wait_seconds: float) -> None:
        self._view = view
        self._asked = asked.fileno()
        self._wait_seconds = wait_seconds

    async def added(self, scenario: str, setup_url: str) -> str | None:
        """None once Enter was pressed; else why nobody added the card."""
        view, patience = self._view, spelled(self._wait_seconds)
        view.close()
        view.say(("A card is needed", "bold yellow"), f" for {scenario}. Open this address, and add a test card:")
        view.say(f"    {printable(setup_url)}")
        view.say(
            f"It leads to {Origin.of(setup_url)}. The server chose it: open it only if that is the portal you know."
        )
        view.say(f"Then press Enter here, within {patience}. {_SKIP} and Enter goes on without the card.")
        try:
            answer = await asyncio.wait_for(self._line(), self._wait_seconds)
        except TimeoutError:
            return f"a card was to be added by hand, and nobody said within {patience} that it is there"
        if answer is None:
            return "a card was to be added by hand, and the terminal was closed"
        if answer.strip().lower() == _SKIP:
            return "a card was to be added by hand, and the person at the terminal skipped it"
        return None

    async def _line(self) -> str | None:
        """What is typed from now on, up to Enter; None if there is nobody to type any more."""
        loop = asyncio.get_running_loop()
        typed = loop.create_future()

        def readable() -> None:
            try:
                read = os.read(self._asked, _MOST_READ)
            except OSError:
                read = b""
            if not typed.done():
                typed.set_result(read.decode("utf-8", "replace") if read else None)

        termios.tcflush(self._asked, termios.TCIFLUSH)  # an Enter of a minute ago is no answer
        loop.add_reader(self._asked, readable)
        try:
            line: str | None = await typed
        finally:
            loop.remove_reader(self._asked)
        return line
