"""Ready, not ready because…, or can't tell because…: one word and one sentence, from all checks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from probes.readiness.checks.seeing import Heard
from probes.readiness.model import Check, Plan
from probes.readiness.words import SCENARIO_PREFIX, CheckId, CheckState, Verdict
from probes.words import Environment, FaultKind

_MOST_NAMED = 6
_BESIDE = frozenset({FaultKind.DELIVERY, FaultKind.SENTRY})
"""Trouble of ours that touches no run: nobody was told of something, and that is all."""


def verdict_of(plan: Plan, checks: Sequence[Check], heard: Heard) -> tuple[Verdict, str]:
    """The verdict and its sentence. The first check that it names is the root, where one follows from another."""
    failures = [check for check in checks if check.state is CheckState.FAILED and not check.waived]
    if failures:
        also = f" ({heard.broken_off})" if heard.broken_off else ""
        return Verdict.NOT_READY, f"not ready, because {_named(failures)}{also}{_expired(failures)}"
    why = list(_why_untold(plan, checks, heard))
    if why:
        return Verdict.CANNOT_TELL, f"can't tell, because {'; '.join(why)}"
    return Verdict.READY, _ready(plan, checks)


def _named(failures: Sequence[Check]) -> str:
    """What was seen is told of the first alone; the others are named, and scenarios that fell with it are counted."""
    root, *others = failures
    told = f"{root.check_id} failed: {root.seen.rstrip('.')}"
    names = [str(check.check_id) for check in others if not _is_scenario(check)]
    scenarios = len(others) - len(names)
    if scenarios:
        names.append(f"{scenarios} {'other ' if _is_scenario(root) else ''}scenario{'s' if scenarios > 1 else ''}")
    if not names:
        return told
    shown = names if len(names) <= _MOST_NAMED else [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more"]
    return f"{told}. So did {shown[0] if len(shown) == 1 else ', '.join(shown[:-1]) + ' and ' + shown[-1]}"


def _is_scenario(check: Check) -> bool:
    return check.check_id.startswith(SCENARIO_PREFIX)


def _expired(failures: Iterable[Check]) -> str:
    told = (f"the waiver of {each.check_id} expired on {each.waiver.until}" for each in failures if each.waiver)
    return "".join(f"; {each}" for each in told)


def _why_untold(plan: Plan, checks: Sequence[Check], heard: Heard) -> Iterator[str]:
    if heard.broken_off:
        yield heard.broken_off
    for fault in dict.fromkeys((fault.kind, fault.detail) for fault in heard.faults if fault.kind not in _BESIDE):
        yield f"the monitor had trouble of its own ({fault[0]}): {fault[1]}"
    untold = [check for check in checks if check.state is CheckState.CANNOT_TELL or _is_keyless(check, plan)]
    unplayed = [check for check in untold if heard.broken_off and heard.broken_off in check.seen]
    if unplayed:
        yield f"so {len(unplayed)} {'scenario was' if len(unplayed) == 1 else 'scenarios were'} not played to the end"
    others = [check for check in untold if check not in unplayed]
    yield from (f"{check.check_id}: {check.seen}" for check in others[:_MOST_NAMED])
    if len(others) > _MOST_NAMED:
        yield f"and {len(others) - _MOST_NAMED} more"
    if not plan.scenarios:
        yield "there was nothing to play"


def _is_keyless(check: Check, plan: Plan) -> bool:
    """Whether something was played, and yet nothing answered the key: nobody goes live on that, waived or not."""
    return check.check_id == CheckId.KEY_ACCEPTED and check.state is CheckState.NOT_EXERCISED and bool(plan.scenarios)


def _ready(plan: Plan, checks: Sequence[Check]) -> str:
    read_only = ", read-only" if plan.environment is Environment.PRODUCTION else ""
    missed = sum(check.state is CheckState.NOT_EXERCISED for check in checks)
    told = [f"ready{read_only}"]
    told += [f"{missed} not exercised"] if missed else []
    told += [f"{check.check_id} waived{_until(check)}" for check in checks if check.waived]
    return "; ".join(told)


def _until(check: Check) -> str:
    return "" if check.waiver is None else f" until {check.waiver.until}"
