"""What waits to be written: facts as they were told, and promises that somebody waits for.

Nothing here is encoded yet, and nothing knows a database: that is the writer thread's work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, TypeAlias

from probes.incident import AlertSeen, IncidentChange, Notice
from probes.journal.exchange_rows import NamedId, ids_of
from probes.journal.kept import OpenIntent
from probes.journal.rows import Span
from probes.model import Booking, BookingCap, Exchange, Finding, Intent, Probe, Run, RunStart

_LEAST_BYTES = 1024
_PARSED = 6
"""How many bytes a byte of JSON becomes in memory once it is read, about."""


class Promise:
    """Somebody on the event loop waits until an item is committed. One that is withdrawn must not be written."""

    def __init__(self) -> None:
        self.kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.withdrawn = False

    def settle(self, error: Exception | None) -> None:
        """On the loop: it is committed, or never will be."""
        if self.kept.done():
            return
        if error is None:
            self.kept.set_result(None)
        else:
            self.kept.set_exception(error)
            self.kept.exception()  # whoever waited may have gone; that is no error of its own


@dataclass(slots=True, kw_only=True, eq=False)
class Journey:
    """A run under way, as the journal heard of it: the order of its exchanges, and what it has committed."""

    run_id: str
    start: RunStart | None = None
    sent: list[Sent] = field(default_factory=list)
    seqs: dict[int, int] = field(default_factory=dict)
    intents: list[Intended] = field(default_factory=list)
    known_ids: set[NamedId] = field(default_factory=set)

    def next(self, step: str, exchange: Exchange) -> Sent:
        """An exchange that was not heard of before, with its number and the ids that it is the first to show."""
        ids = tuple(named for named in ids_of(exchange) if named not in self.known_ids)
        self.known_ids.update(ids)
        seq = self.seqs[id(exchange)] = len(self.sent)
        item = Sent(run_id=self.run_id, seq=seq, step=step, exchange=exchange, ids=ids)
        self.sent.append(item)
        return item

    def span(self, exchanges: tuple[Exchange, ...]) -> Span:
        """Where the exchanges of a step are."""
        return (self.seqs.get(id(exchanges[0])), len(exchanges)) if exchanges else (None, 0)

    @property
    def stored_bytes(self) -> int:
        """About what its rows take."""
        return sum(_LEAST_BYTES + _body_bytes(exchange) for exchange in (item.exchange for item in self.sent))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One thing to write. `rank` says what is dropped first where there is no more room: the lowest."""

    rank: ClassVar[int] = 2
    promise: Promise | None = None

    @property
    def weight(self) -> int:
        """About the bytes of memory that it keeps."""
        return _LEAST_BYTES

    @property
    def withdrawn(self) -> bool:
        """Whether nobody wants it written any more."""
        return self.promise is not None and self.promise.withdrawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Begun(Item):
    """A run is about to send its first byte."""

    start: RunStart
    cap: BookingCap | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intended(Item):
    """A turn is about to be sent."""

    intent: Intent
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Booked(Item):
    """A word on a booking."""

    booking: Booking
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sent(Item):
    """An exchange is over. One that is `light` has lost its bodies, since too much waited.

    Without a `seq` it comes after all that its run, which is over, has already. `ids` are those that it is found by.
    """

    rank: ClassVar[int] = 0
    run_id: str
    seq: int | None
    step: str
    exchange: Exchange
    ids: tuple[NamedId, ...]
    light: bool = False

    @property
    def weight(self) -> int:
        """Its body is kept as it came and as it was read."""
        return _LEAST_BYTES + _PARSED * _body_bytes(self.exchange)

    def without_bodies(self) -> Sent:
        """The same, lighter: who sent what and when, but not the words."""
        answer = self.exchange.answer
        lighter = None if answer is None else replace(answer, content=b"", body=None, artifacts={})
        return replace(self, exchange=replace(self.exchange, request_body=b"", answer=lighter), light=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged(Item):
    """A run has its verdict. `spans` are of its steps, then of its cleanup; its exchanges wait by themselves."""

    run: Run
    spans: tuple[Span, ...]
    stored_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned(Item):
    """A planned start is accounted for."""

    rank: ClassVar[int] = 1
    probe: Probe
    state: str
    reason: str | None
    lateness_seconds: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared(Item):
    """A target's contract was compared."""

    rank: ClassVar[int] = 1
    target: str
    findings: tuple[Finding, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stated(Item):
    """Something that survives a restart changed; `value` is JSON, None takes it away."""

    rank: ClassVar[int] = 3
    kind: str
    key: str
    value: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled(Item):
    """A snapshot told what became of an open intent."""

    intent: OpenIntent
    settlement: str
    booking: Booking | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changed(Item):
    """Incidents changed, with what is to be said of them and the state that goes with it: all of it, or nothing."""

    rank: ClassVar[int] = 3
    change: IncidentChange
    state: Stated | None

    @property
    def weight(self) -> int:
        """What is to be said, and the state, are texts already."""
        said = sum(len(notice.document) for notice in self.change.notices)
        stated = len(self.state.value or "") if self.state is not None else 0
        return _LEAST_BYTES * (1 + len(self.change.incidents) + len(self.change.notices)) + said + stated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noticed(Item):
    """A notice was tried, or is settled."""

    rank: ClassVar[int] = 3
    notice: Notice

    @property
    def weight(self) -> int:
        """What it says is written again only where the journal lost it."""
        return _LEAST_BYTES + len(self.notice.document)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alerted(Item):
    """Alertmanager told of alerts."""

    alerts: tuple[AlertSeen, ...]

    @property
    def weight(self) -> int:
        """Their words are short."""
        return _LEAST_BYTES * (1 + len(self.alerts))


Items: TypeAlias = list[Item]


def without_exchanges(run: Run) -> Run:
    """The verdict alone: a run that waits must not keep in memory what was dropped from the queue."""
    steps, cleanup = (tuple(replace(step, exchanges=()) for step in each) for each in (run.steps, run.cleanup))
    return replace(run, steps=steps, cleanup=cleanup)


def wanted(items: Iterable[Item]) -> Items:
    """Those that are still to be written."""
    return [item for item in items if not item.withdrawn]


def is_durable(item: Item) -> bool:
    """Whether it must survive a power cut: what was promised, and the verdict of a run that may have booked."""
    return item.promise is not None or (isinstance(item, Judged) and bool(item.run.bookings))


def _body_bytes(exchange: Exchange) -> int:
    return len(exchange.request_body) + (0 if exchange.answer is None else len(exchange.answer.content))
