"""The ledger for a process that keeps no journal: promises live as long as it does."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probes.errors import LedgerUnavailableError, RefusedError
from probes.model import Booking, BookingCap, Intent, RunStart


@asynccontextmanager
async def answering(seconds: float) -> AsyncIterator[None]:
    """Inside, a ledger is asked; one that doesn't answer in time is one that can't be had. LedgerUnavailableError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise LedgerUnavailableError("the ledger did not answer in time") from None


_KEPT = 1_000  # enough for an inspection; a service runs for months


class MemoryLedger:
    """Keeps the newest runs, intents and bookings in memory; not durable, so no real bookings on its word."""

    durable = False

    def __init__(self) -> None:
        self.runs: deque[RunStart] = deque(maxlen=_KEPT)
        self.intents: deque[Intent] = deque(maxlen=_KEPT)
        self.bookings: deque[Booking] = deque(maxlen=_KEPT)

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        """Know that this run began; a cap can't be kept here."""
        if cap is not None and not self.durable:
            raise RefusedError("a daily cap on bookings needs a ledger that outlives the process")
        self.runs.append(start)

    async def intend(self, intent: Intent) -> None:
        """Know the key of this write, before it is sent."""
        self.intents.append(intent)

    async def book(self, booking: Booking) -> None:
        """Know what became of a booking."""
        self.bookings.append(booking)
