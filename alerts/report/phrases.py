"""Moments, durations, numbers and server texts as a report's sentences have them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from probes.redaction import bounded, printable


def shown(text: str, limit: int = 200) -> str:
    """A text that a server had a say in: on one line, without control or bidi characters, bounded. Still hostile."""
    return printable(bounded(text, limit), limit)


def since_when(moment: datetime, now: datetime) -> str:
    """The same as short as it can't be mistaken: of this day, the time alone."""
    near = timedelta(0) <= now - moment < timedelta(hours=24) and moment.date() == now.date()
    return f"{moment:%H:%M} UTC" if near else f"{moment:%Y-%m-%d %H:%M} UTC"


def lasting(seconds: float) -> str:
    """A duration in its two largest units: `41.5 ms`, `9.25 s`, `42 s`, `47 min 6 s`, `2 d 4 h`."""
    if not math.isfinite(seconds):
        return "?"
    whole, sign = round(abs(seconds)), "-" if seconds < 0 else ""
    if whole < 60:
        return _short(seconds)
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next(at for at, (count, _) in enumerate(parts) if count)
    return sign + " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def _short(seconds: float) -> str:
    if abs(seconds) >= 1 or seconds == 0:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"


def counted(count: int, thing: str) -> str:
    """`1 run`, `12 runs`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listed(words: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
