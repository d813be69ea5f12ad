"""The daemon is told what was asked for, once in a while and not one by one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import LockedError, MalformedValueError
from mirror.web.accesses import AccessLog, read_digests, spell_digests
from mirror.web.asking import tell_accesses
from tests.web.operations import Operations, administered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

DIGESTS = [Digest.of(bytes([number])) for number in range(30)]


class Sink:
    """Takes what it is told, and fails the first time if it shall."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.failed = asyncio.Event()
        self.told: asyncio.Queue[list[Digest]] = asyncio.Queue()

    async def take(self, digests: Collection[Digest]) -> None:
        """Take them."""
        if self.fails:
            self.fails = False
            self.failed.set()
            raise LockedError("the daemon does not answer")
        self.told.put_nowait(list(digests))


@contextlib.asynccontextmanager
async def reporting(sink: Sink) -> AsyncIterator[AccessLog]:
    log = AccessLog(sink.take, every=0.01)
    task = asyncio.create_task(log.report())
    yield log
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_each_is_told_once_and_twenty_at_a_time() -> None:
    sink = Sink()
    async with reporting(sink) as log:
        for digest in DIGESTS * 2:
            log.note(digest)
        first, second = await sink.told.get(), await sink.told.get()

    assert (first, second) == (DIGESTS[:20], DIGESTS[20:])
    assert sink.told.empty()


async def test_a_daemon_that_does_not_answer_ends_nothing() -> None:
    sink = Sink(fails=True)
    async with reporting(sink) as log:
        log.note(DIGESTS[0])
        await sink.failed.wait()
        log.note(DIGESTS[1])
        told = await sink.told.get()

    assert told == [DIGESTS[1]]


async def test_a_worker_tells_the_daemon(tmp_path: Path) -> None:
    operations = Operations()
    async with administered(tmp_path / "admin", operations):
        await tell_accesses(tmp_path / "admin", DIGESTS[:20])

        assert await operations.accesses.get() == tuple(DIGESTS[:20])


async def test_a_worker_without_a_daemon_says_so(tmp_path: Path) -> None:
    with pytest.raises(LockedError):
        await tell_accesses(tmp_path / "admin", DIGESTS[:1])


@given(st.lists(st.sampled_from(DIGESTS)))
def test_what_is_spelled_is_read_back(digests: list[Digest]) -> None:
    assert read_digests(spell_digests(digests)) == tuple(digests)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MalformedValueError):
        assert spell_digests(read_digests(text)) == text
