"""A book of stops in memory, and runs that booked unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from support.facts import a_failed_step, a_run, a_target

from probes.errors import JournalError, LedgerUnavailableError
from probes.listening import Listener
from probes.model import Booking, MonitorFault, Run, Target
from probes.redaction import Secret
from probes.stops import Stops
from probes.unasked import RESUMED, STOPPED
from probes.words import BookingState, FailureKind, Outcome

BOOKED = "run-that-booked"


class Book:
    """What a journal keeps of stops, for as long as it can be read and written."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {STOPPED: {}, RESUMED: {}}
        self.unreadable = False
        self.unwritable = False

    async def keep_state(self, kind: str, key: str, value: object | None) -> None:
        if self.unwritable:
            raise LedgerUnavailableError("the disk is full", told=True)
        if value is None:
            self.kept[kind].pop(key, None)
        else:
            self.kept[kind][key] = value

    async def states(self, *kinds: str) -> tuple[Mapping[str, object], ...]:
        if self.unreadable:
            raise JournalError("the server is away")
        return tuple(dict(self.kept[kind]) for kind in kinds)

    def resume(self, run_id: str = BOOKED) -> None:
        """As the command does."""
        self.kept[RESUMED][run_id] = {}
        self.kept[STOPPED].pop(run_id, None)


class Told(Listener):
    """Keeps what was said of stops."""

    def __init__(self) -> None:
        self.stops: list[tuple[str, str | None]] = []
        self.faults: list[MonitorFault] = []

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        self.stops.append((target, reason))

    def monitor_fault(self, fault: MonitorFault) -> None:
        self.faults.append(fault)

    @property
    def names(self) -> list[str]:
        """Each target that was told of, with a minus where it goes on."""
        return [name if reason is not None else f"-{name}" for name, reason in self.stops]


def targets_of(**keys: str) -> list[Target]:
    """Targets by name, each with its key."""
    return [a_target(name=name, api_key=Secret(key)) for name, key in keys.items()]


def stops_of(book: Book | None, told: Told | None = None, **keys: str) -> Stops:
    return Stops(targets_of(**(keys or {"acme": "k-1"})), book=book, listener=told or Told(), every_seconds=0.01)


def a_booking(state: BookingState = BookingState.UNEXPECTED, **changes: Any) -> Booking:
    facts = {"run_id": BOOKED, "target": "acme", "session_id": "sess_1", "state": state}
    return Booking(**(facts | changes))


def a_run_that_booked(**changes: Any) -> Run:
    """A search that was told of a booking."""
    step = a_failed_step(FailureKind.UNEXPECTED_BOOKING)
    return a_run(Outcome.FAILED, **({"run_id": BOOKED, "steps": (step,)} | changes))


async def until_kept(book: Book, run_id: str = BOOKED) -> None:
    """Until the book has the stop, with the mark of its key."""
    async with asyncio.timeout(5):
        while not book.kept[STOPPED].get(run_id, {}).get("mark"):
            await asyncio.sleep(0.005)
