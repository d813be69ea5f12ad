"""The tables of the index, as the newest migration leaves them (a test compares both).

Only portable types, and no feature of one database alone: what is SQLite's stands in
`mirror.storage.database`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Utc(TypeDecorator[datetime]):
    """An aware time; SQLite keeps no zone, so all are stored and come back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Make aware on the way out."""
        return None if value is None else value.replace(tzinfo=UTC)


METADATA = MetaData()

ARTIFACTS = Table(
    "artifacts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("board", Text, nullable=False, index=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("md5", String(32), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("content_type", Text),
    Column("first_seen", Utc, nullable=False),
    Column("held", Boolean, nullable=False),
)

REFUSALS = Table(
    "refusals",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("time", Utc, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("digest", String(64)),
    Column("size", BigInteger),
    Column("retry_at", Utc),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("later", String(64), primary_key=True),
    Column("first", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("time", Utc, nullable=False),
)

ABSENCES = Table(
    "absences",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("board", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("withdrawn", Utc),
)

JUDGEMENTS = Table(
    "judgements",
    METADATA,
    Column("what", String(16), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("time", Utc, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("until", Utc),
)

# --- second looks and siblings ---------------------------------------------------------

DISAGREEMENTS = Table(
    "disagreements",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("sibling", Text, primary_key=True),
    Column("time", Utc, nullable=False),
)

PENDING = Table(
    "pending",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("sighting", Text, nullable=False),
)

LOOKED = Table(
    "looked",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("time", Utc, nullable=False),
)

PAGES = Table(
    "pages",
    METADATA,
    Column("url", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("crawl", Text, nullable=False),
    Column("fetched_at", Utc, nullable=False),
)

CRAWLS = Table(
    "crawls",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("started", Utc, nullable=False),
    Column("finished", Utc),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("started", Utc, nullable=False),
    Column("ended", Utc),
    Column("outcome", Text),
    Column("counts", Text, nullable=False),
    Column("message", Text, nullable=False),
)

MARKS = Table(
    "marks",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

ACCESSES = Table(
    "accesses",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("time", Utc, nullable=False),
)

#: Where Alembic keeps which migration was the last; no part of the index, but of its database.
REVISIONS = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
