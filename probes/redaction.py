"""Secrets are values: a type that never prints itself, and a scrubber that removes them from any text.

Scrubbing goes by value, not by the name of a header or field, so that a key echoed by a server in
an error text is caught too (design decision 8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from probes import card_numbers
from probes.known_secrets import KnownSecrets, Span

MASK = "***"
_MASK = MASK.encode()
_SMALLEST = 100_000  # a number of fewer digits is no secret
_PORTAL_TOKEN = re.compile(rb"psu_[a-z0-9_-]{4,}", re.IGNORECASE)  # the guide's step 4; made by the server during a run
_URL_PASSWORD = re.compile(rb"(://[^\s/:@\"'<>]*:)[^\s/@\"'<>]+(?=@)")
_LONGEST_SPELLING = 4096  # hardly a secret is longer, however it is spelled


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


Notice = Callable[[Iterable[Secret]], None]
"""Is told secrets that came up: `Scrubber.notice`, or `keep_nothing` where nothing is shown."""


def keep_nothing(_secrets: Iterable[Secret]) -> None:
    """Forgets them."""


class Scrubber:
    """Replaces known secrets, in any spelling, by `***`; and portal tokens, card numbers and passwords in URLs.

    Any thread may use it, while others let it learn (`probes.known_secrets` says how). Scrub first, and cut then: of a
    secret that was cut before, only what is at least a half is found.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known = KnownSecrets()
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Scrub the configured ones too, from now on. What is under six characters is ignored: it would mask words."""
        self._known.learn(secret.reveal() for secret in secrets)

    def notice(self, secrets: Iterable[Secret]) -> None:
        """Scrub those too that came up in an answer, until a thousand came after them."""
        self._known.notice(secret.reveal() for secret in secrets)

    def text(self, text: str) -> str:
        """The text without secrets."""
        raw = text.encode("utf-8", "surrogatepass")
        clean = self.body(raw)
        return text if clean == raw else clean.decode("utf-8", "surrogatepass")

    def body(self, content: bytes) -> bytes:
        """The same for bytes, whatever they are."""
        lowered = content.lower()
        content = _without(content, self._known.spans(lowered))
        if b"psu_" in lowered:
            content = _PORTAL_TOKEN.sub(_MASK, content)
        if b"://" in content:
            content = _URL_PASSWORD.sub(rb"\1" + _MASK, content)
        return card_numbers.masked(content, _MASK)

    def data(self, value: object) -> object:
        """The same for nested dicts, lists, bytes and whatever else prints itself."""
        match value:
            case None | bool():
                return value
            case int() | float():
                return MASK if abs(value) >= _SMALLEST and self.text(f"{value:.0f}") != f"{value:.0f}" else value
            case bytes():
                return self.body(value).decode("utf-8", "replace")
            case dict():
                return {self.text(str(key)): self.data(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.data(item) for item in value]
            case _:
                return self.text(str(value))


def _without(content: bytes, spans: Iterable[Span]) -> bytes:
    done, pieces = 0, []
    for start, end in spans:
        pieces += [content[done:start], _MASK]
        done = end
    return b"".join((*pieces, content[done:])) if pieces else content


_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def bounded(text: str, limit: int) -> str:
    """At most `limit` characters, scrubbed or not: no cut leaves part of a secret that is one word.

    It falls between words. Where none ends, as much is left out as a secret may be long.
    """
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    end = max(head.rfind(blank) for blank in " \t\r\n") + 1
    return head[: max(end, len(head) - _LONGEST_SPELLING)] + "…"


def quoted(text: str, limit: int) -> str:
    """Text that isn't scrubbed yet, to stand in a sentence of ours: printable, and bounded as `bounded` does it."""
    return printable(bounded(text, limit), limit)


def printable(text: str, limit: int = 4096) -> str:
    """Server text for a terminal or a log line: no control, bidi, invisible or surrogate characters, bounded."""
    cleaned = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r", " ").replace("\n", " "))
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"
