"""Durations as people write them: `250ms`, `30s`, `5m`, `1h`, `7d`."""

from __future__ import annotations

import re

_SECONDS_OF_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")
_LONGEST_SECONDS = 366 * 86_400.0
PATTERN = rf"^{_DURATION.pattern}$"


def seconds_of(text: str) -> float:
    """The seconds in a duration; raises ValueError, with a sentence, for one that is empty, too long or no duration."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("must be a duration such as 250ms, 30s, 5m or 1h")
    number, unit = found.groups()
    seconds = round(float(number) * _SECONDS_OF_UNIT[unit], 6)
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise ValueError("must be a duration of more than nothing and at most a year")
    return seconds


def spelled(seconds: float) -> str:
    """The shortest way to write it: 120 is `2m`, 0.25 is `250ms`."""
    for unit in ("d", "h", "m"):
        if seconds >= _SECONDS_OF_UNIT[unit] and seconds % _SECONDS_OF_UNIT[unit] == 0:
            return f"{seconds / _SECONDS_OF_UNIT[unit]:.0f}{unit}"
    number, unit = (seconds * 1000, "ms") if seconds < 1 else (seconds, "s")
    return f"{number:.3f}".rstrip("0").rstrip(".") + unit
