"""Secrets are values: a type that never prints itself, and a scrubber that removes them from any text.

Scrubbing goes by value, not by the name of a header or field, so that a key echoed by a server in
an error text is caught too (design decision 8).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
_SHORTEST_SECRET = 6  # anything shorter would mask ordinary words
_PORTAL_TOKEN = re.compile(r"psu_[A-Za-z0-9_-]{4,}")  # the guide's step 4; made by the server during a run
_DIGIT_GROUPS = re.compile(r"(?<![\w-])[0-9]+(?:[ -][0-9]+)*(?![\w-])")
_CARD_DIGITS = range(13, 20)
_SMALLEST_CARD = 2 * 10**12
_LUHN_DOUBLES = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits added up
_CARD_FIRST_DIGITS = "23456"  # epoch milliseconds begin with 1


class Secret:
    """A value that shows itself only to `reveal()`: its repr, str, format and pickle are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The plain value, for the one place that puts it on the wire."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (MASK,))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)


def _base64_cores(raw: bytes) -> Iterable[str]:
    """The part of the base64 text that depends on the secret alone, at each of the three offsets."""
    for offset in range(3):
        padded = b"\0" * offset + raw
        whole = len(padded) - len(padded) % 3
        core = base64.b64encode(padded[:whole]).decode()[4 if offset else 0 :]
        if len(core) >= 8:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _spellings(secret: str) -> Iterable[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    once = quote(secret, safe="")
    yield from (secret, once, quote(once, safe=""), quote(secret), raw.hex(), raw.hex().upper())
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    yield secret[::-1]
    yield from _base64_cores(raw)


class Scrubber:
    """Replaces every known secret, in its common encodings, by `***`; portal tokens and card numbers too.

    One regular expression is compiled once; adding a secret recompiles it.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets: set[Secret] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Scrub these too, from now on. Values under six characters are ignored: they would mask words."""
        fresh = {secret for secret in secrets if len(secret.reveal()) >= _SHORTEST_SECRET} - self._secrets
        if not fresh:
            return
        self._secrets |= fresh
        spellings = {spelling for secret in self._secrets for spelling in _spellings(secret.reveal())}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def text(self, text: str) -> str:
        """The text without secrets, portal tokens and card numbers."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _PORTAL_TOKEN.sub(MASK, text)
        return _DIGIT_GROUPS.sub(_mask_cards, text)

    def data(self, value: object) -> object:
        """The same for nested dicts, lists, bytes and whatever else prints itself."""
        match value:
            case int() if value >= _SMALLEST_CARD and self.text(str(value)) != str(value):
                return MASK
            case None | bool() | int() | float():
                return value
            case bytes():
                return self.text(value.decode("utf-8", "replace"))
            case dict():
                return {self.text(str(key)): self.data(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.data(item) for item in value]
            case _:
                return self.text(str(value))


def _passes_luhn(number: str) -> bool:
    odd, even = number[-1::-2], number[-2::-2].translate(_LUHN_DOUBLES)
    return (sum(map(int, odd)) + sum(map(int, even))) % 10 == 0


def _card_end(run: str, groups: list[tuple[int, int]]) -> int:
    """Where the longest card number that begins with the first group ends; 0 if none does."""
    number, longest = "", 0
    for start, end in groups:
        number += run[start:end]
        if len(number) > _CARD_DIGITS[-1]:
            break
        if len(number) in _CARD_DIGITS and _passes_luhn(number):
            longest = end
    return longest


def _cards(run: str) -> Iterable[tuple[int, int]]:
    """Where card numbers stand in a run of digit groups: a card may have other digits beside it."""
    groups = [found.span() for found in re.finditer("[0-9]+", run)]
    covered = 0
    for first, (start, _) in enumerate(groups):
        if start < covered or run[start] not in _CARD_FIRST_DIGITS:
            continue
        end = _card_end(run, groups[first : first + _CARD_DIGITS[-1]])
        if end:
            yield start, end
            covered = end


def _mask_cards(match: re.Match[str]) -> str:
    run, done, pieces = match.group(), 0, []
    for start, end in _cards(run):
        pieces += [run[done:start], MASK]
        done = end
    return "".join((*pieces, run[done:]))


def holds_card_number(text: str) -> bool:
    """Whether a text holds 13 to 19 digits, perhaps in groups, that pass Luhn's check as card numbers do."""
    return any(True for run in _DIGIT_GROUPS.finditer(text) for _ in _cards(run.group()))


_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def bounded(text: str, limit: int) -> str:
    """At most `limit` characters. A cut falls between words, so that no part of a secret is left unrecognised."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return head[: max(head.rfind(blank) for blank in " \t\r\n") + 1] + "…"


def printable(text: str, limit: int = 4096) -> str:
    """Server text for a terminal or a log line: no control, bidi, invisible or surrogate characters, bounded."""
    cleaned = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r", " ").replace("\n", " "))
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"
