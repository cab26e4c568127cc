"""Incidents, what is said of them, and the alerts that were heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make their tables, beside all that is there."""
    op.create_index("instances_ended", "instances", ["ended_at"])
    _incidents()
    _notices()
    _alerts()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", _ID, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("operation", sa.Text),
        sa.Column("detected_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("incidents_closed", "incidents", ["closed_at"])
    op.create_index("incidents_detected", "incidents", ["detected_at", "incident_id"])
    op.create_index("incidents_of_target", "incidents", ["target", "detected_at", "incident_id"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", _ID, primary_key=True),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("incident_id", _ID),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
    )
    op.create_index("notices_due", "notices", ["state", "due_at"])
    op.create_index("notices_settled", "notices", ["settled_at"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("fingerprint", _ID, primary_key=True),
        sa.Column("starts_at", sa.BigInteger, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("target", sa.Text),
        sa.Column("scenario", sa.Text),
        sa.Column("incident_id", _ID),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_index("alerts_of_incident", "alerts", ["incident_id"])
    op.create_index("alerts_received", "alerts", ["received_at"])
