"""A batch of items becomes statements, a few for each table however many items there are, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, bindparam, delete, func, select, text, update

from probes.errors import RefusedError
from probes.journal import incident_pen, rows
from probes.journal.exchange_rows import Row, exchange_row
from probes.journal.inserting import insert_into, plain
from probes.journal.items import (
    Alerted,
    Begun,
    Booked,
    Changed,
    Compared,
    Intended,
    Item,
    Judged,
    Noticed,
    Planned,
    Sent,
    Settled,
    Stated,
)
from probes.journal.moments import microseconds_of
from probes.journal.stop_pen import write_stop
from probes.journal.tables import (
    bookings,
    exchanges,
    findings,
    ids,
    instances,
    intents,
    reservations,
    runs,
    slots,
    states,
    steps,
    transitions,
)
from probes.journal.texts import Scrub, kept_id
from probes.model import BookingCap, RunStart

ANY_HOST = "*"
BY_VERDICT = "verdict"
_UNKNOWN = 2**31  # more than anybody's cap
_VERDICT = (
    "finished_at",
    "outcome",
    "reason",
    "detail",
    "duration_seconds",
    "failed_step",
    "failure_kind",
    "stored_bytes",
)
_CAP_LOCK = text("SELECT pg_advisory_xact_lock(7305808801048061)")  # any number, the same for all versions


@dataclass(slots=True)
class Sheet:
    """The rows of a batch, by table; verdicts and what they settle come after all of them."""

    inserts: dict[Table, list[Row]] = field(default_factory=lambda: defaultdict(list))
    verdicts: list[Row] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)

    def add(self, table: Table, *new: Row) -> None:
        """These rows, their words as plain texts."""
        if new:
            self.inserts[table] += map(plain, new)


class Pen:
    """Writes items for one instance: its texts scrubbed, its runs marked as its own."""

    def __init__(self, instance_id: str, scrub: Scrub) -> None:
        self._instance_id = instance_id
        self._scrub = scrub

    def write(self, connection: Connection, items: Sequence[Item]) -> dict[Item, RefusedError]:
        """Write them, within the caller's transaction; those too late or beyond the day's cap come back."""
        refused: dict[Item, RefusedError] = {}
        sheet = Sheet()
        for item in items:
            if isinstance(item, Begun) and item.cap is not None:
                try:
                    _reserve(connection, item.start, item.cap)
                except RefusedError as refusal:
                    refused[item] = refusal
                    continue
            if isinstance(item, Settled) and not self._settle(connection, sheet, item):
                refused[item] = RefusedError("another process has settled this turn already")
                continue
            self._fill(connection, sheet, item)
        for table, new in sheet.inserts.items():
            connection.execute(insert_into(connection, table).on_conflict_do_nothing(), new)
        _judge(connection, sheet)
        for item in items:
            write_stop(connection, item, self._scrub)
            self._amend(connection, item)
        connection.execute(_COUNT_BATCH, {"instance": self._instance_id})
        return refused

    def _fill(self, connection: Connection, sheet: Sheet, item: Item) -> None:
        match item:
            case Begun():
                sheet.add(runs, rows.run_begun(item.start, self._instance_id))
            case Intended():
                sheet.add(intents, rows.intent_row(item.intent, item.at, self._scrub))
            case Booked():
                sheet.add(bookings, rows.booking_row(item.booking, item.at, self._scrub))
            case Sent():
                self._fill_exchange(connection, sheet, item)
            case Judged():
                self._fill_verdict(sheet, item)
            case Planned():
                sheet.add(slots, rows.slot_row(item.probe, item.state, item.reason, item.lateness_seconds, item.at))
            case Compared():
                found = (rows.finding_row(item.target, each, item.at, self._scrub) for each in item.findings)
                sheet.add(findings, *found)

    def _fill_exchange(self, connection: Connection, sheet: Sheet, item: Sent) -> None:
        seq = _seq_after(connection, sheet, item.run_id) if item.seq is None else item.seq
        row = exchange_row(item.run_id, seq, item.step, item.exchange, self._scrub)
        if item.light:
            row |= {"answer_bytes": None, "answer_body": None}
        sheet.add(exchanges, row)
        for kind, value in item.ids:
            sheet.add(ids, {"value": kept_id(value, self._scrub), "kind": kind, "run_id": item.run_id, "seq": seq})

    def _fill_verdict(self, sheet: Sheet, item: Judged) -> None:
        run = item.run
        sheet.add(steps, *rows.step_rows(run, item.spans, self._scrub))
        sheet.add(transitions, *rows.transition_rows(run, self._scrub))
        sheet.add(findings, *rows.run_finding_rows(run, self._scrub))
        verdict = plain(rows.run_judged(run, self._instance_id, item.stored_bytes, self._scrub))
        sheet.verdicts.append(verdict)
        sheet.settled.append({"of_run": run.run_id, "at": verdict["finished_at"], "by": BY_VERDICT})

    def _settle(self, connection: Connection, sheet: Sheet, item: Settled) -> bool:
        """Close an open intent, with what it booked; False if it isn't open any more."""
        key = kept_id(item.intent.idempotency_key, self._scrub) or ""
        named = {"of_run": item.intent.run_id, "of_key": key, "at": microseconds_of(item.at), "by": item.settlement}
        closed = connection.execute(_SETTLE_KEY, named).rowcount > 0
        if closed and item.booking is not None:
            sheet.add(bookings, rows.booking_row(item.booking, item.at, self._scrub))
        return closed

    def _amend(self, connection: Connection, item: Item) -> None:
        """What is changed in place, one item after the other, since a later one may change the same."""
        match item:
            case Stated():
                self._state(connection, item)
            case Changed(change=change):
                incident_pen.write_incidents(connection, change.incidents, self._scrub)
                incident_pen.write_notices(connection, change.notices, self._scrub)
                if item.state is not None:
                    self._state(connection, item.state)
            case Noticed(notice=notice):
                incident_pen.settle_notice(connection, notice, self._scrub)
            case Alerted(alerts=seen):
                incident_pen.write_alerts(connection, seen, self._scrub)

    def _state(self, connection: Connection, item: Stated) -> None:
        connection.execute(delete(states).where(states.c.kind == item.kind, states.c.key == item.key))
        if item.value is not None:
            row = rows.state_row(item.kind, item.key, item.value, item.at, self._scrub)
            connection.execute(insert_into(connection, states), [row])


