"""What somebody judged, and is in force: recalls, hidden names, acknowledged alarms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "judgement"
down_revision = "prune"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table; no decision of an older version is one of these."""
    op.create_table(
        "judgements",
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("until", _TIME),
    )
