"""The last verdicts of one location, where others measure the same probes."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index runs by where they were played, too: else those of all other places are walked through."""
    op.create_index("runs_judged_at", "runs", ["target", "scenario", "location", "outcome", "started_at"])
    op.drop_index("runs_judged", "runs")
