"""Texts on their way into the journal: scrubbed by value, fit for any database, and bounded, in this order."""

from __future__ import annotations

import re
from collections.abc import Callable

Scrub = Callable[[str], str]

ID_CHARACTERS = 256
TEXT_CHARACTERS = 4 * 1024
HEADERS_CHARACTERS = 8 * 1024
REQUEST_CHARACTERS = 16 * 1024
ANSWER_CHARACTERS = 64 * 1024
NOTICE_CHARACTERS = 256 * 1024

_UNFIT = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses the first, both drivers the others
_MARGIN = 4 * 1024
"""Longer than any spelling of a secret. A body is a megabyte at most, and scrubbing all of one would keep the
interpreter from the event loop for a sixth of a second."""


def kept_text(text: str, limit: int, scrub: Scrub) -> str:
    """What is kept of a text. A cut never leaves a part of a secret that isn't recognised."""
    whole = len(text) <= limit + _MARGIN
    scrubbed = scrub(text if whole else text[: limit + _MARGIN])
    fit = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", scrubbed if whole else scrubbed[:-_MARGIN])
    return fit if whole and len(fit) <= limit else fit[: limit - 1] + "…"


def kept_bytes(content: bytes, limit: int, scrub: Scrub) -> str:
    """The same of a body; what is no UTF-8 in it is shown as such."""
    return kept_text(content[: 4 * (limit + _MARGIN) + 4].decode("utf-8", "replace"), limit, scrub)


def kept_id(value: str | None, scrub: Scrub) -> str | None:
    """The same of an id, which an index must take."""
    return kept_text(value, ID_CHARACTERS, scrub) if value else None
