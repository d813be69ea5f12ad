"""Siblings that differ, what awaits a second look, and when held files had one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "evidence"
down_revision = "judgement"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the new tables."""
    op.create_table(
        "disagreements",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sibling", sa.Text, primary_key=True),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_table(
        "pending",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sighting", sa.Text, nullable=False),
    )
    op.create_table(
        "looked",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("time", _TIME, nullable=False),
    )
