"""Make the n-th statement of any database fail, as SQLite does when the disk fails under it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What SQLite says of a disk that fails, that is full, and when no more files can be opened.
FAILURES: Final = {
    "disk I/O error": sqlite3.SQLITE_IOERR,
    "database or disk is full": sqlite3.SQLITE_FULL,
    "unable to open database file": sqlite3.SQLITE_CANTOPEN,
}
_EXECUTING: Final = ("do_execute", "do_executemany", "do_execute_no_params", "commit")


class FailingStatements:
    """While `listening`: the statement on which *countdown* reaches 0 fails with *error*.

    Statements are what SQLAlchemy has SQLite do: transactions begun and committed too.
    """

    def __init__(self) -> None:
        self.countdown = 0
        self.error = next(iter(FAILURES))
        self.failed = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count the statements of every database of this process in the block."""
        for name in _EXECUTING:
            event.listen(Engine, name, self._count)
        try:
            yield
        finally:
            for name in _EXECUTING:
                event.remove(Engine, name, self._count)

    def _count(self, *_facts: object) -> None:
        self.countdown -= 1
        if self.countdown == 0:
            self.failed = True
            error = sqlite3.OperationalError(self.error)
            error.sqlite_errorcode = FAILURES[self.error]
            raise error
