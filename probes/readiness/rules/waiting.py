"""Repeats, and how long an integration waits before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from probes.readiness.evidence import Evidence, Seen
from probes.readiness.rules.conversations import Chain, chains, is_transient

LONGEST_WAIT_SECONDS = 300.0
"""What comes later than this is hardly a retry any more: somebody began anew."""

STARTED_ANEW_SECONDS = 0.03
"""Sooner than this no client can be started anew: what comes again within it was sent by the one that was answered."""

MOST_SHOWN = 50
"""Exchanges named as proof of one rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A try that was answered 429 or 5xx, and its repeat. `nth` counts the repeats in a row, from 1."""

    first: Seen
    again: Seen
    seconds: float
    nth: int

    @property
    def was_asked_for(self) -> bool:
        """Whether the answer said how long to wait."""
        return self.first.answer is not None and self.first.answer.retry_after_seconds is not None


def waits_of(chain: Chain) -> Iterator[Wait]:
    """The waits of one action. A repeat that was under way already when the answer came is none."""
    nth = 0
    for first, again in chain.pairs:
        seconds = gap(first, again)
        if is_transient(first) and seconds is not None and seconds <= LONGEST_WAIT_SECONDS:
            nth += 1
            yield Wait(first=first, again=again, seconds=seconds, nth=nth)
        else:
            nth = 0


def waits(evidence: Evidence) -> tuple[Wait, ...]:
    """All waits, in no order that matters."""
    return tuple(wait for chain in chains(evidence) for wait in waits_of(chain))


def gap(first: Seen, later: Seen) -> float | None:
    """Seconds from the first one's answer to the begin of the later one; None where that didn't wait for it."""
    if first.answered_seconds is None or later.began_seconds < first.answered_seconds:
        return None
    return later.began_seconds - first.answered_seconds


def shown(pairs: Iterable[Sequence[Seen]]) -> tuple[Seen, ...]:
    """The exchanges of these pairs, each once, in order of arrival, and not more than a person looks at."""
    found = {seen.number: seen for pair in islice(pairs, MOST_SHOWN) for seen in pair}
    return tuple(found[number] for number in sorted(found))[:MOST_SHOWN]
