"""What a run is given beside its scenario and its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from probes.by_hand import CardsByHand
from probes.correlation import SeenIds
from probes.listening import Listener
from probes.model import Ledger
from probes.redaction import Notice
from probes.requests import Permit, permit_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all runs of a process share. `notice` hears of the secrets in an answer before listeners hear of it.

    `permit` is asked before each request is sent. `cards` are added by a person where a target has no portal.
    """

    ledger: Ledger
    listener: Listener
    seen_ids: SeenIds
    notice: Notice
    now: Callable[[], datetime]
    uniform: Callable[[float, float], float]
    permit: Permit = permit_all
    cards: CardsByHand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a run may take, and a step of it, in seconds."""

    run_seconds: float = 120.0
    step_seconds: float = 30.0
