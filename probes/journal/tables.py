"""What the journal keeps, as tables; migrations make them, and a test compares the two.

Moments are microseconds since the epoch, durations are seconds. Texts that others had a say in come scrubbed, without
NUL and surrogates, and bounded.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

_ID = Text().with_variant(Text(collation="C"), "postgresql")  # a prefix is looked up as a range of code points
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts by itself only what is called INTEGER

instances = Table(
    "instances",
    metadata,
    Column("instance_id", _ID, primary_key=True),
    Column("command", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("batches", BigInteger, nullable=False, default=0),
    Index("instances_ended", "ended_at"),
)
"""The processes that wrote here: a run whose instance is gone was cut off (design decision 10).

`batches` counts its commits, so that it knows of one whose answer got lost with the connection.
"""

runs = Table(
    "runs",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("instance_id", _ID, nullable=False),
    Column("target", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("leaves", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("recheck", Boolean, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("duration_seconds", Double),
    Column("failed_step", Text),
    Column("failure_kind", Text),
    Column("stored_bytes", BigInteger, nullable=False, default=0),
    Index("runs_started", "started_at"),
    Index("runs_of_probe", "target", "scenario", "started_at"),
    Index("runs_judged_at", "target", "scenario", "location", "outcome", "started_at"),
    Index("runs_by_outcome", "outcome", "started_at"),
)
"""One row a run, written before its first byte is sent; without an `outcome` until it has its verdict."""

steps = Table(
    "steps",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("cleanup", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("duration_seconds", Double, nullable=False),
    Column("failure_kind", Text),
    Column("failure_expected", Text),
    Column("failure_observed", Text),
    Column("gap", Text),
    Column("first_seq", Integer),
    Column("exchanges", Integer, nullable=False),
)
"""In the order of the run, its cleanup last. Its exchanges are those from `first_seq` on, so many."""

exchanges = Table(
    "exchanges",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_seconds", Double, nullable=False),
    Column("phases", Text, nullable=False),
    Column("expected", Boolean, nullable=False),
    Column("own_key", Boolean, nullable=False),
    Column("own_style", Boolean, nullable=False),
    Column("idempotency_key", _ID),
    Column("status_code", Integer),
    Column("envelope", Text),
    Column("code", Text),
    Column("error", Text),
    Column("chat_status", Text),
    Column("header_request_id", _ID),
    Column("body_request_id", _ID),
    Column("request_id_state", Text),
    Column("trace_id", _ID),
    Column("trace_id_state", Text),
    Column("session_id", _ID),
    Column("event_id", _ID),
    Column("actor_id", Text),
    Column("partner_id", Text),
    Column("ratelimit_limit", BigInteger),
    Column("ratelimit_remaining", BigInteger),
    Column("retry_after_seconds", Double),
    Column("failure_kind", Text),
    Column("failure_expected", Text),
    Column("failure_observed", Text),
    Column("certificate_expires_at", Double),
    Column("answer_bytes", BigInteger),
    Column("request_body", Text, nullable=False),
    Column("answer_headers", Text),
    Column("answer_body", Text),
)
"""Each HTTP attempt as it ended, in the order of the run. `answer_bytes` is how long the body was before it was cut."""

ids = Table(
    "ids",
    metadata,
    Column("value", _ID, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("run_id", _ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Index("ids_of_run", "run_id"),
    sqlite_with_rowid=False,
)
"""Where an id was seen: of an id that a run saw often, the first exchange of that run."""

transitions = Table(
    "transitions",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("step_position", Integer, nullable=False),
    Column("from_status", Text, nullable=False),
    Column("to_status", Text, nullable=False),
    Column("documented", Boolean, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", _NUMBER, primary_key=True, autoincrement=True),
    Column("run_id", _ID),
    Column("step_position", Integer),
    Column("target", Text, nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("operation", Text),
    Column("detail", Text, nullable=False),
    Index("findings_of_run", "run_id"),
    Index("findings_found", "found_at"),
)
"""Of a run's step, or of a comparison of the contract, which belongs to no run."""

slots = Table(
    "slots",
    metadata,
    Column("slot_id", _NUMBER, primary_key=True, autoincrement=True),
    Column("target", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("lateness_seconds", Double, nullable=False),
    Index("slots_ended", "ended_at"),
)
"""Every planned start, accounted for."""

intents = Table(
    "intents",
    metadata,
    Column("intent_id", _NUMBER, primary_key=True, autoincrement=True),
    Column("run_id", _ID, nullable=False),
    Column("target", Text, nullable=False),
    Column("session_id", _ID, nullable=False),
    Column("idempotency_key", _ID, nullable=False),
    Column("intended_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("settled_at", BigInteger),
    Column("settlement", Text),
    Index("intents_of_run", "run_id"),
    Index("intents_open", "settled_at"),
    Index("intents_by_key", "idempotency_key"),
)
"""The key of each turn, committed before it is sent; open until its run's verdict, or a snapshot, settles it."""

bookings = Table(
    "bookings",
    metadata,
    Column("booking_number", _NUMBER, primary_key=True, autoincrement=True),
    Column("run_id", _ID, nullable=False),
    Column("target", Text, nullable=False),
    Column("session_id", _ID, nullable=False),
    Column("booking_id", Text),
    Column("state", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Index("bookings_of_run", "run_id"),
    Index("bookings_told", "told_at"),
)
"""What became of each booking, word after word; the last one of a session and booking id counts."""

reservations = Table(
    "reservations",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("host", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("bookings", BigInteger, nullable=False),
    Index("reservations_of_day", "host", "day"),
)
"""Bookings that a run may make in production, taken from the day's cap first. `day` counts from the epoch, in UTC."""

states = Table(
    "states",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""What must survive a restart beside runs, as JSON: of alerts, incidents, and targets that a person stopped."""

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", _ID, primary_key=True),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("operation", Text),
    Column("detected_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("document", Text, nullable=False),
    Index("incidents_closed", "closed_at"),
    Index("incidents_detected", "detected_at", "incident_id"),
    Index("incidents_of_target", "target", "detected_at", "incident_id"),
)
"""Each incident as it was last known, whole in `document`; an open one has no `closed_at`, an ended one always has."""

notices = Table(
    "notices",
    metadata,
    Column("notice_id", _ID, primary_key=True),
    Column("receiver", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("incident_id", _ID),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("settled_at", BigInteger),
    Index("notices_due", "state", "due_at"),
    Index("notices_settled", "settled_at"),
)
"""What is to be said of incidents, and to whom. One that is settled never waits again."""

alerts = Table(
    "alerts",
    metadata,
    Column("fingerprint", _ID, primary_key=True),
    Column("starts_at", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ends_at", BigInteger),
    Column("target", Text),
    Column("scenario", Text),
    Column("incident_id", _ID),
    Column("received_at", BigInteger, nullable=False),
    Index("alerts_of_incident", "incident_id"),
    Index("alerts_received", "received_at"),
)
"""What Alertmanager told of, as it was told last."""

OF_A_RUN = (steps, exchanges, ids, transitions, findings, intents, bookings)
"""The tables whose rows go when their run goes; `reservations` outlives it, since the cap must."""
