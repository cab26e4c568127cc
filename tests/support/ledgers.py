"""Ledgers that fail or dawdle at chosen calls."""

from __future__ import annotations

import asyncio

from probes.errors import LedgerUnavailableError
from probes.ledger import MemoryLedger
from probes.model import Booking, BookingCap, Intent, RunStart


class FailingLedger(MemoryLedger):
    """Raises at the calls that are named (`begin_run`, `intend`, `book`), at `intend` once it has kept so many."""

    def __init__(self, *calls: str, error: BaseException | None = None, keeps_intents: int = 0) -> None:
        super().__init__()
        self._calls = calls
        self._error = LedgerUnavailableError("the disk is full") if error is None else error
        self._keeps_intents = keeps_intents

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        await super().begin_run(start, cap)
        await self._fail("begin_run")

    async def intend(self, intent: Intent) -> None:
        await super().intend(intent)
        if len(self.intents) > self._keeps_intents:
            await self._fail("intend")

    async def book(self, booking: Booking) -> None:
        await super().book(booking)
        await self._fail("book")

    async def _fail(self, call: str) -> None:
        if call in self._calls:
            await asyncio.sleep(0)
            raise self._error


class SilentLedger(FailingLedger):
    """Fails, and has told so itself."""

    def __init__(self, *calls: str) -> None:
        super().__init__(*calls, error=LedgerUnavailableError("the disk is full", told=True))


class HangingLedger(MemoryLedger):
    """Does not come back from one of its calls."""

    def __init__(self, call: str) -> None:
        super().__init__()
        self._call = call

    async def begin_run(self, start: RunStart, cap: BookingCap | None = None) -> None:
        await self._hang("begin_run")

    async def intend(self, intent: Intent) -> None:
        await self._hang("intend")

    async def _hang(self, call: str) -> None:
        if call == self._call:
            await asyncio.Event().wait()
