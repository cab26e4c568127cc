"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make them."""
    _instances()
    _runs()
    _steps()
    _exchanges()
    _ids()
    _transitions()
    _findings()
    _slots()
    _intents()
    _bookings()
    _reservations()
    _states()


def _instances() -> None:
    op.create_table(
        "instances",
        sa.Column("instance_id", _ID, primary_key=True),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("batches", sa.BigInteger, nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("instance_id", _ID, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("scenario", sa.Text, nullable=False),
        sa.Column("leaves", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("recheck", sa.Boolean, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("duration_seconds", sa.Double),
        sa.Column("failed_step", sa.Text),
        sa.Column("failure_kind", sa.Text),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    )
    op.create_index("runs_by_outcome", "runs", ["outcome", "started_at"])
    op.create_index("runs_judged", "runs", ["target", "scenario", "outcome", "started_at"])
    op.create_index("runs_of_probe", "runs", ["target", "scenario", "started_at"])
    op.create_index("runs_started", "runs", ["started_at"])


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("cleanup", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        sa.Column("failure_kind", sa.Text),
        sa.Column("failure_expected", sa.Text),
        sa.Column("failure_observed", sa.Text),
        sa.Column("gap", sa.Text),
        sa.Column("first_seq", sa.Integer),
        sa.Column("exchanges", sa.Integer, nullable=False),
    )


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        sa.Column("phases", sa.Text, nullable=False),
        sa.Column("expected", sa.Boolean, nullable=False),
        sa.Column("own_key", sa.Boolean, nullable=False),
        sa.Column("own_style", sa.Boolean, nullable=False),
        sa.Column("idempotency_key", _ID),
        sa.Column("status_code", sa.Integer),
        sa.Column("envelope", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("chat_status", sa.Text),
        sa.Column("header_request_id", _ID),
        sa.Column("body_request_id", _ID),
        sa.Column("request_id_state", sa.Text),
        sa.Column("trace_id", _ID),
        sa.Column("trace_id_state", sa.Text),
        sa.Column("session_id", _ID),
        sa.Column("event_id", _ID),
        sa.Column("actor_id", sa.Text),
        sa.Column("partner_id", sa.Text),
        sa.Column("ratelimit_limit", sa.BigInteger),
        sa.Column("ratelimit_remaining", sa.BigInteger),
        sa.Column("retry_after_seconds", sa.Double),
        sa.Column("failure_kind", sa.Text),
        sa.Column("failure_expected", sa.Text),
        sa.Column("failure_observed", sa.Text),
        sa.Column("certificate_expires_at", sa.Double),
        sa.Column("answer_bytes", sa.BigInteger),
        sa.Column("request_body", sa.Text, nullable=False),
        sa.Column("answer_headers", sa.Text),
        sa.Column("answer_body", sa.Text),
    )


def _ids() -> None:
    op.create_table(
        "ids",
        sa.Column("value", _ID, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ids_of_run", "ids", ["run_id"])


def _transitions() -> None:
    op.create_table(
        "transitions",
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("step_position", sa.Integer, nullable=False),
        sa.Column("from_status", sa.Text, nullable=False),
        sa.Column("to_status", sa.Text, nullable=False),
        sa.Column("documented", sa.Boolean, nullable=False),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("finding_id", _NUMBER, primary_key=True),
        sa.Column("run_id", _ID),
        sa.Column("step_position", sa.Integer),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("operation", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("findings_found", "findings", ["found_at"])
    op.create_index("findings_of_run", "findings", ["run_id"])


def _slots() -> None:
    op.create_table(
        "slots",
        sa.Column("slot_id", _NUMBER, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("scenario", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("lateness_seconds", sa.Double, nullable=False),
    )
    op.create_index("slots_ended", "slots", ["ended_at"])


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("intent_id", _NUMBER, primary_key=True),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("idempotency_key", _ID, nullable=False),
        sa.Column("intended_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("settlement", sa.Text),
    )
    op.create_index("intents_by_key", "intents", ["idempotency_key"])
    op.create_index("intents_of_run", "intents", ["run_id"])
    op.create_index("intents_open", "intents", ["settled_at"])


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("booking_number", _NUMBER, primary_key=True),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("booking_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
    )
    op.create_index("bookings_of_run", "bookings", ["run_id"])
    op.create_index("bookings_told", "bookings", ["told_at"])


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("run_id", _ID, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("bookings", sa.BigInteger, nullable=False),
    )
    op.create_index("reservations_of_day", "reservations", ["host", "day"])


def _states() -> None:
    op.create_table(
        "states",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
