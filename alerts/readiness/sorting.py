"""Checks and rules in the order in which they matter: what stands in the way first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from probes.readiness.evidence import Judgement
from probes.readiness.model import Check, LeftOut, Plan
from probes.readiness.words import SCENARIO_PREFIX, CheckState, RuleState


class WaiverState(StrEnum):
    """What becomes of a waiver: it counts, it has expired, or its check needs none."""

    COUNTS = "counts"
    EXPIRED = "expired"
    NOT_NEEDED = "not needed"


def waiver_state(check: Check, today: date) -> WaiverState | None:
    """Of the check's waiver; None where it has none."""
    if check.waiver is None:
        return None
    if check.state is CheckState.PASSED:
        return WaiverState.NOT_NEEDED
    return WaiverState.COUNTS if check.waiver.holds(today) else WaiverState.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The checks, each in exactly one of these."""

    failed: tuple[Check, ...]
    cannot_tell: tuple[Check, ...]
    waived: tuple[Check, ...]
    not_exercised: tuple[Check, ...]
    passed: tuple[Check, ...]


def sorted_checks(checks: Iterable[Check]) -> Checks:
    """Each check where it belongs, in the order they came in."""
    checks = tuple(checks)
    waived = tuple(check for check in checks if is_waived(check))
    open_checks = [check for check in checks if not is_waived(check)]

    def those(state: CheckState) -> tuple[Check, ...]:
        return tuple(check for check in open_checks if check.state is state)

    return Checks(
        failed=those(CheckState.FAILED),
        cannot_tell=those(CheckState.CANNOT_TELL),
        waived=waived,
        not_exercised=those(CheckState.NOT_EXERCISED),
        passed=those(CheckState.PASSED),
    )


def is_waived(check: Check) -> bool:
    """Whether a waiver lets it stand in nobody's way: one that passed needs none."""
    return check.waived and check.state is not CheckState.PASSED


def unchecked(plan: Plan, checks: Iterable[Check]) -> tuple[LeftOut, ...]:
    """The scenarios that were left out and that no check tells of."""
    told = {check.check_id for check in checks}
    return tuple(each for each in plan.left_out if SCENARIO_PREFIX + each.name not in told)


def in_state(judgements: Iterable[Judgement], state: RuleState) -> tuple[Judgement, ...]:
    """Those that stand so, in the order they came in."""
    return tuple(each for each in judgements if each.state is state)
