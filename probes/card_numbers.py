"""Payment card numbers in any text: 13 to 19 digits, perhaps in groups, that pass Luhn's check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate

_STRETCH = re.compile(rb"[0-9][0-9 +%\xc2\xa0-]{12,}")  # quick to find, and then looked at closely
_BEGIN = rb"(?:(?<![\w%-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt])|(?<=\\u00[0-9A-Fa-f]{2}))"  # inside a word it is an id's
_LONGEST_ESCAPE = 6
_RUN = re.compile(_BEGIN + rb"[0-9](?:(?:[ +-]|%20|\xc2\xa0)?[0-9]){12,}(?![\w-])")
_DIGITS = range(13, 20)
_FIRST_DIGITS = b"23456"  # epoch milliseconds begin with 1
_CENTURY = b"20"  # dates and moments written without a T between them begin so, and no card does
_DOUBLES = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits added up


def holds_card_number(text: str) -> bool:
    """Whether there is one in a text."""
    raw = text.encode("utf-8", "surrogatepass")
    return masked(raw, b"") != raw


def masked(content: bytes, mask: bytes) -> bytes:
    """The content with a mask in place of each of them; its neighbours stay."""

    def closely(stretch: re.Match[bytes]) -> bytes:
        start, end = stretch.span()
        before = content[max(0, start - _LONGEST_ESCAPE) : start]
        return _RUN.sub(lambda run: _without(run.group(), mask), before + content[start : end + 1])[
            len(before) : None if end == len(content) else -1
        ]

    return _STRETCH.sub(closely, content)


def _without(run: bytes, mask: bytes) -> bytes:
    done, pieces = 0, []
    for start, end in _cards(run):
        pieces += [run[done:start], mask]
        done = end
    return b"".join((*pieces, run[done:]))


class _Digits:
    """The digits of a run, added up beforehand as Luhn's check wants them: a hostile text has it asked everywhere."""

    def __init__(self, digits: str) -> None:
        plain, doubled = list(map(int, digits)), list(map(int, digits.translate(_DOUBLES)))
        self._sums = [
            list(accumulate((doubled[at] if (at + kept) % 2 else plain[at] for at in range(len(digits))), initial=0))
            for kept in (0, 1)
        ]

    def pass_luhn(self, start: int, end: int) -> bool:
        sums = self._sums[(end - 1) % 2]
        return (sums[end] - sums[start]) % 10 == 0


def _cards(run: bytes) -> Iterable[tuple[int, int]]:
    """Where they stand in a run of digit groups: a card may have other digits beside it."""
    groups = [found.span() for found in re.finditer(rb"[0-9]+", run.replace(b"%20", b"   "))]
    counts = list(accumulate((end - start for start, end in groups), initial=0))
    digits = _Digits(b"".join(run[start:end] for start, end in groups).decode())
    covered = 0
    for first, (start, _) in enumerate(groups):
        if start < covered or run[start] not in _FIRST_DIGITS or run.startswith(_CENTURY, start):
            continue
        last = _last_group(digits, counts, first)
        if last is not None:
            covered = groups[last][1]
            yield start, covered


def _last_group(digits: _Digits, counts: list[int], first: int) -> int | None:
    """The group that ends the longest card number that begins with this one."""
    longest = None
    for last in range(first, min(first + _DIGITS[-1], len(counts) - 1)):
        length = counts[last + 1] - counts[first]
        if length > _DIGITS[-1]:
            break
        if length >= _DIGITS[0] and digits.pass_luhn(counts[first], counts[last + 1]):
            longest = last
    return longest
