"""Sizes as people write them: `500MB`, `2GiB`."""

from __future__ import annotations

import re

_BYTES_OF_UNIT = {
    "kB": 1000,
    "KiB": 1024,
    "MB": 1000**2,
    "MiB": 1024**2,
    "GB": 1000**3,
    "GiB": 1024**3,
    "TB": 1000**4,
    "TiB": 1024**4,
}
_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(kB|KiB|MB|MiB|GB|GiB|TB|TiB)")
_LEAST_BYTES = 1_000_000
PATTERN = rf"^{_SIZE.pattern}$"


def bytes_of(text: str) -> int:
    """The bytes in a size; raises ValueError, with a sentence, for one that is no size or less than a megabyte."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("must be a size such as 500MB or 2GiB")
    number, unit = found.groups()
    size = round(float(number) * _BYTES_OF_UNIT[unit])
    if size < _LEAST_BYTES:
        raise ValueError("must be a size of at least 1MB")
    return size
