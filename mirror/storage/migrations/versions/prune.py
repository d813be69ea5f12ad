"""When files on demand were last asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "prune"
down_revision = "listings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nobody remembers what was asked for before."""
    op.create_table(
        "accesses",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    )
