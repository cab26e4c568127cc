"""Words that several rules share when they tell people what they saw."""

from __future__ import annotations

from collections.abc import Iterable

from probes.readiness.words import SituationName

_MOST_LISTED = 5
PAYING = (SituationName.NORMAL_BOOKING, SituationName.DONE_BEFORE_CARD, SituationName.SAVED_CARD)
"""The situations in which a conversation comes to the payment and is let through."""


def counted(count: int, noun: str) -> str:
    """`1 request`, `3 requests`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(things: Iterable[str]) -> str:
    """Different things, each once, the first few of them."""
    known = list(dict.fromkeys(things))
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return ", ".join(known[:_MOST_LISTED]) + more
