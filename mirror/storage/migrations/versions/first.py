"""The first shape of the index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make all tables."""
    _make_what_follows_the_ledger()
    _make_memory()


def _make_what_follows_the_ledger() -> None:
    op.create_table(
        "artifacts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("board", sa.Text, nullable=False, index=True),
        sa.Column("digest", sa.String(64), nullable=False, index=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("content_type", sa.Text),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
    )
    op.create_table(
        "refusals",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("size", sa.BigInteger),
        sa.Column("retry_at", _TIME),
    )
    op.create_table(
        "changes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("later", sa.String(64), primary_key=True),
        sa.Column("first", sa.String(64), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("time", _TIME, nullable=False),
    )


def _make_memory() -> None:
    op.create_table(
        "pages",
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("crawl", sa.Text, nullable=False),
        sa.Column("fetched_at", _TIME, nullable=False),
    )
    op.create_table(
        "crawls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("finished", _TIME),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("ended", _TIME),
        sa.Column("outcome", sa.Text),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_table(
        "marks",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
