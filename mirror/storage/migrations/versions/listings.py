"""What upstream lists no longer: since when, and whether that is believed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "listings"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of absences."""
    op.create_table(
        "absences",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("board", sa.Text, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("withdrawn", _TIME),
    )
