"""Bodies as lines to look at, and what differs between two of them once ids and times are left aside. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from alerts.report.phrases import shown
from probes.answers import decode_json

MOST_LINES = 120
LINE_CHARACTERS = 200
_DIFFERS_ALWAYS = re.compile(
    r"""[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}      # a UUID
    | \b(?:sess|evt|psu|pm|bk|brekwatch)_[\w-]+          # ids as the guide shows them, and our actors
    | \d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?  # moments and dates
    | \d+(?:\.\d+)?                                      # counters, prices, epochs""",
    re.IGNORECASE | re.VERBOSE,
)
_ID_FIELD = re.compile(r'^(\s*"\w*(?:id|key|token|url|recordedat)"\s*:).*$', re.IGNORECASE)


def lines_of(content: bytes) -> tuple[tuple[str, ...], bool]:
    """A body line by line, JSON pretty-printed, and whether lines were left out or cut."""
    text = content.decode("utf-8", "replace")
    body, problem = decode_json(content) if content else (None, "empty")
    if problem is None:
        text = json.dumps(body, indent=2, ensure_ascii=False)
    lines = re.split(r"\r\n|\r|\n", text) if text else []
    cut = len(lines) > MOST_LINES or any(len(line) > LINE_CHARACTERS for line in lines[:MOST_LINES])
    return tuple(shown(line, LINE_CHARACTERS) for line in lines[:MOST_LINES]), cut


def different(lines: Sequence[str], others: Sequence[str]) -> tuple[bool, ...]:
    """For each line, whether the others don't say it too."""
    own, theirs = (list(map(_without_ids, each)) for each in (lines, others))
    same: set[int] = set()
    for block in SequenceMatcher(None, own, theirs, autojunk=False).get_matching_blocks():
        same |= set(range(block.a, block.a + block.size))
    return tuple(number not in same for number in range(len(lines)))


def _without_ids(line: str) -> str:
    """A line without what is another one each time."""
    return _DIFFERS_ALWAYS.sub("#", _ID_FIELD.sub(r"\1 #", line)).rstrip(",")
