"""The rules that a report's numbers keep to, in sentences: whoever doubts a number can reckon it again. Data."""

from __future__ import annotations

from alerts.incidents import ACCOUNTING
from alerts.report.evidence import Evidence

_TIMES = (
    "“First failed” is the start of the first failed run, “last good” the end of the last good run before it, "
    "“detected” the end of the run that made it enough, “recovered” the end of the first good run after the last "
    "failed one. All times are UTC, and of the clock of the machine that played the runs."
)
_HURT = (
    "A run was hurt by this cause if it failed on the same target, of the same kind, at the same operation. Of runs "
    "that were not looked at whole, the kind alone decides."
)
_COUNTED = (
    "Runs are counted by their own verdict: passed and degraded are good, failed is bad; skipped and unknown ones are "
    "neither, and runs under way are not counted."
)
_BUDGET = (
    "The error budget of a scenario is (1 - availability) of the runs that 28 days hold at its interval. Spent are the "
    "failed runs of this cause; rechecks and runs in maintenance are left out."
)
_WHOLE = (
    "Transitions, 429s and headroom are those of the runs that were read whole; headroom is a run's lowest reading."
)
OWN = (
    _COUNTED,
    _HURT,
    _TIMES,
    "The duration goes from first failed to recovered; while it lasts, to the moment of this report.",
    "An exchange takes from its first byte sent to its last byte received, on a monotonic clock.",
    _BUDGET,
    _WHOLE,
    "What differs is marked line by line; ids, times and numbers differ always, and are not marked.",
)


def accounting_of(evidence: Evidence) -> tuple[str, ...]:
    """The policy, the rules of incidents, then the report's own."""
    policy = evidence.surroundings.policy
    told = (
        f"Of the configuration: open_after is {policy.open_after}, within is {policy.within}, close_after is "
        f"{policy.close_after}."
    )
    return (told, *ACCOUNTING, *OWN)
