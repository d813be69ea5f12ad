"""What goes on beside the answers begins anew when it breaks off, and that is told."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from mirror.web.endless import endless
from tests.web.conftest import served
from tests.web.test_age import OLD, says_an_age, telling
from tests.web.waiting import until

if TYPE_CHECKING:
    from mirror.storage.crawled import LastCrawl
    from tests.web.building import Builder


class Brittle:
    """Work that breaks off, then ends, and goes on the third time."""

    def __init__(self) -> None:
        self.begun = 0
        self.goes_on = asyncio.Event()

    async def work(self) -> None:
        """Do it."""
        self.begun += 1
        if self.begun == 1:
            raise RuntimeError("nobody foresaw this")
        if self.begun == 3:
            self.goes_on.set()
            await asyncio.Event().wait()


async def test_work_that_breaks_off_or_ends_begins_anew_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    brittle = Brittle()
    task = asyncio.create_task(endless(brittle.work, "the work", pause=0))
    async with asyncio.timeout(10):
        await brittle.goes_on.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    told = [(one.levelno, one.getMessage()) for one in caplog.records]
    assert told == [
        (logging.ERROR, "the work broke off, and begins anew in 0 s"),
        (logging.ERROR, "the work ended, and begins anew in 0 s"),
    ]


async def test_an_age_that_can_not_be_found_once_is_said_later(builder: Builder) -> None:
    """For whatever reason: who serves without its follower would say no age for ever."""
    times = count(1)

    def find() -> LastCrawl:
        if next(times) == 1:
            raise RuntimeError("nobody foresaw this")
        return OLD

    told = replace(telling(find), again=0.01)
    async with served(builder.store, told=told) as site:
        await until(lambda: says_an_age(site.client))
