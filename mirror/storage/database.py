"""The SQLite database under the index: one connection, one thread, transactions, migrations.

All SQL runs in one thread of its own, so the loop never waits for it and there is one
writer.  The database is an index over the files: deleting ``mpmirror.db`` loses page
digests and the history of runs, nothing else.  What a power cut takes from it is the last
transactions, never its soundness (WAL, ``synchronous=NORMAL``); it then follows the
ledger again.
"""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from mirror.errors import DamagedError, DiskFullError, ForeignDataError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.tables import METADATA, REVISIONS
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Connection, Engine, Executable, RowMapping, Select

NEWEST_REVISION = "evidence"

# Fewer than the 999 variables that every SQLite allows in one statement.
AT_ONCE = 500

# The shared memory beside the database begins with so much.
_LEAST_BYTES = 32 * 1024

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}

Answer = TypeVar("Answer")
Value = TypeVar("Value")


class Database:
    """An open database in its newest shape; every call raises only `StorageError`s."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mpmirror-database")
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.run(self._bring_up_to_date)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._close()

    async def run(self, work: Callable[[Connection], Answer]) -> Answer:
        """Return ``work(connection)``, done in one transaction: all of it, or after an error none.

        Only an error while it was committed leaves open which of the two it is.
        """
        return await to_end(self._in_transaction, work, executor=self._thread)

    async def execute(self, *statements: Executable) -> None:
        """Do *statements*, in one transaction."""

        def work(connection: Connection) -> None:
            for statement in statements:
                connection.execute(statement)

        await self.run(work)

    async def rows(self, query: Select[Any]) -> list[RowMapping]:
        """Return the rows that *query* finds, by column name."""
        return await self.run(lambda connection: list(connection.execute(query).mappings()))

    def _in_transaction(self, work: Callable[[Connection], Answer]) -> Answer:
        with _reported(self._path):
            # Kept from one to the next, because making it takes as long as a statement.
            connection = self._connection = self._connection or _connected(self._path)
            try:
                with connection.begin():
                    return work(connection)
            except BaseException:
                self._connection = None
                connection.close()
                raise

    async def _close(self) -> None:
        # The connection belongs to the thread that made it.
        try:
            await to_end(self._dispose, executor=self._thread)
        finally:  # cancelled meanwhile, too
            self._thread.shutdown()

    def _dispose(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _bring_up_to_date(self, connection: Connection) -> None:
        tables = inspect(connection).get_table_names()
        if not tables:
            _make_newest(connection)
            return
        revision = _revision(connection) if REVISIONS.name in tables else None
        if revision != NEWEST_REVISION:
            _migrate(self._path, connection, revision)


def portions(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield *values* in pieces that fit into one statement."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


# Which database this thread connects to.
_HERE = threading.local()


def _connected(path: Path) -> Connection:
    _HERE.path = path
    return _engine().connect()


@cache
def _engine() -> Engine:
    """Return what all databases of this process share: what each statement compiles to."""
    engine = create_engine(
        "sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(_HERE.path)
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy begins the transactions: Python's driver leaves CREATE TABLE outside.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # By the driver: there is nothing in it that SQLAlchemy would compile or read.
        connection.connection.cursor().execute("BEGIN IMMEDIATE")

    return engine


def _make_newest(connection: Connection) -> None:
    """Make in an empty database what all migrations together would, in a tenth of the time."""
    for statement in _newest():
        connection.exec_driver_sql(statement)
    connection.execute(insert(REVISIONS).values(version_num=NEWEST_REVISION))


@cache
def _newest() -> tuple[str, ...]:
    """Return the statements that make all tables and their indexes."""
    tables = [*METADATA.sorted_tables, REVISIONS]
    indexes = [
        CreateIndex(index)
        for table in tables
        for index in sorted(table.indexes, key=lambda index: str(index.name))
    ]
    elements: list[CreateTable | CreateIndex] = [*map(CreateTable, tables), *indexes]
    return tuple(str(element.compile(_engine())) for element in elements)


def _revision(connection: Connection) -> str | None:
    return connection.execute(select(REVISIONS.c.version_num)).scalar()


def _migrate(path: Path, connection: Connection, revision: str | None) -> None:
    # Imported here: Alembic takes half a second, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", "mirror.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise ForeignDataError(
            f"{path} was written by a newer mpmirror (its revision is {revision}, this one "
            f"knows {NEWEST_REVISION}): use that version, or remove the file to rebuild it"
        )
    command.upgrade(config, "head")


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _in_words(path, error.orig) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _in_words(path, error) from error


def _in_words(path: Path, error: BaseException | None) -> StorageError:
    # The low byte is the kind, whatever the extended code says.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return DiskFullError(f"no space left on the disk for the database {path}")
    if code in _BROKEN:
        return DamagedError(
            f"the database {path} is damaged: it is only an index, `mpmirror check --rebuild` "
            "makes it again"
        )
    if code in _UNWRITABLE:
        return StorageError(f"the database {path} can not be written: {error}")
    return StorageError(f"the database {path} failed: {error}")


def _is_full(path: Path) -> bool:
    # On a full disk SQLite can not make its shared memory, and calls that an I/O error.
    try:
        return Disk().space(path.parent).free < _LEAST_BYTES
    except OSError:
        return False
