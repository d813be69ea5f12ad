"""The SQLite database under the index."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from mirror.errors import DamagedError, DiskFullError, ForeignDataError, StorageError
from mirror.storage.database import NEWEST_REVISION, Database, portions
from mirror.storage.tables import MARKS, METADATA

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Connection

# What Alembic makes before its first migration: no new database, so it is migrated.
EMPTY_BUT_BEGUN = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a database that does not exist yet."""
    return tmp_path / "mpmirror.db"


def query(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Look into a database from outside, or change it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return list(connection.execute(statement))


def fill(path: Path, content: bytes) -> None:
    """Put foreign bytes in place of the database."""
    path.write_bytes(content)


def shape(path: Path) -> set[tuple[str, str]]:
    """Return the statements that made tables and indexes, whatever space is in them."""
    made = query(path, "SELECT name, coalesce(sql, '') FROM sqlite_master")
    return {(name, "".join(statement.split())) for name, statement in made}


def revisions(path: Path) -> list[tuple[Any, ...]]:
    """Return which migration a database says it has come to."""
    return query(path, "SELECT version_num FROM alembic_version")


async def open_and_close(path: Path) -> None:
    """Open a database, which brings it up to date, and close it."""
    async with Database(path):
        pass


async def test_an_empty_database_becomes_the_newest(path: Path) -> None:
    """From nothing to exactly the tables that the code uses."""

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with Database(path) as database:
        assert await database.run(differences) == []


async def test_all_migrations_lead_to_what_a_new_database_has(path: Path, tmp_path: Path) -> None:
    """The same tables and indexes, column by column, and the mark of the same revision."""
    migrated = tmp_path / "migrated.db"
    query(migrated, EMPTY_BUT_BEGUN)
    await open_and_close(migrated)
    await open_and_close(path)

    assert shape(path) == shape(migrated)
    assert revisions(path) == revisions(migrated) == [(NEWEST_REVISION,)]


async def test_the_newest_revision_is_the_last_migration() -> None:
    """What the code takes for up to date is what the migrations lead to."""
    config = Config()
    config.set_main_option("script_location", "mirror.storage:migrations")
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST_REVISION]


async def test_an_empty_file_is_an_empty_database(path: Path) -> None:
    """What a crash left of a database that was just begun is begun again."""
    fill(path, b"")
    await open_and_close(path)

    assert revisions(path) == [(NEWEST_REVISION,)]


async def test_opening_again_keeps_what_is_there(path: Path) -> None:
    """Nothing is migrated twice."""
    async with Database(path) as database:
        await database.execute(insert(MARKS).values(key="a", value="b"))
    async with Database(path) as database:
        rows = await database.rows(select(MARKS))

    assert [dict(row) for row in rows] == [{"key": "a", "value": "b"}]


async def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    """It says so, and what to do; the file stays as it is."""
    await open_and_close(path)
    query(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ForeignDataError, match=r"newer mpmirror \(its revision is 9999"):
        await open_and_close(path)

    assert revisions(path) == [("9999",)]


@pytest.mark.parametrize("content", [b"this is no database at all" * 50, os.urandom(8192)])
async def test_a_broken_database_is_damage(path: Path, content: bytes) -> None:
    """The operator hears that it is only an index, and how to make it again."""
    fill(path, content)
    with pytest.raises(DamagedError, match="only an index, `mpmirror check --rebuild`"):
        await open_and_close(path)


async def test_a_database_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(StorageError, match=r"nowhere/mpmirror\.db can not be written"):
        await open_and_close(tmp_path / "nowhere" / "mpmirror.db")


async def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    """All of it or none."""
    twice = [insert(MARKS).values(key="a", value=value) for value in "12"]
    async with Database(path) as database:
        with pytest.raises(StorageError, match="UNIQUE"):
            await database.execute(*twice)

        assert await database.rows(select(MARKS)) == []


async def test_a_failed_migration_leaves_nothing(path: Path) -> None:
    """The tables of a migration come all together or not at all."""
    query(path, "CREATE TABLE pages (x)")
    with pytest.raises(StorageError, match="already exists"):
        await open_and_close(path)

    assert query(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("pages",)]


async def test_all_work_is_done_in_one_thread_that_is_not_the_loops(path: Path) -> None:
    """The loop never waits for SQL, and there is one writer."""
    async with Database(path) as database:
        threads = {await database.run(lambda _: threading.get_ident()) for _ in range(5)}

    assert len(threads - {threading.get_ident()}) == 1


async def test_a_cancelled_caller_does_not_break_a_transaction(path: Path) -> None:
    """The transaction ends as a whole before the caller goes on."""
    begun, may_end = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.execute(insert(MARKS).values(key="a", value="1"))
        begun.set()
        may_end.wait(5)

    async with Database(path) as database:
        task = asyncio.create_task(database.run(slow))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        await asyncio.sleep(0)
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert len(await database.rows(select(MARKS))) == 1


async def test_closing_that_is_cancelled_ends_the_thread(path: Path) -> None:
    """It waits for the work before it, and for the thread."""
    release = threading.Event()
    leaving = asyncio.Event()

    async def visit() -> None:
        async with Database(path) as database:
            running.append(asyncio.create_task(database.run(lambda _: release.wait(60))))
            await asyncio.sleep(0)  # so that it is the thread's before the closing is
            leaving.set()

    running: list[asyncio.Task[bool]] = []
    kept = [task := asyncio.create_task(visit())]
    await leaving.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.sleep(0.05)
    assert not task.done()
    release.set()
    await asyncio.gather(*kept, *running, return_exceptions=True)

    assert task.cancelled()
    assert [t.name for t in threading.enumerate() if t.name.startswith("mpmirror")] == []


async def test_the_database_is_written_ahead(path: Path) -> None:
    """WAL with normal syncing: sound after a power cut, and no sync for each transaction."""
    async with Database(path) as database:
        mode = await database.run(lambda c: c.execute(text("PRAGMA journal_mode")).scalar())
        sync = await database.run(lambda c: c.execute(text("PRAGMA synchronous")).scalar())

    assert (mode, sync) == ("wal", 1)


def test_portions_are_everything_in_order() -> None:
    """Nothing is lost at the edges."""
    sizes = [0, 1, 499, 500, 501, 1500]

    assert [[len(part) for part in portions(range(size))] for size in sizes] == [
        [],
        [1],
        [499],
        [500],
        [500, 1],
        [500, 500, 500],
    ]


async def test_a_database_that_can_not_grow_is_a_full_disk(path: Path) -> None:
    """SQLite's own word for it becomes ours, and nothing of the transaction is there."""
    async with Database(path) as database:
        await database.run(lambda c: c.execute(text("PRAGMA max_page_count = 30")).close())
        with pytest.raises(DiskFullError, match=r"no space left .* database .*mpmirror\.db"):
            await database.execute(insert(MARKS).values(key="a", value="x" * 1_000_000))

        assert await database.rows(select(MARKS)) == []
