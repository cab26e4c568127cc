"""What Brek's public documents say, as far as checks and rules name it as their source.

It stands in `partner-guide.txt`, beside this: copied word for word from the partner guide and the endpoint pages. Where
they set words in a code font, lines break around them when their text is copied: `bare` minds no blanks and no
backticks.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_TEXT = Path(__file__).with_name("partner-guide.txt")


def bare(text: str) -> str:
    """Without blanks and backticks."""
    return re.sub(r"[\s`]", "", text)


@cache
def bare_documents() -> str:
    """All of it, so that the guide's lists are its end."""
    return bare(_TEXT.read_text("utf-8"))


def in_the_documents(sentence: str) -> bool:
    """Whether it stands there."""
    return bare(sentence) in bare_documents()
