"""Whatever statement of the database fails in a prune, nothing that is reached goes."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from mirror.errors import StorageError
from mirror.upkeep.check import check
from tests.upkeep.pruning import NEW, OLD, RULE, scene_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Statements:
    """Counts the statements of every database, and fails one of them once."""

    def __init__(self) -> None:
        self.countdown = 0
        self.failed = False

    def __call__(self, *_of_the_statement: Any) -> None:  # noqa: ANN401 - what SQLAlchemy gives
        """Count one, and fail if it is its turn."""
        self.countdown -= 1
        if self.countdown == 0:
            self.failed = True
            raise sqlite3.OperationalError("disk I/O error")

    @contextmanager
    def broken(self, n: int) -> Iterator[None]:
        """Let the *n*-th statement in this block fail, and its `StorageError` end it."""
        self.countdown, self.failed = n, False
        event.listen(Engine, "before_cursor_execute", self)
        try:
            yield
        except StorageError:
            assert self.failed
        finally:
            event.remove(Engine, "before_cursor_execute", self)


def nothing(_done: int, _total: int) -> None:
    """Tell nobody."""


async def test_whatever_statement_fails_the_next_prune_ends_it(tmp_path: Path) -> None:
    """For every n; what counts as held is there, and what went is written down."""
    statements = Statements()
    statements.failed = True
    n = 0
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW)
        await scene.publish(NEW)
        scene.let_go = {OLD: RULE}
        while statements.failed:
            n += 1
            await scene.take(OLD)
            with statements.broken(n):
                await scene.pruner.prune(dry_run=False)
            held = await scene.store.index.find_held(OLD)
            assert held is None or scene.has(OLD)
            await scene.prune()
            assert (scene.has(NEW), scene.has(OLD)) == (True, False)
            assert (await check(scene.store, nothing)).damages == ()

    assert n > 10
