"""Visiting pages: one request for each, no parsing of what is unchanged, nothing lost.

A page that was fetched in this crawl already is not asked for again.  A page that is
refused is asked for again after all the others had their turn, which gives upstream time
to mend it, and only so often.  When upstream stops answering, so does the crawl.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from mirror.catalog.model import BoardPage, IndexPage
from mirror.errors import (
    AddressRefusedError,
    MirrorError,
    RefusedError,
    SelfUpstreamError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnavailableError,
)
from mirror.frozen import dataclass
from mirror.upstream.answers import Validators
from mirror.upstream.memory import RememberedPage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirror.upstream.answers import PageAnswer
    from mirror.upstream.memory import PageMemory, PageSource

TRIES: Final = 3
"""How often a page is asked for that is refused."""

FAILURES_IN_A_ROW: Final = 5
"""After so many pages in a row that could not be had, upstream is away: the crawl stops."""

AT_ONCE: Final = 8
"""Pages in hand at once, so that a fast upstream does not fill the memory."""

PORTION: Final = 16
"""So many pages are looked up and remembered together; an interrupted crawl asks for them again."""

V = TypeVar("V", IndexPage, BoardPage)

# What concerns upstream as a whole, so that no other page would fare better.
_FINAL: Final = (AddressRefusedError, SelfUpstreamError, UpstreamBusyError)


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class CrawlTerms:
    """What one crawl is told.

    ``crawl_id`` names it: given again, an interrupted crawl continues.  ``now`` is its one
    time.  ``reader_version`` is the version of the reader: what another one parsed is
    parsed anew.  ``progress`` is told how many pages are done, and of how many.
    """

    crawl_id: str
    now: datetime
    reader_version: str = ""
    progress: Callable[[int, int], None] = no_progress


@dataclass(frozen=True, slots=True)
class Visit(Generic[V]):
    """A page to visit; *read* makes a *kind* of its bytes and of what was known of it."""

    url: str
    kind: type[V]
    read: Callable[[bytes, V | None], Awaitable[V]]


class Visits:
    """All visits of one crawl.

    ``asked`` and ``parsed`` count pages, ``done`` those that are settled of the ``total``
    that is known so far.
    """

    def __init__(self, fetcher: PageSource, pages: PageMemory, terms: CrawlTerms) -> None:
        self.asked = 0
        self.parsed = 0
        self.done = 0
        self.total = 0
        self._fetcher = fetcher
        self._pages = pages
        self._terms = terms
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._failures = 0
        self._read_now: list[RememberedPage] = []

    def expect(self, number: int) -> None:
        """Count *number* more pages into the total."""
        self.total += number
        self._terms.progress(self.done, self.total)

    async def all(self, visits: Mapping[str, Visit[V]]) -> dict[str, V | MirrorError]:
        """Return for each key what its page says, or the error for which it says nothing.

        Raises what concerns upstream as a whole: it asks us to wait, is ourselves, is at a
        forbidden address, or does not answer any more.
        """
        outcomes: dict[str, V | MirrorError] = {}
        left = dict(visits)
        for _ in range(TRIES):
            try:
                outcomes |= await self._round(left)
            finally:
                # Also of a crawl that breaks off: it continues where it was.
                await self._remember_all()
            left = {key: left[key] for key in left if isinstance(outcomes[key], RefusedError)}
        self._settle(len(left))
        return outcomes

    async def last_good(self, visit: Visit[V]) -> V | None:
        """Return what the last good page said, if there was one."""
        return _value(await self._pages.find(visit.url), visit.kind)

    async def _round(self, visits: Mapping[str, Visit[V]]) -> dict[str, V | MirrorError]:
        outcomes: dict[str, V | MirrorError] = {}

        async def one(key: str, visit: Visit[V], known: _Known) -> None:
            async with self._slots:
                outcomes[key] = await self._outcome(visit, known)

        ordered = list(visits.items())
        try:
            async with asyncio.TaskGroup() as tasks:
                for start in range(0, len(ordered), PORTION):
                    some = ordered[start : start + PORTION]
                    known = _Known(self._pages, [visit.url for _, visit in some])
                    for key, visit in some:
                        tasks.create_task(one(key, visit, known))
        except ExceptionGroup as group:
            # Those after the first only keep it company.
            raise group.exceptions[0] from group
        return outcomes

    async def _outcome(self, visit: Visit[V], remembered: _Known) -> V | MirrorError:
        try:
            value = await self._visit(visit, await remembered.take(visit.url))
        except _FINAL:
            raise
        except RefusedError as error:
            self._failures = 0
            return error
        except UpstreamError as error:
            self._count(error)
            self._settle(1)
            return error
        self._failures = 0
        self._settle(1)
        return value

    async def _visit(self, visit: Visit[V], page: RememberedPage | None) -> V:
        known = _value(page, visit.kind)
        if page is None or known is None or page.reader != self._terms.reader_version:
            return await self._read_anew(visit, known)
        if page.crawl == self._terms.crawl_id:
            return known
        answer = await self._ask(visit.url, page.validators)
        if answer is not None and answer.digest != page.digest:
            return await self._read(visit, answer, known)
        await self._remember(
            replace(
                page,
                crawl=self._terms.crawl_id,
                fetched_at=self._terms.now,
                validators=answer.validators if answer else page.validators,
            )
        )
        return known

    async def _read_anew(self, visit: Visit[V], known: V | None) -> V:
        answer = await self._ask(visit.url, Validators())
        if answer is None:
            raise UpstreamError(f"{visit.url}: answered 304 to a request without conditions")
        return await self._read(visit, answer, known)

    async def _ask(self, url: str, since: Validators) -> PageAnswer | None:
        self.asked += 1
        return await self._fetcher.changed_page(url, since)

    async def _read(self, visit: Visit[V], answer: PageAnswer, known: V | None) -> V:
        self.parsed += 1
        value = await visit.read(answer.body, known)
        await self._remember(
            RememberedPage(
                url=visit.url,
                digest=answer.digest,
                value=value,
                crawl=self._terms.crawl_id,
                fetched_at=self._terms.now,
                reader=self._terms.reader_version,
                validators=answer.validators,
            )
        )
        return value

    async def _remember(self, page: RememberedPage) -> None:
        self._read_now.append(page)
        if len(self._read_now) >= PORTION:
            await self._remember_all()

    async def _remember_all(self) -> None:
        pages, self._read_now = self._read_now, []
        if pages:
            await self._pages.remember(*pages)

    def _count(self, error: UpstreamError) -> None:
        away = isinstance(error, UpstreamUnavailableError)
        self._failures = self._failures + 1 if away else 0
        if self._failures >= FAILURES_IN_A_ROW:
            raise error

    def _settle(self, number: int) -> None:
        self.done += number
        self._terms.progress(self.done, self.total)


class _Known:
    """What is remembered of the pages at *urls*, looked up when the first of them is taken."""

    def __init__(self, pages: PageMemory, urls: Sequence[str]) -> None:
        self._pages = pages
        self._urls = urls
        self._found: dict[str, RememberedPage] | None = None
        self._looking = asyncio.Lock()

    async def take(self, url: str) -> RememberedPage | None:
        """Return what is remembered of *url*, and keep it no longer."""
        async with self._looking:
            if self._found is None:
                self._found = await self._pages.find_all(self._urls)
        return self._found.pop(url, None)


def _value(page: RememberedPage | None, kind: type[V]) -> V | None:
    return page.value if page is not None and isinstance(page.value, kind) else None
