"""Where the matter of a report stands, and whose move it is, in words that are read at three in the morning."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.report.facts import Report
from probes.words import Blame, Ended

WHO_ACTS = {
    Blame.API: "Brek: the API does what its documents don't allow",
    Blame.CONVERSATION: "Brek: the assistant took a turn that its guide doesn't allow",
    Blame.CREDENTIALS: "The partner: the key is missing or rejected",
    Blame.QUOTA: "The partner, with Brek: the key's rate limit is used up",
    Blame.NETWORK: "Whoever runs the network between this monitor and the API",
    Blame.MONITOR: "Whoever runs this monitor: it says nothing about the API",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One word or two, a sign beside it that needs no colour, and the colour's name in the style sheet."""

    word: str
    sign: str
    tone: str


_OPEN = Standing(word="OPEN", sign="\N{MULTIPLICATION X}", tone="bad")
_FAILED = Standing(word="FAILED RUNS", sign="\N{MULTIPLICATION X}", tone="bad")
_RECOVERED = Standing(word="RECOVERED", sign="\N{CHECK MARK}", tone="good")
_UNPLANNED = Standing(word="ENDED, RECOVERY NOT SEEN", sign="\N{EN DASH}", tone="unsure")
_NOTHING_FAILED = Standing(word="NOTHING FAILED", sign="\N{CHECK MARK}", tone="good")
_CANT_TELL = Standing(word="NOTHING KNOWN", sign="?", tone="unsure")


def standing(report: Report) -> Standing:
    """Whether it is still broken. Without a judged run nothing is known, and nothing is called good."""
    if report.incident is not None:
        ended = {None: _OPEN, Ended.RECOVERED: _RECOVERED, Ended.UNPLANNED: _UNPLANNED}
        return ended.get(report.incident.ended, _UNPLANNED)
    if report.counts.failed:
        return _RECOVERED if report.recovered_at is not None else _FAILED
    return _NOTHING_FAILED if report.counts.passed or report.counts.degraded else _CANT_TELL
