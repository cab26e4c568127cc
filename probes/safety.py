"""Production is somebody's money: what a target is, what may be sent to it, and what is refused.

Design decision 5. `classify` decides once, when settings are read; `ProductionGuard` stands in the
client, below every scenario, so that no argument and no scenario gets around it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from probes.errors import RefusedError
from probes.model import BookingCap, Target
from probes.origin import Origin
from probes.scenario import Scenario
from probes.words import Environment, Leaves, Operation, SkipReason

_PRODUCTION_HOSTS = frozenset({"www.brek.ai", "brek.ai"})
_PRODUCTION_SCENARIOS = frozenset({"golden_path_to_payment", "quick_search"})
_HARMLESS_KIND = re.compile("[a-z][a-z0-9_]*")
_ACTS = ("action_", "command_")  # as all write kinds begin; one that no document names is no better
_REFUSAL_WORD = "no"  # the guide: "User declines payment confirmation: POST /events with text="no""


def classify(base_url: str, declared: Environment | None) -> Environment:
    """What a target is: only loopback hosts and declared sandboxes are sandboxes.

    No label makes www.brek.ai one; an address that can't be read is production.
    """
    if declared is Environment.PRODUCTION:
        return Environment.PRODUCTION
    try:
        origin = Origin.of(base_url)
    except ValueError:
        return Environment.PRODUCTION
    if origin.host in _PRODUCTION_HOSTS:
        return Environment.PRODUCTION
    if declared is Environment.SANDBOX or origin.is_loopback:
        return Environment.SANDBOX
    return Environment.PRODUCTION


def played_unasked(scenario: str, target: Target) -> bool:
    """Whether a target's environment plays this scenario where none was named: production only the harmless two.

    What provokes errors there might trip Brek's own alarms.
    """
    return target.environment is Environment.SANDBOX or scenario in _PRODUCTION_SCENARIOS


def may_spend(scenario: Scenario) -> bool:
    """Whether it may cost somebody money: it books, attaches a card, or sends a write kind."""
    return scenario.leaves is Leaves.BOOKING or scenario.attaches_card or scenario.writes


def bookings_acknowledged(target: Target, now: datetime) -> bool:
    """Whether the operator's acknowledgement names this very host and has not expired."""
    allowed = target.allow_bookings
    if allowed is None or allowed.per_day < 1 or now >= allowed.until:
        return False
    return allowed.host.lower().rstrip(".") == Origin.of(target.base_url).host


def why_not(
    scenario: Scenario, target: Target, *, durable_ledger: bool, by_hand: bool = False, now: datetime | None = None
) -> tuple[SkipReason, str] | None:
    """Why this scenario must not start against this target: a reason and a sentence; None if it may.

    `by_hand`: a person adds cards where there is no portal.
    """
    if target.environment is Environment.PRODUCTION:
        refusal = _production_refusal(scenario, target, durable_ledger=durable_ledger, now=now or datetime.now(UTC))
        if refusal is not None:
            return SkipReason.SAFETY, refusal
    if scenario.attaches_card and target.portal is None and not by_hand:
        return SkipReason.PORTAL, (
            f"{scenario.name} attaches a card, and target {target.name} has no portal attach URL: "
            "set BREK_PORTAL_ATTACH_URL, or portal.attach_url in the configuration"
        )
    return None


def bookings_allowed(scenario: Scenario, target: Target, *, durable_ledger: bool, now: datetime) -> bool:
    """Whether this scenario may book on a production target: it says so, the operator does, and a cap can be kept."""
    return scenario.leaves is Leaves.BOOKING and bookings_acknowledged(target, now) and durable_ledger


def booking_cap(scenario: Scenario, target: Target, now: datetime) -> BookingCap | None:
    """What this run would take from the day's cap; None where no real booking can come of it."""
    allowed = target.allow_bookings
    if allowed is None or target.environment is not Environment.PRODUCTION:
        return None
    if not bookings_allowed(scenario, target, durable_ledger=True, now=now):
        return None
    return BookingCap(host=Origin.of(target.base_url).host, per_day=allowed.per_day, bookings=scenario.bookings)


def _production_refusal(scenario: Scenario, target: Target, *, durable_ledger: bool, now: datetime) -> str | None:
    if not may_spend(scenario) or bookings_allowed(scenario, target, durable_ledger=durable_ledger, now=now):
        return None
    what = f"{scenario.name} may book, attach a card or write, and target {target.name} is production"
    if scenario.leaves is Leaves.BOOKING and bookings_acknowledged(target, now):
        return f"{what}; its daily cap on bookings needs a ledger that outlives the process, and there is none"
    return f"{what}; play golden_path_to_payment there, or acknowledge real bookings with allow_bookings"


class ProductionGuard:
    """Refuses, in production, whatever may cost money.

    That is every write kind, every card, and once the payment confirmation was seen every request
    but the turn `no`. One per run. It is asked before each request, retries included.
    """

    def __init__(self, target: Target, *, bookings_allowed: bool) -> None:
        self._active = target.environment is Environment.PRODUCTION and not bookings_allowed
        self._target = target.name
        self._confirmation_seen = False

    def saw_confirmation(self) -> None:
        """Remember that a session of this run asked for consent, booked, or may have: what follows may cost money."""
        self._confirmation_seen = True

    def check(
        self, operation: Operation, *, text: str | None = None, kind: str | None = None, readable: bool = True
    ) -> None:
        """Raises RefusedError if this request must not be sent.

        `readable` says whether `text` and `kind` are truly what it says.
        """
        if not self._active:
            return
        if not readable:
            raise RefusedError(f"target {self._target} is production: a turn that can't be read is refused")
        if kind is not None and (_HARMLESS_KIND.fullmatch(kind) is None or kind.startswith(_ACTS)):
            raise RefusedError(f"target {self._target} is production: the kind {kind!r} may write, and is refused")
        if operation is Operation.ATTACH_CARD:
            raise RefusedError(f"target {self._target} is production: attaching a card is refused")
        declines = operation is Operation.SEND_EVENT and kind is None and text == _REFUSAL_WORD
        if self._confirmation_seen and not declines:
            raise RefusedError(
                f"target {self._target} is production and asked for payment confirmation: "
                f'every request but the turn "{_REFUSAL_WORD}" is refused'
            )