_COUNT_BATCH = (
    update(instances).where(instances.c.instance_id == bindparam("instance")).values(batches=instances.c.batches + 1)
)
_SETTLE = update(intents).values(settled_at=bindparam("at"), settlement=bindparam("by"))
_SETTLE_RUN = _SETTLE.where(intents.c.run_id == bindparam("of_run"), intents.c.settled_at.is_(None))
_SETTLE_KEY = _SETTLE_RUN.where(intents.c.idempotency_key == bindparam("of_key"))


def _seq_after(connection: Connection, sheet: Sheet, run_id: str) -> int:
    """The number after all exchanges of a run, those of this batch too."""
    kept = select(func.coalesce(func.max(exchanges.c.seq), -1)).where(exchanges.c.run_id == run_id)
    numbers = (row["seq"] for row in sheet.inserts[exchanges] if row["run_id"] == run_id)
    return int(max(connection.execute(kept).scalar_one(), *numbers, -1)) + 1


def close_day(connection: Connection, day: int, marker: str) -> None:
    """Let nobody book in production on this day: what was reserved before isn't known any more."""
    row = {"run_id": f"{marker}-{day}", "host": ANY_HOST, "day": day, "bookings": _UNKNOWN}
    connection.execute(insert_into(connection, reservations).on_conflict_do_nothing(), [row])


def unknown_intents(connection: Connection, intended: Sequence[Intended]) -> list[Intended]:
    """Those that aren't there, where it isn't known what is."""
    run_ids = {item.intent.run_id for item in intended}
    known = select(intents.c.run_id, intents.c.body_digest).where(intents.c.run_id.in_(run_ids))
    there = {tuple(row) for row in connection.execute(known)}
    return [item for item in intended if (item.intent.run_id, rows.digest_of(item.intent)) not in there]


def _judge(connection: Connection, sheet: Sheet) -> None:
    """Verdicts, each only where there is none yet: the first one wins."""
    if sheet.verdicts:
        new = insert_into(connection, runs)
        verdict = {name: new.excluded[name] for name in _VERDICT}
        connection.execute(
            new.on_conflict_do_update(index_elements=["run_id"], set_=verdict, where=runs.c.outcome.is_(None)),
            sheet.verdicts,
        )
    for row in sheet.settled:
        connection.execute(_SETTLE_RUN, row)


def _reserve(connection: Connection, start: RunStart, cap: BookingCap) -> None:
    """Take a run's bookings from the day's cap. Days ahead count too: a clock that was set back frees nothing.

    Raises RefusedError where too few are left.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_CAP_LOCK)
    row = rows.reservation_row(start, cap)
    taken = connection.execute(
        select(func.coalesce(func.sum(reservations.c.bookings), 0)).where(
            reservations.c.host.in_((cap.host, ANY_HOST)),
            reservations.c.day >= row["day"],
            reservations.c.run_id != start.run_id,
        )
    ).scalar_one()
    if taken + cap.bookings > cap.per_day:
        raise RefusedError(
            f"{start.scenario} may make {_count(cap.bookings)} on {cap.host}, whose cap is {cap.per_day} a day: "
            + ("nobody knows what is left" if taken >= _UNKNOWN else f"{max(cap.per_day - taken, 0)} are left")
        )
    connection.execute(insert_into(connection, reservations).on_conflict_do_nothing(), [row])


def _count(bookings_wanted: int) -> str:
    return "a booking" if bookings_wanted == 1 else f"{bookings_wanted} bookings"
