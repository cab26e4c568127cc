"""Moments, durations, numbers and server texts as a report's sentences have them."""

from __future__ import annotations

from datetime import datetime, timedelta

from probes.redaction import bounded, printable


def shown(text: str, limit: int = 200) -> str:
    """A text that a server had a say in: on one line, without control or bidi characters, bounded. Still hostile."""
    return printable(bounded(text, limit), limit)


def since_when(moment: datetime, now: datetime) -> str:
    """The same as short as it can't be mistaken: of this day, the time alone."""
    near = timedelta(0) <= now - moment < timedelta(hours=24) and moment.date() == now.date()
    return f"{moment:%H:%M} UTC" if near else f"{moment:%Y-%m-%d %H:%M} UTC"


def counted(count: int, thing: str) -> str:
    """`1 run`, `12 runs`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listed(words: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
