"""How the answers of `ready` and `audit` are laid out in a terminal: a verdict, then headed blocks of labelled texts.

On a terminal long texts are wrapped under their label, words whole, so that an id can be copied; elsewhere each text is
one line, so that it can be searched.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from rich.console import Console

from alerts.readiness.wording import VERDICTS, because
from exporter.terminal import Terminal
from probes.readiness.words import Verdict
from probes.redaction import printable

COLOURS = {"good": "bold green", "bad": "bold red", "unsure": "bold magenta"}
_LABEL = 15
_LONGEST = 600
_NARROWEST = 20


class Lines(Terminal):
    """Prints texts that others had a say in: scrubbed, printable, bounded."""

    def __init__(self, console: Console, scrub: Callable[[str], str]) -> None:
        super().__init__(console, scrub)
        self._wrap_at = console.width if console.is_terminal else None

    def clean(self, text: str) -> str:
        """As of any terminal, with room for a sentence."""
        return printable(self.scrub(text), _LONGEST)

    def verdict_line(self, verdict: Verdict, about: str, sentence: str) -> None:
        """The answer, before all else."""
        standing = VERDICTS[verdict]
        self.say((f"{standing.sign} {standing.word.upper()}", COLOURS[standing.css]), f"  {self.clean(about)}")
        if why := because(verdict, sentence):
            self._wrapped("  ", "  ", why)

    def heading(self, sign: str, word: str, style: str, name: str, title: str = "") -> None:
        """What the lines below are about."""
        self.say()
        rest = f"  {self.clean(title)}" if title else ""
        self.say((f"{sign} {word}", style), "  ", (self.clean(name), "bold"), rest)

    def labelled(self, label: str, text: str) -> None:
        """A text under its label; nothing where there is none."""
        if text:
            self._wrapped(f"  {label:<{_LABEL}}", " " * (2 + _LABEL), text)

    def listed(self, sign: str, word: str, style: str, names: Iterable[str]) -> None:
        """All that stands alike, in one paragraph."""
        shown = ", ".join(self.clean(name) for name in names)
        if shown:
            self.say()
            self.say((f"{sign} {word}", style))
            self._wrapped("  ", "  ", shown)

    def made_by(self, suite_version: str, monitor_version: str) -> None:
        """What two answers must share to be compared."""
        self.say((self.clean(f"Suite {suite_version}, brekwatch {monitor_version}."), "dim"))

    def _wrapped(self, first: str, later: str, text: str) -> None:
        for line in self._lines(first, later, self.clean(text)):
            self.say(line)

    def _lines(self, first: str, later: str, text: str) -> list[str]:
        if self._wrap_at is None or self._wrap_at < len(first) + _NARROWEST:
            return [first + text]
        return textwrap.wrap(
            text,
            self._wrap_at,
            initial_indent=first,
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
        )
