"""What a readiness check will send and what that costs, in lines for people: said before a byte is sent."""

from __future__ import annotations

from collections.abc import Iterator

from probes.readiness.model import Plan
from probes.words import Environment, Leaves

_LEAVES = {
    Leaves.NOTHING: "leaves nothing",
    Leaves.SESSION: "leaves a session",
    Leaves.BOOKING: "books, and cancels afterwards",
}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The lines. Names and sentences are ours or the configuration's."""
    yield f"{plan.target} is {plan.environment}, at {plan.base_url}"
    if plan.environment is Environment.PRODUCTION:
        yield "Production is only read: nothing is booked, no card is attached, and no write kind is sent."
    if plan.scenarios:
        yield from _played(plan)
    else:
        yield "Nothing would be sent: no scenario can be played."
    for left_out in plan.left_out:
        consequence = "; so the verdict can't be ready" if left_out.cannot_tell else ""
        yield f"  left out  {left_out.name}: {left_out.why}{consequence}"


def _played(plan: Plan) -> Iterator[str]:
    runs = sum(planned.times for planned in plan.scenarios)
    yield f"{_count(runs, 'conversation')} will be played, {_count(plan.requests, 'request')} with this key:"
    width = max(len(planned.name) for planned in plan.scenarios)
    for planned in plan.scenarios:
        times = f"{planned.times} times " if planned.times > 1 else ""
        leaves = _LEAVES.get(Leaves(planned.leaves), planned.leaves)
        yield f"  {planned.name:<{width}}  {times}{planned.requests:>2} of the quota  {planned.sends}; {leaves}"
    yield _cost(plan)
    bookings = sum(planned.times for planned in plan.scenarios if planned.leaves == Leaves.BOOKING)
    if bookings:
        yield f"{_count(bookings, 'booking')} may be left behind in the sandbox, if the API can't cancel them."


def _cost(plan: Plan) -> str:
    share = plan.requests / plan.limit
    known = "" if plan.limit_known else ", which is assumed: quota.limit in a configuration says what it is"
    told = f"{share:.0%} of a minute's quota" if share <= 1 else f"the quota of {share:.1f} minutes"
    return f"That is {told} ({plan.limit} requests a minute{known}). Retries after 429 and 5xx come on top."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
